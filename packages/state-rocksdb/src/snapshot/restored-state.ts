import {
  checkRestoredState,
  MillraceError,
  openKeyedPart,
  type KeyedPartReader,
  type KeyedStateHandle,
  type StateFiles,
  type StateHeader,
  type StateMeta,
  type Timestamp,
} from "millrace/internal/state-backend";
import { BACKEND } from "../backend-name.ts";
import { RocksDb } from "../db/rocks-db.ts";
import { removeFolder } from "../local/local-folder.ts";
import type { StoreView } from "../state/store-view.ts";
import { isTimers, type RocksState } from "../state/rocks-states.ts";
import { applyPart } from "./apply-part.ts";
import type { SharedFiles } from "./confirmed-files.ts";
import { fetchDatabase } from "./fetch-database.ts";
import { importRows } from "./import-rows.ts";
import { restoreMeta } from "./restore-meta.ts";

type Native = Extract<KeyedStateHandle, { kind: "native" }>;
type Canonical = Extract<KeyedStateHandle, { kind: "canonical" }>;

/**
 * What a store starts from. A native snapshot of exactly its key groups becomes its database as it is; of others the rows are read.
 * Canonical parts stay open until the operator is: each state is read when it is asked for, and what nobody asked for at the end.
 */
export class RestoredState {
  readonly #store: StoreView;
  readonly #native: readonly Native[];
  readonly #canonical: readonly Canonical[];
  readonly #files: StateFiles;
  readonly #parts: (readonly KeyedPartReader[])[] = [];
  readonly #loaded = new Set<RocksState>();

  constructor(store: StoreView, handles: readonly KeyedStateHandle[], files: StateFiles) {
    this.#store = store;
    this.#files = files;
    const own = store.keyGroups;
    const wanted = handles.filter(
      ({ keyGroups }) => Math.max(own.start, keyGroups.start) < Math.min(own.end, keyGroups.end),
    );
    this.#native = wanted.filter((handle) => handle.kind === "native");
    this.#canonical = wanted.filter((handle) => handle.kind === "canonical");
    const stranger = this.#native.find(({ backend }) => backend !== BACKEND);
    if (stranger === undefined) return;
    throw new MillraceError(
      "RESTORE_REFUSED",
      `${store.where}: its state was written by the backend ${stranger.backend}, in a form that only that reads`,
      {
        help: "Take a savepoint with the backend that wrote it, and start from that: savepoints are read by every backend.",
      },
    );
  }

  /** Puts the database into its place, before it is opened, where that is all there is to do. */
  async fetch(): Promise<{ readonly confirmed: SharedFiles } | undefined> {
    const [only] = this.#native;
    if (only === undefined || !this.#isWhole(only)) return undefined;
    const { shared } = await fetchDatabase(only, this.#store.parts.folder.database(), this.#files);
    return { confirmed: shared };
  }

  /** Reads what can be read before the program has asked for anything. */
  async open(watermark: (keyGroup: number, watermark: Timestamp) => void): Promise<void> {
    for (const handle of this.#native) {
      this.#takeIndex(openKeyedPart(this.#files, handle.header), watermark, true);
      if (this.#isWhole(handle)) await restoreMeta(this.#store, handle, this.#files);
      else await this.#import(handle);
    }
    for (const { parts } of this.#canonical) {
      const readers = parts.map((part) => openKeyedPart(this.#files, part));
      this.#parts.push(readers);
      for (const reader of readers) this.#takeIndex(reader, watermark, false);
    }
  }

  /** What canonical parts say of their states. */
  get headers(): readonly StateHeader[] {
    return this.#parts.flatMap((readers) => readers.flatMap(({ header }) => header.states));
  }

  /** The program has asked for a state. */
  load(state: RocksState): void {
    if (this.#loaded.has(state)) return;
    this.#loaded.add(state);
    const { keys } = this.#store;
    const before = keys.mark();
    for (const readers of this.#parts) {
      for (const reader of readers) {
        reader.header.states.forEach((header, at) => {
          if (!isSameState(header, state.meta)) return;
          if (!state.parked) checkRestoredState(header, state.meta, this.#store.where);
          applyPart(this.#store, reader, at, state);
        });
      }
    }
    keys.reset(before);
  }

  /** Takes over what nobody has asked for, too. */
  loadAll(): void {
    for (const header of this.headers) {
      const known = this.#store.states.find(header.name, header.layout);
      this.load(known ?? this.#store.states.restore(header, [{ type: header.type, timed: header.ttl }]));
    }
  }

  /** The same, and lets go of the files. */
  finish(): void {
    this.loadAll();
    this.close();
  }

  close(): void {
    for (const readers of this.#parts.splice(0)) for (const reader of readers) reader.close();
  }

  /** Whether it is all there is, and of the very key groups. */
  #isWhole({ keyGroups }: Native): boolean {
    const own = this.#store.keyGroups;
    const alone = this.#native.length === 1 && this.#canonical.length === 0;
    return alone && keyGroups.start === own.start && keyGroups.end === own.end;
  }

  async #import(handle: Native): Promise<void> {
    const { folder, binding, writeBufferSize } = this.#store.parts;
    const path = folder.fresh("restore");
    try {
      const { meta } = await fetchDatabase(handle, path, this.#files);
      const open = (family: string): RocksDb =>
        new RocksDb(binding, path, { writeBufferSize, readOnly: true, family });
      await importRows(this.#store, meta, open);
    } finally {
      await removeFolder(path);
    }
  }

  #takeIndex(
    reader: KeyedPartReader,
    watermark: (keyGroup: number, watermark: Timestamp) => void,
    close: boolean,
  ): void {
    const own = this.#store.keyGroups;
    const { maxParallelism, keyGroups } = reader.header;
    this.#store.keyWatch.restored(reader.keyKinds);
    if (maxParallelism !== this.#store.maxParallelism) {
      throw new MillraceError(
        "RESTORE_REFUSED",
        `${this.#store.where}: its state was written at max parallelism ${maxParallelism}, which can't become ${this.#store.maxParallelism}`,
        { help: "The maximum parallelism is fixed with the first checkpoint." },
      );
    }
    for (let group = Math.max(own.start, keyGroups.start); group < Math.min(own.end, keyGroups.end); group++)
      watermark(group, reader.watermark(group));
    if (close) reader.close();
  }
}

/** Whether a state that was stored is the one that is asked for, be it of the same layout or not. */
function isSameState(stored: StateHeader, { name, layout }: StateMeta): boolean {
  return stored.name === name && (stored.layout === layout || !(isTimers(layout) || isTimers(stored.layout)));
}
