import {
  createKeyedPartWriter,
  KEY_HASH_VERSION,
  MIN_WATERMARK,
  type KeyedStateHandle,
  type KeyKind,
  type SnapshotPace,
  type StateBytes,
  type StateFiles,
} from "millrace/internal/state-backend";
import { join } from "node:path";
import { checksum, filesIn } from "../local/local-folder.ts";
import { BACKEND } from "../backend-name.ts";
import type { StoreView } from "../state/store-view.ts";
import type { ConfirmedFiles, SharedFile, SharedFiles } from "./confirmed-files.ts";
import { encodeMeta, META_FILE, type StoreMeta } from "./store-meta.ts";

/** Files that never change once they are there. */
const IMMUTABLE = /\.(sst|blob)$/;
/** What a database does without when it is opened: logs, and what says whose it is. */
const NEEDLESS = /^(LOG.*|LOCK|IDENTITY)$/;

/** What a snapshot's header says beside states and types. */
export interface StoreIndex {
  /** By key group, from the first. */
  readonly watermarks: readonly number[];
  /** Of all keys; undefined where not all are known. */
  readonly keyKinds: readonly KeyKind[] | undefined;
}

/** Carries RocksDB's own checkpoint into the job's: files that are there already are named, others are linked or copied. */
export class NativeFiles {
  readonly #store: StoreView;
  readonly #files: StateFiles;
  readonly #confirmed: ConfirmedFiles | undefined;
  readonly #check: () => void;

  /** @param confirmed undefined: everything is written */
  constructor(store: StoreView, files: StateFiles, confirmed: ConfirmedFiles | undefined, check: () => void) {
    this.#store = store;
    this.#files = files;
    this.#confirmed = confirmed;
    this.#check = check;
  }

  /** @param path of RocksDB's checkpoint */
  async write(
    path: string,
    meta: StoreMeta,
    index: StoreIndex,
    pace: SnapshotPace,
  ): Promise<{ readonly handle: KeyedStateHandle; readonly shared: SharedFiles }> {
    const label = `${this.#store.request.operatorName}-${this.#store.request.subtaskIndex}`;
    const shared = new Map<string, SharedFile>();
    const files: { name: string; length: number; crc: number; bytes: StateBytes }[] = [];
    for (const { name, length } of await filesIn(path)) {
      if (NEEDLESS.test(name)) continue;
      const immutable = IMMUTABLE.test(name);
      const known = immutable ? this.#confirmed?.reusable(name) : undefined;
      const file =
        known?.length === length ? known : await this.#adopt(join(path, name), `${label}-${name}`, pace);
      if (immutable) shared.set(name, file);
      files.push({ name, ...file });
    }
    const header = await this.#header(meta, index, label);
    const metaFile = this.#files.create(`${label}-${META_FILE}`);
    metaFile.write(
      encodeMeta({ ...meta, files: files.map(({ name, length, crc }) => ({ name, length, crc })) }),
    );
    const metaBytes = await metaFile.close();
    this.#check();
    const handle: KeyedStateHandle = {
      kind: "native",
      backend: BACKEND,
      keyGroups: this.#store.keyGroups,
      header,
      files: [{ name: META_FILE, bytes: metaBytes }, ...files.map(({ name, bytes }) => ({ name, bytes }))],
    };
    return { handle, shared };
  }

  async #adopt(path: string, label: string, pace: SnapshotPace): Promise<SharedFile> {
    this.#check();
    const { crc, length } = await checksum(path, async () => {
      if (pace.over) await pace.next();
      this.#check();
    });
    return { bytes: await this.#files.adopt(path, label, crc), length, crc };
  }

  /** What everybody can read: states, types, watermarks, kinds of keys. */
  async #header(meta: StoreMeta, { watermarks, keyKinds }: StoreIndex, label: string): Promise<StateBytes> {
    const { request, keyGroups, maxParallelism, states } = this.#store;
    const writer = createKeyedPartWriter(
      this.#files,
      {
        operator: request.operator,
        maxParallelism,
        keyHashVersion: KEY_HASH_VERSION,
        keyGroups,
        content: "header",
      },
      states.all.slice(0, meta.states.length).map((state) => state.meta),
      `${label}-header`,
    );
    writer.keyKinds(keyKinds);
    watermarks.forEach((watermark, i) => {
      if (watermark !== MIN_WATERMARK) writer.keyGroup(keyGroups.start + i, watermark);
    });
    return writer.finish();
  }
}
