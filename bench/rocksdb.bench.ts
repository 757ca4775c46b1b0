/*
 * Keyed state in RocksDB beside the heap, in one thread: thousands of operations a second on value state, keys uniform and skewed (Zipf
 * 0.99), with the cache of live objects and without. Run it: `npm run bench -- rocksdb`; `MILLRACE_BENCH_KEYS=20000000` for more keys than
 * the usual 100,000 and a million (the heap then needs `NODE_OPTIONS=--max-old-space-size=8000`). Nothing is asserted: machines differ, trust the ratios.
 */
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "../packages/millrace/src/common/clock/random.ts";
import { valueState } from "../packages/millrace/src/common/state/descriptors.ts";
import { Types } from "../packages/millrace/src/common/types/types.ts";
import { HashMapStateBackend } from "../packages/millrace/src/runtime/state/heap/hash-map-state-backend.ts";
import type { KeyedStateStore } from "../packages/millrace/src/runtime/state/keyed-state.ts";
import type { StateBackend } from "../packages/millrace/src/runtime/state/state-backend.ts";
import { openStateBackends } from "../packages/state-rocksdb/src/open-state-backends.ts";
import { benchStore } from "./bench-store.ts";
import { printReport, type Report } from "./report.ts";
import { zipf } from "./zipf.ts";

const LOCAL_DIR = join(tmpdir(), "millrace-rocksdb-bench");
/** For each measurement; a slow one ends earlier. */
const OPERATIONS = 1_000_000;
const MOST_MS = 8000;

interface Total {
  n: number;
  sum: number;
}

const totals = valueState(Types.object({ n: Types.int, sum: Types.int }));

function newStore(backend: StateBackend): KeyedStateStore {
  return backend.createKeyedStore(benchStore());
}

async function rocks(cached: boolean): Promise<StateBackend> {
  const make = await openStateBackends({
    config: {
      "state.backend.rocksdb.object-cache.enabled": cached,
      "state.backend.rocksdb.localdir": LOCAL_DIR,
    },
  });
  return make();
}

/** Runs `work` on key numbers in slices, so that the event loop turns; thousands a second. */
async function rate(keyOf: (i: number) => number, work: (key: number) => void): Promise<number> {
  const start = performance.now();
  let done = 0;
  while (done < OPERATIONS && performance.now() - start < MOST_MS) {
    for (const end = done + 1000; done < end; done++) work(keyOf(done));
    await new Promise(setImmediate);
  }
  return done / (performance.now() - start);
}

async function measure(keys: number, name: string, backend: StateBackend, report: Report): Promise<void> {
  const store = newStore(backend);
  const state = store.getState("total", totals);
  let value = 0;
  const change = (total: Total): void => {
    total.n++;
    total.sum += value;
  };
  const initial = (): Total => ({ n: 0, sum: 0 });
  const work = (key: number): void => {
    value++;
    store.setCurrentKey(key);
    state.mutate(change, initial);
  };
  const filling = performance.now();
  for (let key = 0; key < keys; key++) {
    store.setCurrentKey(key);
    state.update(initial());
    if (key % 1000 === 0) await new Promise(setImmediate);
  }
  report(`${name}, filled in order`, keys / (performance.now() - filling), "k/s");
  const random = seededRandom(7);
  const uniform = Int32Array.from({ length: OPERATIONS }, () => Math.floor(random.next() * keys));
  report(`${name}, uniform`, await rate((i) => uniform[i]!, work), "k/s");
  const skewed = zipf(keys, 0.99, OPERATIONS, random);
  report(`${name}, Zipf 0.99`, await rate((i) => skewed[i]!, work), "k/s");
  backend.dispose();
}

/** Runs the benchmark. */
export async function run(report: Report): Promise<void> {
  const asked = Number(process.env["MILLRACE_BENCH_KEYS"] ?? 0);
  for (const keys of asked > 0 ? [asked] : [100_000, 1_000_000]) {
    const title = keys >= 1_000_000 ? `${keys / 1_000_000} M keys` : `${keys / 1000} k keys`;
    await measure(keys, `${title}, HashMap`, new HashMapStateBackend(), report);
    await measure(keys, `${title}, RocksDB`, await rocks(true), report);
    await measure(keys, `${title}, RocksDB without cache`, await rocks(false), report);
  }
  rmSync(LOCAL_DIR, { recursive: true, force: true });
}

if (import.meta.main) await run(printReport);
