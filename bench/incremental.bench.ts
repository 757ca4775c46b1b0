/*
 * Snapshots of the heap's keyed state, through a store and to a disk: full ones and those of what has changed, their size and time, and how
 * long a store takes to start from them. Run it: `npx node bench/incremental.bench.ts [keys]`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { valueState } from "../packages/millrace/src/common/state/descriptors.ts";
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

const ROUNDS = 5;
const Account = Types.object({ n: Types.int, last: Types.double, name: Types.string, open: Types.boolean });
const descriptor = valueState(Account);

/** All the time there is. */
const unhurried: SnapshotPace = { over: false, next: () => Promise.resolve() };

function newStore(): SnapshotKeyedStore {
  return new HashMapStateBackend().createKeyedStore(benchStore());
}

const bytesOf = (handle: KeyedStateHandle | undefined): number =>
  handle?.kind !== "canonical"
    ? 0
    : handle.parts.reduce((sum, part) => sum + (part.kind === "file" ? part.length : part.bytes.length), 0);

export async function run(report: Report): Promise<void> {
  const keys = Number(process.argv[2] ?? 1_000_000);
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
  try {
    const files = createStateFiles({ directory: folder, inlineThreshold: 0 });
    const store = newStore();
    const state = store.getState("account", descriptor);
    for (let key = 0; key < keys; key++) {
      store.setCurrentKey(key);
      state.update({
        n: key,
        last: key / 3,
        name: `customer number ${key}, of this bench`,
        open: key % 2 === 0,
      });
    }
    let checkpointId = 0;
    const take = async (incremental: boolean): Promise<{ handle: KeyedStateHandle; ms: number }> => {
      const from = performance.now();
      const handle = await store
        .snapshot({ checkpointId: ++checkpointId, files, canonical: false, incremental })
        .write(unhurried);
      store.checkpointComplete(checkpointId);
      return { handle: handle as KeyedStateHandle, ms: performance.now() - from };
    };
    const fulls: number[] = [];
    let full = await take(false);
    for (let round = 0; round < ROUNDS; round++) {
      full = await take(false);
      fulls.push(full.ms);
    }
    const size = bytesOf(full.handle);
    report(`${keys} keys, full`, median(fulls), "ms");
    report(`${keys} keys, full`, size / 1e6, "MB");
    for (const share of [0.01, 0.1]) {
      const times: number[] = [];
      const sizes: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        // Against a full one each time: chains are measured by their parts.
        const base = await take(false);
        const step = Math.round(1 / share);
        for (let key = round % step; key < keys; key += step) {
          store.setCurrentKey(key);
          state.mutate(
            (account) => {
              account.n++;
            },
            () => ({ n: 0, last: 0, name: "", open: true }),
          );
        }
        const changes = await take(true);
        times.push(changes.ms);
        sizes.push(bytesOf(changes.handle) - bytesOf(base.handle));
      }
      report(`${keys} keys, ${share * 100}% changed, incremental`, median(times), "ms");
      report(`${keys} keys, ${share * 100}% changed, incremental`, median(sizes) / 1e6, "MB");
    }
    const restores: number[] = [];
    for (let round = 0; round < 3; round++) {
      const from = performance.now();
      const restored = newStore();
      await restored.restore([full.handle], files);
      restored.getState("account", descriptor);
      restored.restored();
      restores.push(performance.now() - from);
      if (restored.keyCount !== keys) throw new Error(`${restored.keyCount} of ${keys} keys were restored`);
      restored.dispose();
    }
    report(`${keys} keys, restore`, median(restores), "ms");
    report(`${keys} keys, restore, for each GB`, (median(restores) / size) * 1e6, "s");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) await run(printReport);
