import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { ManualClock } from "../../common/clock/manual-clock.ts";
import { jobId } from "../../common/ids/ids.ts";
import type { LocalFolders } from "../../runtime/checkpoint/local/local-copies.ts";
import { tempFolder } from "../../common/testing/temp-folder.ts";
import { LocalBackups, openLocalBackups } from "./local-backups.ts";

const A = jobId(new Uint8Array(16).fill(10));
const B = jobId(new Uint8Array(16).fill(11));

/** As a slot does that keeps copies. */
function use({ job, slot }: LocalFolders): LocalFolders {
  mkdirSync(slot, { recursive: true });
  mkdirSync(join(job, "chk-1"), { recursive: true });
  writeFileSync(join(slot, "staged"), "");
  writeFileSync(join(job, "chk-1", "copy"), "");
  return { job, slot };
}

it("keeps a job's copies from one attempt to the next, and removes them when it is over", async () => {
  using dir = tempFolder();
  const backups = new LocalBackups({ folder: dir.path, clock: new ManualClock() });
  const [first, second] = [use(backups.begin(A)), use(backups.begin(A))];
  const other = use(backups.begin(B));
  expect([first.job, first.slot === second.slot]).toEqual([second.job, false]);
  backups.ended(A, first);
  backups.ended(A, second);
  await expect.poll(() => readdirSync(first.job)).toEqual(["chk-1"]);
  const next = use(backups.begin(A));
  expect(next.job).toBe(first.job);
  backups.forget(A);
  expect(existsSync(join(next.job, "chk-1", "copy"))).toBe(true);
  backups.ended(A, next);
  await expect.poll(() => existsSync(next.job)).toBe(false);
  // One that it has never heard of, and one that has no slot any more.
  backups.forget(A);
  backups.ended(B, other);
  backups.forget(B);
  await expect.poll(() => readdirSync(dir.path)).toEqual([]);
});

it("does not wait for ever for a job that doesn't come back", async () => {
  using dir = tempFolder();
  const clock = new ManualClock();
  const backups = new LocalBackups({ folder: dir.path, clock });
  const first = use(backups.begin(A));
  backups.ended(A, first);
  clock.advance(29 * 60_000);
  const second = use(backups.begin(A));
  clock.advance(60 * 60_000);
  backups.ended(A, second);
  clock.advance(29 * 60_000);
  expect(existsSync(join(first.job, "chk-1"))).toBe(true);
  clock.advance(60_000);
  await expect.poll(() => existsSync(first.job)).toBe(false);
});

it("makes a folder of the process's own where the settings say, and leaves nothing", async () => {
  using dir = tempFolder();
  const base = join(dir.path, "disk", "local");
  const backups = await openLocalBackups(
    { "execution.checkpointing.local-backup.dirs": `${base}, ${join(dir.path, "other")}` },
    new ManualClock(),
  );
  const { job } = use(backups.begin(A));
  expect(dirname(dirname(job))).toBe(base);
  await backups.close();
  expect(readdirSync(base)).toEqual([]);
});
