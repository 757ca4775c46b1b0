/*
 * Snapshots of the heap's keyed state, in one thread and in memory: how long the barrier takes, how long the writing, in all and at a time
 * while records go on; by changes, when some or many keys changed; and the restore. Run it: `npx node bench/state-snapshot.bench.ts`.
 * Nothing is asserted: machines differ, trust the ratios.
 */
import { seededRandom } from "../packages/millrace/src/common/clock/random.ts";
import { valueState } from "../packages/millrace/src/common/state/descriptors.ts";
import type { ValueState } from "../packages/millrace/src/common/state/state.ts";
import { Types } from "../packages/millrace/src/common/types/types.ts";
import type { KeyedStateHandle } from "../packages/millrace/src/protocol/control/snapshots.ts";
import { createStateFiles } from "../packages/millrace/src/runtime/checkpoint/storage/create-state-files.ts";
import { HashMapStateBackend } from "../packages/millrace/src/runtime/state/heap/hash-map-state-backend.ts";
import type {
  SnapshotKeyedStore,
  SnapshotPace,
} from "../packages/millrace/src/runtime/state/keyed-snapshot.ts";
import { benchStore } from "./bench-store.ts";
import { median, printReport, type Report } from "./report.ts";

const KEYS = process.argv.includes("--large") ? 10_000_000 : 1_000_000;
const ROUNDS = 5;
/** ms of a slice. */
const SLICE = 1;
/** Updates between two slices. */
const UPDATES = 2000;

const files = createStateFiles({ directory: undefined, inlineThreshold: Infinity });
const random = seededRandom(7);

interface Total {
  n: number;
  sum: number;
}

type KeyOf = (i: number) => number | string;
const TOTAL = valueState(Types.object({ n: Types.int, sum: Types.double }));

function newStore(): SnapshotKeyedStore {
  return new HashMapStateBackend().createKeyedStore(benchStore());
}

/** Counts the time between two looks, and lets records go on between two slices. */
class MeasuredPace implements SnapshotPace {
  longest = 0;
  readonly #between: () => void;
  #begun = performance.now();
  #looked = this.#begun;

  constructor(between: () => void) {
    this.#between = between;
  }

  get over(): boolean {
    const now = performance.now();
    this.longest = Math.max(this.longest, now - this.#looked);
    this.#looked = now;
    return now - this.#begun >= SLICE;
  }

  async next(): Promise<void> {
    this.#between();
    this.#begun = this.#looked = performance.now();
  }
}

class Subject {
  readonly store = newStore();
  readonly state: ValueState<Total> = this.store.getState("total", TOTAL);
  readonly #keyOf: KeyOf;
  #id = 0;

  constructor(keyOf: KeyOf) {
    this.#keyOf = keyOf;
    for (let i = 0; i < KEYS; i++) this.#update(i);
  }

  change(count: number): void {
    for (let i = 0; i < count; i++) this.#update(Math.floor(random.next() * KEYS));
  }

  /** Milliseconds of the barrier, of the writing, and of its longest piece. */
  async snapshot(
    incremental: boolean,
    between: () => void,
  ): Promise<{ barrier: number; writing: number; longest: number; handle: KeyedStateHandle }> {
    const checkpointId = ++this.#id;
    const start = performance.now();
    const snapshot = this.store.snapshot({ checkpointId, files, canonical: false, incremental });
    const barrier = performance.now() - start;
    let away = 0;
    const pace = new MeasuredPace(() => {
      const left = performance.now();
      between();
      away += performance.now() - left;
    });
    const begun = performance.now();
    const handle = await snapshot.write(pace);
    const writing = performance.now() - begun - away;
    this.store.checkpointComplete(checkpointId);
    return { barrier, writing, longest: pace.longest, handle: handle! };
  }

  #update(i: number): void {
    this.store.setCurrentKey(this.#keyOf(i));
    this.state.update({ n: i, sum: i / 2 });
  }
}

async function restore(handle: KeyedStateHandle): Promise<number> {
  const start = performance.now();
  const store = newStore();
  await store.restore([handle], files);
  store.getState("total", TOTAL);
  store.restored();
  const took = performance.now() - start;
  store.dispose();
  return took;
}

/** Runs the benchmark; `report` gets the median of each measurement. */
export async function run(report: Report): Promise<void> {
  const kinds: readonly (readonly [string, KeyOf])[] = [
    ["int keys", (i) => i],
    ["string keys", (i) => `user-${i}-${(i * 7919) % 1000}`],
  ];
  for (const [kind, keyOf] of kinds) {
    const subject = new Subject(keyOf);
    const name = `${KEYS} entries, ${kind}`;
    const rounds = {
      barrier: [] as number[],
      writing: [] as number[],
      longest: [] as number[],
      restore: [] as number[],
    };
    for (let round = 0; round < ROUNDS; round++) {
      const taken = await subject.snapshot(false, () => {});
      rounds.barrier.push(taken.barrier);
      rounds.writing.push(taken.writing);
      rounds.longest.push(taken.longest);
      rounds.restore.push(await restore(taken.handle));
    }
    report(`${name}, barrier`, median(rounds.barrier), "ms");
    report(`${name}, writing`, median(rounds.writing), "ms");
    report(`${name}, longest between two looks`, median(rounds.longest), "ms");
    report(`${name}, restore`, median(rounds.restore), "ms");
    const meanwhile = await subject.snapshot(false, () => subject.change(UPDATES));
    report(`${name}, writing while keys change`, meanwhile.writing, "ms");
    await subject.snapshot(true, () => {});
    for (const percent of [1, 5, 10, 25, 50]) {
      const changed: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        subject.change((KEYS * percent) / 100);
        const { barrier, writing } = await subject.snapshot(true, () => {});
        changed.push(barrier + writing);
      }
      report(`${name}, changes of ${percent}% of the keys`, median(changed), "ms");
    }
    subject.store.dispose();
  }
}

if (import.meta.main) await run(printReport);
