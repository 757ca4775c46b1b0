import type { KeyGroupRange, StateStoreRequest, Timestamp } from "millrace/internal/state-backend";
import type { NativeBinding } from "../binding/native-binding.ts";
import type { KeyWatch } from "../cache/key-watch.ts";
import type { SlotMemory } from "../cache/slot-memory.ts";
import type { WriteBack } from "../cache/write-back.ts";
import type { RocksDb } from "../db/rocks-db.ts";
import type { LocalFolder } from "../local/local-folder.ts";
import type { CurrentKey } from "./current-key.ts";
import type { RocksStates } from "./rocks-states.ts";
import type { TableRows } from "./table-rows.ts";

/** What a store is made of. */
export interface RocksStoreParts {
  readonly binding: NativeBinding;
  readonly memory: SlotMemory;
  /** Bytes of changed cells that wait to be written. */
  readonly dirtyLimit: number;
  /** Bytes of one memtable. */
  readonly writeBufferSize: number;
  /** Timers of a domain that are kept in memory. */
  readonly timersInMemory: number;
  /** A folder of the store's own, empty; removed at its end. */
  readonly folder: LocalFolder;
}

/** A store as its snapshots see it. */
export interface StoreView {
  readonly request: StateStoreRequest;
  readonly parts: RocksStoreParts;
  /** `operator "count"`, for errors. */
  readonly where: string;
  readonly maxParallelism: number;
  readonly keyGroups: KeyGroupRange;
  /** When it was restored, or made: the time of elements that had none and have a time to live now. */
  readonly restoredAt: Timestamp;
  readonly keys: CurrentKey;
  readonly writeBack: WriteBack;
  readonly keyWatch: KeyWatch;
  readonly db: RocksDb;
  readonly states: RocksStates;
  readonly tables: TableRows;
  /** The watermark that a snapshot of now has for a key group. */
  watermarkOf(keyGroup: number): Timestamp;
}
