import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { seededRandom } from "../../packages/millrace/src/common/clock/random.ts";
import { crashRun, expectedOutput } from "./crash-run.ts";
import { fromSources } from "./from-sources.ts";
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
      spin: 40,
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
  120_000,
);
