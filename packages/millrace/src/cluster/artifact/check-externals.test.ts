import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bundleArtifact } from "./bundle-artifact.ts";
import { bundleJob } from "./bundle-job.ts";
import { checkExternals } from "./check-externals.ts";
import { loadJob } from "./load-job.ts";

describe("packages that an artifact leaves outside", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "millrace-externals-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const write = (path: string, text: string): string => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    return join(folder, path);
  };
  const JOB = `import { job } from "millrace"; import triple from "little/triple"; import Gone from "@acme/gone";
export default job(import.meta, \`\${triple(3)}\${Gone}\`, {}, (env) => void env.fromItems([1]).print());`;

  it("are missed before anything of the job is loaded, all at once, and used where they are installed", async () => {
    const module = pathToFileURL(write("job.ts", JOB)).href;
    const { bytes } = await bundleArtifact(module, { externals: ["little", "@acme/gone"] });
    const url = pathToFileURL(write("elsewhere/artifact.mjs", Buffer.from(bytes).toString())).href;
    const artifact = { url, originalUrl: module };
    await expect(loadJob(artifact)).rejects.toMatchObject({
      code: "JOB_MODULE_INVALID",
      message: expect.stringContaining(`packages little, @acme/gone are not installed on ${hostname()}`),
      help: expect.stringContaining(process.cwd()),
    });
    write(
      "node_modules/little/package.json",
      '{ "name": "little", "gypfile": true, "exports": { "./triple": "./triple.js" } }',
    );
    write("node_modules/little/triple.js", "module.exports = (n) => n * 3;");
    await expect(checkExternals(artifact)).rejects.toThrow("package @acme/gone is not installed");
    write("node_modules/@acme/gone/package.json", '{ "name": "@acme/gone", "main": "index.js" }');
    write("node_modules/@acme/gone/index.js", 'module.exports = " here";');
    expect((await loadJob(artifact)).name).toBe("9 here");
  });

  it("are not looked for in a job of this machine", async () => {
    const module = pathToFileURL(write("job.ts", JOB)).href;
    const artifact = await bundleJob(module);
    await expect(checkExternals(artifact)).resolves.toBeUndefined();
    await artifact.dispose();
  });
});
