import {
  MillraceError,
  type KeyedSnapshot,
  type KeyedSnapshotRequest,
  type KeyedStateHandle,
  type KeyKind,
  type SnapshotPace,
} from "millrace/internal/state-backend";
import { removeFolder, waitForFolder } from "../local/local-folder.ts";
import type { StoreView } from "../state/store-view.ts";
import { CanonicalRows } from "./canonical-rows.ts";
import type { ConfirmedFiles } from "./confirmed-files.ts";
import { describeStore } from "./describe-store.ts";
import { NativeFiles } from "./native-files.ts";
import type { StoreMeta } from "./store-meta.ts";

/** Cells that are written between two looks at the clock. */
const CELLS = 32;
/** How long records may be held up, ms, when more has changed since the barrier than may wait. */
const PATIENCE = 5000;

/**
 * One snapshot: flushes what had changed before the barrier, in slices; then RocksDB takes its own checkpoint (or, for the canonical form,
 * cursors are opened, which see the rows as they are then); then what came after the barrier may be written again, while files are carried
 * away, or rows are read.
 */
export class SnapshotRun implements KeyedSnapshot {
  readonly #store: StoreView;
  readonly #request: KeyedSnapshotRequest;
  readonly #confirmed: ConfirmedFiles;
  readonly #onEnd: () => void;
  readonly #meta: StoreMeta;
  readonly #watermarks: readonly number[];
  readonly #keyKinds: readonly KeyKind[] | undefined;
  /** When the barrier came. */
  readonly #now: number;
  /** Rejects when the snapshot is given up. */
  readonly #stopped: Promise<never>;
  #stop: (error: MillraceError) => void = () => {};
  #aborted = false;
  #released = false;
  #flushed = false;
  /** RocksDB's own checkpoint, where it stands. */
  #checkpoint: { readonly path: string; readonly done: Promise<void> } | undefined;
  #rows: CanonicalRows | undefined;

  constructor(store: StoreView, request: KeyedSnapshotRequest, confirmed: ConfirmedFiles, onEnd: () => void) {
    this.#store = store;
    this.#request = request;
    this.#confirmed = confirmed;
    this.#onEnd = onEnd;
    this.#stopped = new Promise((_, reject) => (this.#stop = reject));
    // Nobody may be waiting.
    this.#stopped.catch(() => {});
    this.#meta = describeStore(store);
    this.#now = store.request.clock.now();
    const { start, end } = store.keyGroups;
    this.#watermarks = Array.from({ length: end - start }, (_, i) => store.watermarkOf(start + i));
    this.#keyKinds = store.keyWatch.kinds;
    const { writeBack } = store;
    writeBack.begin();
    writeBack.onTooMuch = () => this.#hurry();
  }

  async write(given: SnapshotPace): Promise<KeyedStateHandle | undefined> {
    const pace = this.#untilAborted(given);
    try {
      await this.#flush(pace);
      await this.#cleanTables(pace);
      return await (this.#request.canonical ? this.#writeCanonical(pace) : this.#writeNative(pace));
    } finally {
      await this.#end();
    }
  }

  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#stop(this.#abortion());
    this.#release();
    this.#rows?.close();
    this.#onEnd();
  }

  async #flush(pace: SnapshotPace): Promise<void> {
    const { writeBack } = this.#store;
    this.#check();
    while (!this.#flushed && !writeBack.flush(CELLS)) {
      if (!pace.over) continue;
      await pace.next();
      this.#check();
    }
    this.#capture();
    if (this.#checkpoint === undefined) return;
    await this.#checkpoint.done.catch((error: unknown) => {
      throw new MillraceError(
        "CHECKPOINT_FAILED",
        `${this.#store.where}: RocksDB could not take its checkpoint`,
        {
          cause: error,
          retryable: true,
          help: "See whether the disk of state.backend.rocksdb.localdir is full.",
        },
      );
    });
    this.#release();
    this.#check();
  }

  /** Rows of dropped tables had to wait for this. */
  async #cleanTables(pace: SnapshotPace): Promise<void> {
    while (!this.#store.tables.clean()) {
      if (pace.over) await pace.next();
      this.#check();
    }
  }

  /** All is flushed: from here on the state of the barrier is in RocksDB. */
  #capture(): void {
    if (this.#flushed) return;
    this.#flushed = true;
    const { db, parts } = this.#store;
    if (this.#request.canonical) {
      this.#rows = new CanonicalRows(this.#store, this.#meta, this.#now);
      this.#release();
    } else {
      const path = parts.folder.fresh("checkpoint");
      this.#checkpoint = { path, done: db.checkpoint(path) };
      // Whoever waits for it is told; nobody may be waiting yet.
      this.#checkpoint.done.catch(() => {});
    }
  }

  /** More has changed since the barrier than may wait: records wait for RocksDB. */
  #hurry(): void {
    const { writeBack } = this.#store;
    if (this.#aborted) return;
    while (!this.#flushed && !writeBack.flush(CELLS));
    this.#capture();
    const { path } = this.#checkpoint ?? {};
    if (path !== undefined && waitForFolder(path, PATIENCE)) this.#release();
    // Else RocksDB is in trouble, and memory has to do.
    writeBack.onTooMuch = undefined;
  }

  async #writeCanonical(pace: SnapshotPace): Promise<KeyedStateHandle | undefined> {
    const parts = await this.#rows!.write(this.#request, this.#watermarks, pace, () => this.#check());
    return parts && { kind: "canonical", keyGroups: this.#store.keyGroups, parts: [parts] };
  }

  async #writeNative(pace: SnapshotPace): Promise<KeyedStateHandle> {
    const { checkpointId, files, incremental } = this.#request;
    const native = new NativeFiles(this.#store, files, incremental ? this.#confirmed : undefined, () =>
      this.#check(),
    );
    const index = { watermarks: this.#watermarks, keyKinds: this.#keyKinds };
    const written = await native.write(this.#checkpoint!.path, this.#meta, index, pace);
    this.#confirmed.written(checkpointId, written.shared);
    return written.handle;
  }

  async #end(): Promise<void> {
    if (!this.#aborted) this.#release();
    this.#rows?.close();
    this.#onEnd();
    const checkpoint = this.#checkpoint;
    if (checkpoint === undefined) return;
    // Not before RocksDB is done with it.
    await checkpoint.done.catch(() => {});
    await removeFolder(checkpoint.path);
  }

  #release(): void {
    const { writeBack } = this.#store;
    if (!this.#released) writeBack.release();
    this.#released = true;
    writeBack.onTooMuch = undefined;
  }

  /** The same pace, which does not keep a snapshot waiting that was given up. */
  #untilAborted(pace: SnapshotPace): SnapshotPace {
    return {
      get over() {
        return pace.over;
      },
      next: () => Promise.race([pace.next(), this.#stopped]),
    };
  }

  #check(): void {
    if (this.#aborted) throw this.#abortion();
  }

  #abortion(): MillraceError {
    return new MillraceError("CHECKPOINT_ABORTED", `${this.#store.where}: its snapshot was given up`);
  }
}
