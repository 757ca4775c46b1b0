import { existsSync } from "node:fs";
import type { StateBackendFactory } from "millrace/internal/state-backend";
import { loadBinding } from "../binding/load-binding.ts";
import { SlotMemory } from "../cache/slot-memory.ts";
import { WorkingFolder } from "../local/working-folder.ts";
import { splitMemory, type MemorySplit } from "../memory-split.ts";
import { EmbeddedRocksDBStateBackend } from "../rocksdb-state-backend.ts";
import { disposing } from "./disposing.ts";

/** How much is kept in memory: what fits; so little that something has to go all the time; nothing. */
export type CacheKind = "cached" | "tiny" | "uncached";

const SPLITS: Readonly<Record<CacheKind, MemorySplit>> = {
  cached: splitMemory(64 * 1024 * 1024, true),
  tiny: { ...splitMemory(16 * 1024 * 1024, true), objects: 3000, dirty: 1000, timers: 4 },
  uncached: { ...splitMemory(16 * 1024 * 1024, false), timers: 4 },
};

/** Working files of tests: in memory, where the machine has such a disk, because a database takes long to open on others. */
export const LOCAL_DIR = existsSync("/dev/shm") ? "/dev/shm" : undefined;

/** Makes backends, and disposes of them after each test. */
export function rocksFactory(cache: CacheKind): StateBackendFactory {
  const split = SPLITS[cache];
  const memory = new SlotMemory(split.objects);
  const folder = new WorkingFolder(LOCAL_DIR);
  return disposing(() => new EmbeddedRocksDBStateBackend({ binding: loadBinding(), split, memory, folder }));
}
