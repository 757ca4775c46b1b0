/*
 * The heap's keyed state alone, in one thread: M operations/s on a million keys in random order, beside a bare Map; tables by
 * namespace; a million timers. Run it: `npx node bench/state.bench.ts`. Nothing is asserted: machines differ, trust the
 * ratios.
 */
import { seededRandom } from "../packages/millrace/src/common/clock/random.ts";
import { aggregatingState, valueState } from "../packages/millrace/src/common/state/descriptors.ts";
import { Types } from "../packages/millrace/src/common/types/types.ts";
import { HashMapStateBackend } from "../packages/millrace/src/runtime/state/heap/hash-map-state-backend.ts";
import type { SnapshotKeyedStore } from "../packages/millrace/src/runtime/state/keyed-snapshot.ts";
import { benchStore } from "./bench-store.ts";

const KEYS = 1_000_000;
const OPERATIONS = 2_000_000;
const ROUNDS = 5;
const OPEN = { blocked: false };

/** A measurement: `work` does `operations` of what it is called and is run several times. */
interface Contestant {
  readonly name: string;
  readonly operations: number;
  readonly work: () => void;
}

interface Total {
  n: number;
  sum: number;
}

const random = seededRandom(7);
const order = Int32Array.from({ length: OPERATIONS }, () => Math.floor(random.next() * KEYS));
const names = Array.from({ length: KEYS }, (_, i) => `user-${i}-${(i * 7919) % 1000}`);

function newStore(): SnapshotKeyedStore {
  return new HashMapStateBackend().createKeyedStore(benchStore());
}

/** The key of the i-th operation. */
type KeyOf = (i: number) => number | string;
const ints: KeyOf = (i) => order[i]!;
/** Strings as they come from a frame: cut out of a longer text, without a hash that was computed before. */
const strings: KeyOf = (i) => `${names[order[i]!]!}|`.slice(0, -1);

function bareMap(kind: string, keyOf: KeyOf): Contestant {
  const map = new Map<number | string, Total>();
  return {
    name: `Map, ${kind} keys, read-modify-write`,
    operations: OPERATIONS,
    work() {
      for (let i = 0; i < OPERATIONS; i++) {
        const key = keyOf(i);
        const total = map.get(key);
        if (total === undefined) map.set(key, { n: 1, sum: i });
        else {
          total.n++;
          total.sum += i;
        }
      }
    },
  };
}

function mutate(kind: string, keyOf: KeyOf): Contestant {
  const store = newStore();
  const state = store.getState("total", valueState(Types.object({ n: Types.int, sum: Types.int })));
  let value = 0;
  const change = (total: Total): void => {
    total.n++;
    total.sum += value;
  };
  const initial = (): Total => ({ n: 0, sum: 0 });
  return {
    name: `value state, ${kind} keys, mutate`,
    operations: OPERATIONS,
    work() {
      for (value = 0; value < OPERATIONS; value++) {
        store.setCurrentKey(keyOf(value));
        state.mutate(change, initial);
      }
    },
  };
}

function update(kind: string, keyOf: KeyOf): Contestant {
  const store = newStore();
  const state = store.getState("count", valueState<number>());
  return {
    name: `value state, ${kind} keys, value and update of numbers`,
    operations: OPERATIONS,
    work() {
      for (let i = 0; i < OPERATIONS; i++) {
        store.setCurrentKey(keyOf(i));
        state.update((state.value() ?? 0) + 1);
      }
    },
  };
}

function aggregate(kind: string, keyOf: KeyOf): Contestant {
  const store = newStore();
  const state = store.getState(
    "total",
    aggregatingState({
      createAccumulator: (): Total => ({ n: 0, sum: 0 }),
      add(total: Total, value: number): Total {
        total.n++;
        total.sum += value;
        return total;
      },
      getResult: (total) => total.sum,
    }),
  );
  return {
    name: `aggregating state, ${kind} keys, add`,
    operations: OPERATIONS,
    work() {
      for (let i = 0; i < OPERATIONS; i++) {
        store.setCurrentKey(keyOf(i));
        state.add(i);
      }
    },
  };
}

function table(kind: string, keyOf: KeyOf): Contestant {
  const tables = newStore().getNamespaceTables<Total>("panes", undefined);
  return {
    name: `namespace table, ${kind} keys, getForUpdate`,
    operations: OPERATIONS,
    work() {
      const pane = tables.getOrCreate(0);
      for (let i = 0; i < OPERATIONS; i++) {
        const key = keyOf(i);
        const total = pane.getForUpdate(key);
        if (total === undefined) pane.put(key, { n: 1, sum: i });
        else {
          total.n++;
          total.sum += i;
        }
      }
    },
  };
}

function timers(kind: string, timeOf: (key: number) => number): Contestant {
  const store = newStore();
  let fired = 0;
  const target = { onEventTime: () => void fired++, onProcessingTime() {} };
  const service = store.getTimerService("timers", target);
  return {
    name: `timers, ${kind}: register, then fire`,
    operations: KEYS,
    work() {
      for (let key = 0; key < KEYS; key++) {
        store.setCurrentKey(key);
        service.registerEventTimeTimer("", timeOf(key));
      }
      service.advanceWatermark(1e12, OPEN);
    },
  };
}

/** Runs the benchmark; `report` gets the median of each measurement. */
export async function run(report: (name: string, value: number, unit: string) => void): Promise<void> {
  const kinds = [
    ["int", ints],
    ["string", strings],
  ] as const;
  const makers = [
    ...kinds.flatMap(([kind, keyOf]) =>
      [bareMap, mutate, update, aggregate, table].map((make) => () => make(kind, keyOf)),
    ),
    () => timers("all at one time", () => 1000),
    () => timers("each at its own time", (key) => 1000 + ((key * 7919) % KEYS)),
  ];
  for (const make of makers) {
    const { name, operations, work } = make();
    const speeds = Array.from({ length: ROUNDS }, () => {
      const start = performance.now();
      work();
      return operations / 1000 / (performance.now() - start);
    });
    speeds.sort((a, b) => a - b);
    report(name, speeds[ROUNDS >> 1]!, "M/s");
    // Lets a runner's own timers and signals through.
    await new Promise(setImmediate);
  }
}

if (import.meta.main) {
  await run((name, value, unit) => console.log(`${name.padEnd(56)} ${value.toFixed(2).padStart(6)} ${unit}`));
}
