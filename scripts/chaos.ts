/**
 * Disturbs a cluster of real processes until somebody would notice: kills, stops and resumes TaskManagers and JobManagers, cuts their
 * connections and rescales the job, and compares what it wrote with plain code.
 *
 *     npm run chaos                    5 minutes, at least 30 faults
 *     npm run chaos -- 20 7            20 minutes, drawn from seed 7
 *     npm run chaos -- 5 7 rocksdb unaligned
 *     npm run chaos -- 2 7 data            only what happens between TaskManagers
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chaosRun } from "../test/chaos/chaos-run.ts";
import { DECKS } from "../test/chaos/faults.ts";

const MODES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  rocksdb: { "state.backend.type": "rocksdb", "execution.checkpointing.incremental": "true" },
  unaligned: { "execution.checkpointing.unaligned.enabled": "true" },
};

const [minutes = "5", seed = String(Date.now() % 1_000_000), ...modes] = process.argv.slice(2);
console.log(`seed ${seed}`);
const deck = modes.map((mode) => DECKS[mode]).find((found) => found !== undefined);
const folder = mkdtempSync(join(tmpdir(), "millrace-chaos-"));
const { faults, checkpoints, lines, differences } = await chaosRun({
  folder,
  duration: Number(minutes) * 60_000,
  faults: Number(minutes) * 6,
  seed: Number(seed),
  ...(deck === undefined ? {} : { deck }),
  rate: 2000,
  config: Object.assign({}, ...modes.map((mode) => MODES[mode] ?? {})) as Record<string, string>,
  log: console.log,
});
rmSync(folder, { recursive: true, force: true });
for (const [name, count] of faults) console.log(`${String(count).padStart(4)} x ${name}`);
const total = [...faults.values()].reduce((sum, count) => sum + count, 0);
console.log(`${total} faults, ${checkpoints} checkpoints, ${lines} lines`);
for (const difference of differences) console.log(difference);
console.log(differences.length === 0 ? "identical" : "DIFFERENT");
process.exitCode = differences.length === 0 ? 0 : 1;
