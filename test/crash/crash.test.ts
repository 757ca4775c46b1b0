import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { seededRandom } from "../../packages/millrace/src/common/clock/random.ts";
import { crashRun, expectedOutput, missing } from "./crash-run.ts";
import { fromSources } from "./from-sources.ts";
import { expectedCounts, expectedNumbers } from "./jobs/shared-state.ts";
import { MODES } from "./modes.ts";

/** `npm run crash` kills each of them fifty times and more. */
const KILLS = 4;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-crash-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it.each(MODES)(
  "a job whose process is killed again and again writes what an undisturbed one does: %s",
  async (_, settings) => {
    const random = seededRandom(11);
    const report = await crashRun({
      ...fromSources("totals"),
      folder,
      records: 24_000,
      spin: 400,
      kills: KILLS,
      settings,
      parallelism: [2, 1, 3],
      random: () => random.next(),
    });
    expect(report.kills).toBe(KILLS);
    // Otherwise every attempt would have begun at the beginning.
    expect(report.withoutProgress).toBeLessThan(KILLS);
    expect(report.lines).toEqual(expectedOutput(join(folder, "input")));
  },
  300_000,
);

it("list, union list and broadcast state outlive kill after kill, at changing parallelism", async () => {
  const random = seededRandom(12);
  const count = 8000;
  const { kills, withoutProgress, lines } = await crashRun({
    ...fromSources("shared-state"),
    folder,
    records: 0,
    count,
    spin: 0,
    kills: KILLS,
    settings: [],
    parallelism: [2, 3, 1, 4],
    random: () => random.next(),
    args: (output) => ["--count", String(count), "--output", output],
  });
  expect([kills, withoutProgress < KILLS]).toEqual([KILLS, true]);
  expect(lines.filter((line) => !line.startsWith("counted"))).toEqual(expectedNumbers(count));
  // One from each subtask of the last run.
  expect(new Set(lines.filter((line) => line.startsWith("counted")))).toEqual(
    new Set([expectedCounts(count)]),
  );
}, 300_000);

it("at-least-once loses nothing, kill after kill", async () => {
  const random = seededRandom(13);
  const { lines } = await crashRun({
    ...fromSources("totals"),
    folder,
    records: 12_000,
    spin: 400,
    kills: 3,
    settings: ["execution.checkpointing.mode=AT_LEAST_ONCE"],
    parallelism: [2, 3],
    random: () => random.next(),
  });
  expect(missing(lines, expectedOutput(join(folder, "input")))).toEqual([]);
}, 300_000);
