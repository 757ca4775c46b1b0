import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeJobFolder, removeJobFolder, removeLeftOverFolders } from "./job-folder.ts";

/** Beyond all that the system gives. */
const NOBODY = 2 ** 22 + 1;

describe("folders of bundled jobs", () => {
  let base: string;
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), "millrace-folders-"));
  });
  afterEach(() => rmSync(base, { recursive: true, force: true }));

  const make = (name: string): string => {
    const path = join(base, name);
    mkdirSync(path);
    writeFileSync(join(path, "job.mjs"), "");
    return path;
  };

  it("are removed after processes that are no more, and nobody else's are", async () => {
    const own = await makeJobFolder();
    const name = basename(own);
    const machine = name.split("-")[2] as string;
    const dead = make(`millrace-job-${machine}-${NOBODY}-17-abcdef`);
    const elsewhere = make(`millrace-job-00000000-${NOBODY}-17-abcdef`);
    const alive = make(name);
    const strange = [`millrace-job-abcdef`, `millrace-job-${machine}-x-17-abcdef`, "notes"].map(make);
    const target = make("target");
    const link = join(base, `millrace-job-${machine}-${NOBODY}-18-abcdef`);
    symlinkSync(target, link);
    await removeLeftOverFolders(base);
    const left = [elsewhere, alive, ...strange, target, join(target, "job.mjs"), link];
    expect([dead, ...left].map((path) => existsSync(path))).toEqual([false, ...left.map(() => true)]);
    await removeJobFolder(own);
    await removeJobFolder(own);
    expect(existsSync(own)).toBe(false);
  });

  it.runIf(existsSync("/proc/self/stat"))(
    "are removed when the number of their process is another's now",
    async () => {
      const own = await makeJobFolder();
      const [, , machine] = basename(own).split("-");
      const reused = make(`millrace-job-${machine}-${process.pid}-17-abcdef`);
      // Where the system did not tell when it was started, the number counts.
      const unknown = make(`millrace-job-${machine}-${process.pid}-0-abcdef`);
      await removeLeftOverFolders(base);
      expect([reused, unknown].map((path) => existsSync(path))).toEqual([false, true]);
      await removeJobFolder(own);
    },
  );

  it("are no reason to fail where they can't be listed", async () => {
    await expect(removeLeftOverFolders(join(base, "nothing"))).resolves.toBeUndefined();
  });
});
