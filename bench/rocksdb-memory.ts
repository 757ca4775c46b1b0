/*
 * State larger than memory: fills value state of RocksDB with keys whose values take 100 bytes, updates some at random, takes a checkpoint,
 * and tells the most memory that the process had resident. A command of its own, for it takes minutes:
 *
 *     node --conditions=millrace-source bench/rocksdb-memory.ts             20 M keys, 256 MB for the slot
 *     node --conditions=millrace-source bench/rocksdb-memory.ts 1000000     fewer keys
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "../packages/millrace/src/common/clock/random.ts";
import { valueState } from "../packages/millrace/src/common/state/descriptors.ts";
import { Types } from "../packages/millrace/src/common/types/types.ts";
import { createStateFiles } from "../packages/millrace/src/runtime/checkpoint/storage/create-state-files.ts";
import { openStateBackends } from "../packages/state-rocksdb/src/open-state-backends.ts";
import { benchStore } from "./bench-store.ts";

const KEYS = Number(process.argv[2] ?? 20_000_000);
const UPDATES = Math.min(KEYS, 1_000_000);
const MB = 1024 * 1024;
const SLICE = 1000;

const folder = join(tmpdir(), `millrace-rocksdb-memory-${process.pid}`);
mkdirSync(join(folder, "shared"), { recursive: true });
const makeBackend = await openStateBackends({
  config: {
    "state.backend.rocksdb.memory.fixed-per-slot": 256 * MB,
    "state.backend.rocksdb.localdir": folder,
  },
});
const backend = makeBackend();
const store = backend.createKeyedStore(benchStore());
// With its key, a value of 84 characters takes 100 bytes.
const state = store.getState("value", valueState(Types.object({ n: Types.int, text: Types.string })));
const filler = "abcdefghijklmnopqrstuvwxyz".repeat(4);
const random = seededRandom(11);

/** Resident memory as the system counts it, and the most it ever was. */
function memory(): { readonly now: number; readonly most: number } {
  const status = readFileSync("/proc/self/status", "utf8");
  const of = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
  return { now: of("VmRSS"), most: of("VmHWM") };
}

async function phase(name: string, count: number, work: (i: number) => void): Promise<void> {
  const start = performance.now();
  for (let i = 0; i < count;) {
    for (const end = Math.min(count, i + SLICE); i < end; i++) work(i);
    await new Promise(setImmediate);
    if (i % 2_000_000 === 0) tell(`${name} ${i / 1e6} M`, start, i);
  }
  tell(name, start, count);
}

function tell(what: string, start: number, count: number): void {
  const seconds = (performance.now() - start) / 1000;
  const { now, most } = memory();
  console.log(
    `${what.padEnd(24)} ${seconds.toFixed(0).padStart(5)} s ${(count / seconds / 1000).toFixed(0).padStart(5)} k/s, resident ${now.toFixed(0)} MB, at most ${most.toFixed(0)} MB`,
  );
}

await phase("filled", KEYS, (i) => {
  // In no order, as keys come.
  store.setCurrentKey((i * 7_368_787) % KEYS);
  state.update({ n: i, text: filler.slice(i % 20, (i % 20) + 76) });
});
await phase("updated", UPDATES, () => {
  store.setCurrentKey(Math.floor(random.next() * KEYS));
  state.mutate(
    (value) => value.n++,
    () => ({ n: 0, text: "" }),
  );
});
const start = performance.now();
const handle = await store
  .snapshot({
    checkpointId: 1,
    files: createStateFiles({ directory: join(folder, "shared"), inlineThreshold: 20_480 }),
    canonical: false,
    incremental: true,
  })
  .write({ over: true, next: () => new Promise(setImmediate) });
const bytes =
  handle?.kind === "native"
    ? handle.files.reduce(
        (sum, { bytes: each }) => sum + (each.kind === "file" ? each.length : each.bytes.length),
        0,
      )
    : 0;
tell(`checkpoint ${(bytes / MB).toFixed(0)} MB`, start, KEYS);
backend.dispose();
rmSync(folder, { recursive: true, force: true });
