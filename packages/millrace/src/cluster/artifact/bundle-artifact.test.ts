import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readArtifactHeader } from "../../protocol/cluster/artifact-header.ts";
import { engineVersion } from "../engine-version.ts";
import { bundleArtifact, type BundleOptions } from "./bundle-artifact.ts";

describe("an artifact for a cluster", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "millrace-artifact-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const write = (path: string, text: string): string => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    return join(folder, path);
  };
  const installed = (name: string, manifest: object, text: string): void => {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, main: "index.js", ...manifest }));
    write(`node_modules/${name}/index.js`, text);
  };
  const bundle = (module: string, options?: BundleOptions) =>
    bundleArtifact(pathToFileURL(join(folder, module)).href, options);
  /** Runs an artifact in another folder, as on another machine. */
  const run = (bytes: Uint8Array): string => {
    const path = write("elsewhere/artifact.mjs", "");
    writeFileSync(path, bytes);
    return execFileSync(process.execPath, ["--enable-source-maps", path], { encoding: "utf8" });
  };

  it("holds the module with its packages, and says what it is", async () => {
    installed(
      "counter",
      {},
      'const { EOL } = require("node:os"); module.exports = (n) => n + 1 + EOL.length + __dirname.length * 0;',
    );
    write("deep/two.ts", "export enum Two { value = 2 }\nexport const here = import.meta.url;");
    write(
      "jöb 1.ts",
      'import counter from "counter"; import { here, Two } from "./deep/two.js";\n' +
        "function fail(): never { throw new Error(`no ${counter(Two.value)}`); }\n" +
        "console.log(here, import.meta.main);\ntry {\n  fail();\n} catch (error) {\n  console.log((error as Error).stack);\n}\nexport default 1;",
    );
    const { name, bytes, header } = await bundle("jöb 1.ts", { externals: ["sharp"] });
    expect(name).toBe("jöb 1.mjs");
    expect(readArtifactHeader(bytes)).toEqual(header);
    const originalUrl = pathToFileURL(join(folder, "jöb 1.ts")).href;
    expect(header).toEqual({ engineVersion: engineVersion(), originalUrl, externals: ["sharp"] });
    rmSync(join(folder, "node_modules"), { recursive: true });
    const out = run(bytes);
    expect(out).toContain(`${pathToFileURL(join(folder, "deep/two.ts")).href} false`);
    expect(out).toContain("Error: no 4");
    expect(out).toMatch(/jöb 1\.ts:2:/u);
  });

  it("leaves millrace and its satellites outside, and what it is told to", async () => {
    installed("native", { gypfile: true }, "module.exports = 1;");
    write(
      "job.ts",
      'import "millrace"; import "@millrace/state-rocksdb"; import "native/sub"; export default 1;',
    );
    const { bytes } = await bundle("job.ts", { externals: ["native"] });
    const text = Buffer.from(bytes).toString();
    expect(text).toMatch(/import "millrace";\s+import "@millrace\/state-rocksdb";\s+import "native\/sub";/u);
  });

  it.for([
    ["has a script that compiles it", { scripts: { install: "node-gyp rebuild" } }],
    ["loads compiled code by another package", { dependencies: { "node-gyp-build": "4" } }],
    ["has a package for each platform", { optionalDependencies: { "native-linux-x64": "1" } }],
  ] as const)("refuses a package that %s, naming it and who imports it", async ([, manifest]) => {
    installed("native", manifest, "module.exports = 1;");
    write("lib/uses.ts", 'export { default } from "native";');
    write("job.ts", 'export { default } from "./lib/uses.ts";');
    await expect(bundle("job.ts")).rejects.toMatchObject({
      code: "JOB_MODULE_INVALID",
      message: expect.stringMatching(
        /package native, imported by .*lib\/uses\.ts, has compiled code.*--external native/su,
      ),
    });
  });

  it("refuses compiled files, leaves out what a package can do without, and tells what is not installed", async () => {
    installed("direct", {}, 'module.exports = require("./build/direct.node");');
    write("direct.ts", 'export { default } from "direct";');
    await expect(bundle("direct.ts")).rejects.toThrow("package direct, imported by");
    installed("fast", { gypfile: true }, "module.exports = 1;");
    installed(
      "careful",
      { optionalDependencies: { fast: "1" } },
      'let fast; try { fast = require("fast"); } catch {} module.exports = fast === undefined ? "slow" : "fast";',
    );
    write("careful.ts", 'import careful from "careful"; console.log(careful);');
    const { bytes } = await bundle("careful.ts");
    rmSync(join(folder, "node_modules"), { recursive: true });
    expect(run(bytes)).toBe("slow\n");
    write("missing.ts", 'import "not-installed";');
    await expect(bundle("missing.ts")).rejects.toThrow('Could not resolve "not-installed"');
  });
});
