import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SystemClock } from "../../common/clock/system-clock.ts";
import { FileWatch } from "./file-watch.ts";

describe("FileWatch", () => {
  let folder: string;
  let watched: FileWatch;
  let told: (readonly string[])[];
  let next: PromiseWithResolvers<readonly string[]>;

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "millrace-watch-")));
    mkdirSync(join(folder, "lib"));
    for (const name of ["job.ts", "lib/part.ts", "other.ts"]) writeFileSync(join(folder, name), "1");
    told = [];
    next = Promise.withResolvers();
    watched = new FileWatch(new SystemClock(), (paths) => {
      told.push(paths);
      next.resolve(paths);
      next = Promise.withResolvers();
    });
    watched.update([join(folder, "job.ts"), join(folder, "lib/part.ts")]);
  });

  afterEach(() => {
    watched.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("tells of a file that was written", async () => {
    const saved = next.promise;
    writeFileSync(join(folder, "job.ts"), "22");
    expect(await saved).toEqual([join(folder, "job.ts")]);
  });

  it("tells of a file that was replaced, as editors do, and of what happens to it afterwards", async () => {
    const replace = async (text: string): Promise<readonly string[]> => {
      const saved = next.promise;
      writeFileSync(join(folder, "lib/part.ts.tmp"), text);
      renameSync(join(folder, "lib/part.ts.tmp"), join(folder, "lib/part.ts"));
      return saved;
    };
    expect(await replace("22")).toEqual([join(folder, "lib/part.ts")]);
    expect(await replace("333")).toEqual([join(folder, "lib/part.ts")]);
  });

  it("tells of files that are saved together once, and not of others", async () => {
    const saved = next.promise;
    writeFileSync(join(folder, "other.ts"), "22");
    writeFileSync(join(folder, "job.ts"), "22");
    writeFileSync(join(folder, "lib/part.ts"), "22");
    writeFileSync(join(folder, "job.ts"), "333");
    expect((await saved).toSorted()).toEqual([join(folder, "job.ts"), join(folder, "lib/part.ts")]);
    expect(told).toHaveLength(1);
  });

  it("follows the files that are named, and tells of what was saved while it was told", async () => {
    const saved = next.promise;
    watched.update([join(folder, "job.ts"), join(folder, "other.ts")]);
    writeFileSync(join(folder, "lib/part.ts"), "22");
    writeFileSync(join(folder, "other.ts"), "22");
    expect(await saved).toEqual([join(folder, "other.ts")]);
    expect(told).toHaveLength(1);
  });

  it("waits for a file that isn't there", async () => {
    watched.update([join(folder, "job.ts"), join(folder, "new.ts"), join(folder, "none/at.ts")]);
    const saved = next.promise;
    writeFileSync(join(folder, "new.ts"), "1");
    expect(await saved).toEqual([join(folder, "new.ts")]);
  });
});
