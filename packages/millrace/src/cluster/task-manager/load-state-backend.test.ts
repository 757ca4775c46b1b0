import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { importPackage, loadStateBackend } from "./load-state-backend.ts";

describe("loadStateBackend", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "millrace-backend-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const program = { kind: "inline", key: "test" } as const;

  it("is at hand for the heap, which is the default", async () => {
    for (const config of [{}, { "state.backend.type": "hashmap" }]) {
      const make = await loadStateBackend({ config, program });
      expect(make().name).toBe("hashmap");
      expect(make()).not.toBe(make());
    }
  });

  it("finds a package where the job's module would", async () => {
    const home = join(folder, "node_modules/@nobody/backend");
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "package.json"), '{ "type": "module", "exports": "./index.js" }');
    writeFileSync(join(home, "index.js"), "export const found = 1;");
    const origin = pathToFileURL(join(folder, "jobs/job.ts")).href;
    expect(await importPackage("@nobody/backend", origin)).toMatchObject({ found: 1 });
  });

  it("names what is to be installed, and what works without it", async () => {
    const origin = pathToFileURL(join(folder, "job.ts")).href;
    await expect(importPackage("@nobody/backend", origin)).rejects.toMatchObject({
      code: "STATE_BACKEND_UNAVAILABLE",
      message: expect.stringContaining("@nobody/backend") as unknown,
      help: expect.stringMatching(/npm install @nobody\/backend.*hashmap/u) as unknown,
    });
  });

  it("does not take a failure of the package for its absence", async () => {
    const home = join(folder, "node_modules/@nobody/broken");
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "package.json"), '{ "type": "module", "exports": "./index.js" }');
    writeFileSync(join(home, "index.js"), 'import "@nobody/else";');
    const origin = pathToFileURL(join(folder, "job.ts")).href;
    await expect(importPackage("@nobody/broken", origin)).rejects.toThrowError(/@nobody\/else/u);
  });
});
