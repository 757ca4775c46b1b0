import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WorkingFolder } from "./working-folder.ts";

describe("WorkingFolder", () => {
  let localDir: string;
  beforeEach(() => {
    localDir = mkdtempSync(join(tmpdir(), "millrace-working-"));
  });
  afterEach(() => rmSync(localDir, { recursive: true, force: true }));

  function leave(name: string, owner: object | undefined): string {
    const path = join(localDir, "millrace-rocksdb", name);
    mkdirSync(join(path, "count-0-1", "db"), { recursive: true });
    if (owner !== undefined) writeFileSync(join(path, "owner"), JSON.stringify(owner));
    return path;
  }

  it("is removed with its last store", () => {
    const folder = new WorkingFolder(localDir);
    const [one, two] = [folder.create("count / 3"), folder.create("count / 3")];
    one.database();
    two.database();
    expect(one.path).not.toBe(two.path);
    one.remove();
    expect([existsSync(one.path), existsSync(two.path)]).toEqual([false, true]);
    two.remove();
    expect(readdirSync(localDir)).toEqual([]);
    // And made anew for the next.
    folder.create("other").database();
    expect(readdirSync(join(localDir, "millrace-rocksdb"))).toHaveLength(1);
  });

  it("leaves the folder around it to others that work there", () => {
    const [mine, other] = [
      new WorkingFolder(localDir).create("mine"),
      new WorkingFolder(localDir).create("other"),
    ];
    mine.database();
    mine.remove();
    expect(existsSync(join(other.path, ".."))).toBe(true);
    other.remove();
    expect(readdirSync(localDir)).toEqual([]);
  });

  it.runIf(existsSync("/proc/self/stat"))(
    "removes what processes left that are no more, and nothing else",
    () => {
      const host = hostname();
      // A number beyond all that the system gives.
      const dead = leave("dead", { host, pid: 2 ** 22 + 1, started: "1" });
      // The number is taken again, by a process that was started at another time.
      const reused = leave("reused", { host, pid: process.pid, started: "1" });
      const elsewhere = leave("elsewhere", { host: `not-${host}`, pid: 2 ** 22 + 1, started: "1" });
      const strange = leave("strange", undefined);
      const alive = new WorkingFolder(localDir).create("alive").path;
      mkdirSync(alive, { recursive: true });
      new WorkingFolder(localDir).create("next");
      expect([dead, reused, elsewhere, strange, alive].map((path) => existsSync(path))).toEqual([
        false,
        false,
        true,
        true,
        true,
      ]);
    },
  );

  it("says so where no folder can be made", () => {
    const file = join(localDir, "file");
    writeFileSync(file, "");
    expect(() => new WorkingFolder(file).create("count")).toThrowError(
      expect.objectContaining({ code: "STATE_BACKEND_UNAVAILABLE" }),
    );
  });
});
