import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { aimedRun, SCENARIOS } from "./aimed-run.ts";
import { expectedOutput } from "./crash-run.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-aimed-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it.each(SCENARIOS)(
  "a job whose process is killed $name writes what an undisturbed one does",
  async (scenario) => {
    const { lines, left } = await aimedRun(folder, scenario, { records: 6000, settings: [] });
    expect(lines).toEqual(expectedOutput(join(folder, "input")));
    // Each process that died leaves its checkpoints; the last one leaves none.
    expect(left).toBeLessThanOrEqual(scenario.deaths.length);
  },
  300_000,
);
