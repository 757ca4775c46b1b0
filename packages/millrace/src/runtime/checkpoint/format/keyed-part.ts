import type { OperatorUid } from "../../../common/ids/ids.ts";
import type { StateDescriptor } from "../../../common/state/state.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { TypeDescription } from "../../../common/types/type-description.ts";
import type { KeyGroupSpan, StateBytes } from "../../../protocol/control/snapshots.ts";
import type { CapturedEntry, StateLayout, StateMeta } from "../../state/captured-state.ts";

/*
 * The canonical form of keyed state, byte by byte in docs/formats/keyed-state.md. A *part* is one file (or inline bytes): a header, blocks of
 * rows for each key group and state, an index, all of it under checksums. A snapshot is a full part, perhaps followed by parts of changes.
 */

/** A state as a part describes it: plain data. */
export interface StateHeader {
  readonly name: string;
  readonly layout: StateLayout;
  readonly kind: StateDescriptor["kind"] | undefined;
  readonly ttl: boolean;
  readonly keyType: TypeDescription | undefined;
  readonly type: TypeDescription | undefined;
}

/** What a part says of itself. */
export interface KeyedPartHeader {
  readonly operator: OperatorUid;
  readonly maxParallelism: number;
  readonly keyHashVersion: number;
  readonly keyGroups: KeyGroupSpan;
  /** "full": all there is. "changes": since the part before. "header": no rows, in front of a backend's own files. */
  readonly content: "full" | "changes" | "header";
  /** Type of the keys, where one was declared; else they describe themselves. */
  readonly states: readonly StateHeader[];
}

/** Writes one part. Calls in the order of the key groups; states of a key group in any order. */
export interface KeyedPartWriter {
  /** What follows is of this key group. `watermark`: how far the operator's event time had come in it. */
  keyGroup(keyGroup: number, watermark: Timestamp): void;
  /**
   * One state of one key. Encoded before the call returns. Whole, but for lists, maps, namespaces and timers that are large: these may come as
   * several entries of the same key in a row, each with some of the elements, so that no call takes long.
   */
  entry(entry: CapturedEntry): void;
  /** Only in changes: the state of that key (in tables: of that namespace and key) is gone. Entries of a key group come after its removals. */
  removed(state: number, key: unknown, namespace: number | undefined): void;
  /** Only in changes: all that the table of that namespace held in this key group is gone. Comes before removals of single keys. */
  removedNamespace(state: number, namespace: number): void;
  /** Rows that another part holds, as they are: `block` of a reader's `blocks`. The state's header must be the same. */
  raw(state: number, block: Uint8Array): void;
  /** See StateFileWriter. */
  readonly backlog: number;
  drained(): Promise<void>;
  finish(): Promise<StateBytes>;
  abort(): Promise<void>;
}

/** Reads one part. Every byte that it gives out was checked. @throws CHECKPOINT_CORRUPT naming the file and the block */
export interface KeyedPartReader {
  readonly header: KeyedPartHeader;
  watermark(keyGroup: number): Timestamp;
  /** Bytes and rows of a state in a key group, from the index: nothing is read. */
  size(state: number, keyGroup: number): { readonly bytes: number; readonly rows: number };
  /**
   * The rows of a state in a key group, in the order written; rows of the same key that follow each other are one list, map and so on. `as` is the state as its program declares it today: values are decoded by the
   * stored description and migrated by rule; without it as far as the description goes (values of custom types as their bytes).
   * @throws RESTORE_REFUSED when the types don't fit
   */
  entries(state: number, keyGroup: number, as: StateMeta | undefined): Iterable<CapturedEntry>;
  /** Namespaces of tables that a part of changes removes whole in a key group; before its `removals` and entries are applied. */
  removedNamespaces(state: number, keyGroup: number): Iterable<number>;
  /** Keys (and namespaces) that a part of changes removes; to be removed before its entries are put. */
  removals(
    state: number,
    keyGroup: number,
  ): Iterable<{ readonly key: unknown; readonly namespace: number | undefined }>;
  /** The blocks of a state in a key group as bytes, removals not among them: for `raw`. */
  blocks(state: number, keyGroup: number): Iterable<Uint8Array>;
  close(): void;
}
