import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { seededRandom } from "../../packages/millrace/src/common/clock/random.ts";
import { TotalsRun } from "../cluster/processes/testing-totals.ts";
import { ChaosCluster } from "./chaos-cluster.ts";
import { FAULTS, pause, type Fault, type FaultContext } from "./faults.ts";
import { expectedPurchases } from "./jobs/purchases.ts";

/** How a run is set up. */
export interface ChaosRun {
  /** An empty folder that JobManagers share. */
  readonly folder: string;
  /** For at least so long something happens, in ms. */
  readonly duration: number;
  /** At least so many faults happen. */
  readonly faults: number;
  readonly seed: number;
  /** Records a second. */
  readonly rate: number;
  /** What may happen. Default: everything. */
  readonly deck?: readonly (readonly [string, Fault])[];
  /** Settings of the job. */
  readonly config?: Readonly<Record<string, string>>;
  readonly log?: (line: string) => void;
}

/** What happened. */
export interface ChaosReport {
  /** How often each fault happened. */
  readonly faults: ReadonlyMap<string, number>;
  readonly checkpoints: number;
  /** Lines that are missing or too many, the first few; none: the output is that of an undisturbed run. */
  readonly differences: readonly string[];
  readonly lines: number;
}

/** The run is given up then, in ms beyond its duration. */
const PATIENCE = 240_000;

/**
 * Runs a job on a cluster of processes to which something happens all the time, by a schedule that is drawn from a seed, and compares what it has
 * written with plain code.
 *
 * @throws when the job fails or gets stuck, or a process ends that should not
 */
export async function chaosRun(run: ChaosRun): Promise<ChaosReport> {
  const random = seededRandom(run.seed);
  const began = performance.now();
  const elapsed = (): number => performance.now() - began;
  const log = (text: string): void => run.log?.(`${(elapsed() / 1000).toFixed(1).padStart(6)} s  ${text}`);
  const shared = join(run.folder, "shared");
  await mkdir(shared, { recursive: true });
  // A disturbed run makes about half the progress.
  const count = Math.ceil((run.duration / 1000) * run.rate * 0.8);
  const chaos = await ChaosCluster.start(3, shared);
  const pending: Promise<void>[] = [];
  const errors: unknown[] = [];
  try {
    const totals = await TotalsRun.start(chaos.cluster, count, {
      module: new URL("./jobs/purchases.ts", import.meta.url),
      args: ["--rate", String(run.rate)],
      parallelism: 4,
      config: {
        "execution.checkpointing.interval": "1 s",
        "execution.checkpointing.timeout": "15 s",
        "restart-strategy.fixed-delay.attempts": "100000",
        ...run.config,
      },
    });
    log(`the job runs: ${count} records`);
    const counts = new Map<string, number>();
    const context: Omit<FaultContext, "note"> = {
      chaos,
      run: totals,
      random,
      later: (work) => pending.push(work().catch((error: unknown) => void errors.push(error))),
    };
    const check = (): void => {
      chaos.check();
      if (errors.length > 0) throw errors[0];
    };
    let cards: (readonly [string, Fault])[] = [];
    for (let faults = 0; faults < run.faults || elapsed() < run.duration; faults++) {
      if (cards.length === 0) cards = [...(run.deck ?? FAULTS)];
      const [[name, fault]] = cards.splice(Math.floor(random.next() * cards.length), 1) as [
        readonly [string, Fault],
      ];
      counts.set(name, (counts.get(name) ?? 0) + 1);
      let notes = "";
      const from = elapsed();
      await fault({ ...context, note: (text) => (notes += ` ${text}`) });
      log(`${name}:${notes}, ${((elapsed() - from) / 1000).toFixed(1)} s`);
      check();
      // Sometimes the next one comes before this one is got over.
      if (random.next() < 0.7) {
        const wait = elapsed();
        await totals.checkpointed();
        log(`  a checkpoint later, ${((elapsed() - wait) / 1000).toFixed(1)} s`);
      }
      await pause(random.next() * 2000);
      check();
      if (await totals.over())
        throw new Error(`the job has ended before the faults did\n${chaos.cluster.logs()}`);
    }
    await Promise.all(pending);
    log("no more faults");
    totals.hurry();
    const limit = run.duration + PATIENCE;
    let checkpoints = 0;
    while (!(await totals.over())) {
      check();
      checkpoints = Math.max(checkpoints, totals.newestCheckpoint());
      if (elapsed() > limit) throw new Error(`the job gets stuck\n${chaos.cluster.logs()}`);
      await pause(200);
    }
    const lines = await totals.finished();
    log("the job has ended");
    return {
      faults: counts,
      checkpoints,
      lines: lines.length,
      differences: differences(lines, expectedPurchases(count)),
    };
  } finally {
    await chaos.close();
  }
}

/** Of two sorted lists, the first few. */
function differences(actual: readonly string[], expected: readonly string[]): readonly string[] {
  const found: string[] = [];
  let [a, e] = [0, 0];
  while ((a < actual.length || e < expected.length) && found.length < 20) {
    const [is, should] = [actual[a], expected[e]];
    if (is === should) {
      a++;
      e++;
    } else if (should === undefined || (is !== undefined && is < should)) {
      found.push(`too many: ${is}`);
      a++;
    } else {
      found.push(`missing: ${should}`);
      e++;
    }
  }
  return found;
}
