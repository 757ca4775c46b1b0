import type { EpochFolder } from "./epoch-folder.ts";
import { inOrder } from "./in-order.ts";

/** Records of one kind, each under an id, as they are left to the next leader. What settles without an error survives this process. */
export interface RecordStore<R, Id extends string> {
  /** What an earlier leader left. */
  recovered(): readonly R[];
  /** @throws FENCED, CHECKPOINT_STORAGE_FAILED */
  put(record: R): Promise<void>;
  /** @throws FENCED, CHECKPOINT_STORAGE_FAILED */
  remove(id: Id): Promise<void>;
}

/** How a kind of record stands in its file. */
export interface RecordFormat<R, Id extends string> {
  readonly idOf: (record: R) => Id;
  readonly encode: (record: R) => Uint8Array;
  /** What a file holds; undefined: it is left out. May throw instead, naming the file. */
  readonly decode: (bytes: Uint8Array, path: string) => R | undefined;
}

const FILE = /^[0-9a-f]{32}\.json$/u;

/** Without high availability: nothing outlives the JobManager. */
export const forgetfulStore: RecordStore<unknown, string> & { recovered(): readonly never[] } = {
  recovered: () => [],
  put: () => Promise.resolve(),
  remove: () => Promise.resolve(),
};

/** Records in a folder, each in `<id>.json`; an id has 32 hex digits. */
export function recordStore<R, Id extends string>(
  folder: EpochFolder,
  { idOf, encode, decode }: RecordFormat<R, Id>,
): RecordStore<R, Id> {
  const inTurn = inOrder();
  return {
    recovered: () =>
      folder.names
        .filter((name) => FILE.test(name))
        .flatMap((name) => decode(folder.read(name), folder.path(name)) ?? []),
    put: (record) => inTurn(() => folder.write(`${idOf(record)}.json`, encode(record))),
    remove: (id) => inTurn(() => folder.remove(`${id}.json`)),
  };
}
