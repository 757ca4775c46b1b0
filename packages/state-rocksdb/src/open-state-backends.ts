import type { StateBackendFactory, StateBackendSettings } from "millrace/internal/state-backend";
import { loadBinding, unavailable } from "./binding/load-binding.ts";
import { selfCheck } from "./binding/self-check.ts";
import { SlotMemory } from "./cache/slot-memory.ts";
import { WorkingFolder } from "./local/working-folder.ts";
import { splitMemory } from "./memory-split.ts";
import { EmbeddedRocksDBStateBackend } from "./rocksdb-state-backend.ts";

const MEMORY = "state.backend.rocksdb.memory.fixed-per-slot";
const CACHE = "state.backend.rocksdb.object-cache.enabled";
const LOCAL_DIR = "state.backend.rocksdb.localdir";
const DEFAULT_MEMORY = 256 * 1024 * 1024;

/**
 * Makes the state backends of one slot. Called by the engine where `state.backend.type` is `rocksdb`; programs have no need for it.
 *
 * @throws STATE_BACKEND_UNAVAILABLE where RocksDB can't run on this machine, in one sentence that says why
 * @example `const createBackend = await openStateBackends({ config: { "state.backend.type": "rocksdb" } });`
 */
export async function openStateBackends({ config }: StateBackendSettings): Promise<StateBackendFactory> {
  const binding = loadBinding();
  const total = typeof config[MEMORY] === "number" ? config[MEMORY] : DEFAULT_MEMORY;
  const split = splitMemory(total, config[CACHE] !== false);
  const localDir = typeof config[LOCAL_DIR] === "string" ? config[LOCAL_DIR] : undefined;
  const folder = new WorkingFolder(localDir);
  binding.config({ blockCacheSize: split.blockCache });
  const trouble = selfCheck(binding, folder);
  if (trouble !== undefined) throw unavailable(trouble);
  const memory = new SlotMemory(split.objects);
  return () => new EmbeddedRocksDBStateBackend({ binding, split, memory, folder });
}
