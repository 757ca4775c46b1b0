/**
 * Kills jobs until somebody would notice: each backend and mode, at random moments and at chosen ones, and compares what they wrote with
 * plain code.
 *
 *     npm run crash                        each mode, 50 kills at random moments
 *     npm run crash -- rocksdb 200 7       modes whose name contains "rocksdb", 200 kills, drawn from seed 7
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "../packages/millrace/src/common/clock/random.ts";
import { aimedRun, MORE_SCENARIOS, SCENARIOS } from "../test/crash/aimed-run.ts";
import { crashRun, expectedOutput } from "../test/crash/crash-run.ts";
import { fromSources } from "../test/crash/from-sources.ts";
import { expectedCounts, expectedNumbers } from "../test/crash/jobs/shared-state.ts";
import { MODES } from "../test/crash/modes.ts";

const [word = "", kills = "50", seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
console.log(`seed ${seed}`);
const modes = MODES.filter(([mode]) => mode.includes(word));
if (modes.length === 0) {
  console.error(`no mode's name contains "${word}": ${MODES.map(([mode]) => mode).join("; ")}`);
  process.exitCode = 2;
}
for (const [name, settings] of modes) {
  const folder = mkdtempSync(join(tmpdir(), "millrace-crash-"));
  const random = seededRandom(Number(seed));
  const started = performance.now();
  const report = await crashRun({
    ...fromSources("totals"),
    folder,
    records: Number(kills) * 6000,
    spin: 20,
    kills: Number(kills),
    settings,
    parallelism: [2, 1, 3, 2, 4],
    random: () => random.next(),
  });
  judge(
    `${name}: ${report.kills} kills, ${report.withoutProgress} of them before a further checkpoint`,
    folder,
    report.lines,
    expectedOutput(join(folder, "input")),
    started,
  );
  for (const scenario of [...SCENARIOS, ...MORE_SCENARIOS]) {
    const aimed = mkdtempSync(join(tmpdir(), "millrace-crash-"));
    const from = performance.now();
    const { lines } = await aimedRun(aimed, scenario, { records: 20_000, settings });
    judge(`${name}: killed ${scenario.name}`, aimed, lines, expectedOutput(join(aimed, "input")), from);
  }
  await killShared(name, settings, random);
}

/** Kills the job whose state is all operator state. */
async function killShared(
  name: string,
  settings: readonly string[],
  random: { next(): number },
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-crash-"));
  const started = performance.now();
  const count = Number(kills) * 2000;
  const report = await crashRun({
    ...fromSources("shared-state"),
    folder,
    records: 0,
    count,
    spin: 0,
    kills: Number(kills),
    settings,
    parallelism: [2, 3, 1, 4],
    random: () => random.next(),
    args: (output) => ["--count", String(count), "--output", output],
  });
  const counted = expectedCounts(count);
  const lines = report.lines.filter((line) => line !== counted);
  judge(`${name}: operator state, ${report.kills} kills`, folder, lines, expectedNumbers(count), started);
}

/** Says whether a run wrote what it should; if so, its folder goes. */
function judge(
  what: string,
  folder: string,
  lines: readonly string[],
  expected: readonly string[],
  started: number,
): void {
  const same = lines.length === expected.length && lines.every((line, at) => line === expected[at]);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(
    `${what}, ${lines.length} lines, ${seconds} s: ${same ? "identical" : `DIFFERENT, see ${folder}`}`,
  );
  if (same) rmSync(folder, { recursive: true });
  else process.exitCode = 1;
}
