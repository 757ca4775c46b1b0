import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bundle } from "../../scripts/build/bundle.ts";
import type { Entry } from "../../scripts/build/entries.ts";
import { run } from "./packed.ts";

const INDEX: Entry = { name: "index", source: "src/index.ts", required: true };
const WORKER: Entry = { name: "slot", source: "src/deep/folder/slot.ts", required: true };

const SOURCES: Readonly<Record<string, string>> = {
  "src/index.ts": 'export { Shared } from "./shared.ts";\nexport { address } from "./deep/folder/host.ts";\n',
  "src/shared.ts": "export class Shared {}\n",
  "src/deep/folder/slot.ts":
    'import { Shared } from "../../shared.ts";\nexport const made: Shared = new Shared();\n',
  "src/deep/folder/host.ts":
    'export const address = new URL(import.meta.url.endsWith(".ts") ? "./slot.ts" : "./slot.js", import.meta.url);\n',
};

describe("bundle", () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "millrace-bundle-"));
    write("package.json", '{ "type": "module" }');
    for (const [file, text] of Object.entries(SOURCES)) write(file, text);
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function write(file: string, text: string): void {
    const path = join(root, "packages/planted", file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  function dist(): string[] {
    return readdirSync(join(root, "packages/planted/dist")).toSorted();
  }

  it("keeps one instance of what entries share, and a worker's entry beside the module that starts it", async () => {
    await bundle(root, { folder: "planted", entries: [INDEX, WORKER] });
    const index = pathToFileURL(join(root, "packages/planted/dist/index.js")).href;
    const script = `
      const { Shared, address } = await import("${index}");
      const { made } = await import(address);
      console.log(made instanceof Shared);`;
    expect(run(process.execPath, ["--input-type=module", "--eval", script], root)).toBe("true\n");
  });

  it("removes what an earlier build left", async () => {
    await bundle(root, { folder: "planted", entries: [INDEX, WORKER] });
    const before = dist();
    write("dist/chunk-OLD.js", "");
    write("dist/chunk-OLD.js.map", "");
    await bundle(root, { folder: "planted", entries: [INDEX, WORKER] });
    expect(dist()).toEqual(before);
  });

  it("bundles a dependency of many small files, with its license, and no other", async () => {
    symlinkSync(join(import.meta.dirname, "../../node_modules"), join(root, "node_modules"), "dir");
    write(
      "src/index.ts",
      'export { Type } from "typebox";\nexport { Compile } from "typebox/compile";\nexport * from "ws";\n',
    );
    await bundle(root, { folder: "planted", entries: [INDEX] });
    const text = readFileSync(join(root, "packages/planted/dist/index.js"), "utf8");
    expect(text.match(/from "(?:typebox|ws)[^"]*"/gu)).toEqual(['from "ws"']);
    expect(dist()).toEqual(["LICENSE-typebox.txt", "index.js", "index.js.map"]);
  });

  it("refuses an address that names no bundled module", async () => {
    await expect(bundle(root, { folder: "planted", entries: [INDEX] })).rejects.toThrow(
      /names no bundled module.*entries\.ts/,
    );
  });

  it("skips an entry that nobody has written yet, and fails without one that is required", async () => {
    const later: Entry = { name: "later", source: "src/later.ts", required: false };
    const report = await bundle(root, { folder: "planted", entries: [INDEX, WORKER, later] });
    expect(report).toMatchObject({ built: ["index", "slot"], missing: ["src/later.ts"] });
    await expect(
      bundle(root, { folder: "planted", entries: [INDEX, WORKER, { ...later, required: true }] }),
    ).rejects.toThrow("packages/planted lacks src/later.ts");
  });
});
