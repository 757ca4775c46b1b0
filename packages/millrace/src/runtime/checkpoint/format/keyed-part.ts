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
  /** Of a map's keys, where it was declared; else they describe themselves. */
  readonly keyType: TypeDescription | undefined;
  /** Of the values, where it was declared. */
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
  readonly states: readonly StateHeader[];
}

/** What kinds of values the keys of a part are. */
export type KeyKind = "null" | "boolean" | "number" | "bigint" | "string" | "date" | "array" | "object";

/** Writes one part. Calls in the order of the key groups; states of a key group in any order. */
export interface KeyedPartWriter {
  /** What follows is of this key group. `watermark`: how far the operator's event time had come in it. */
  keyGroup(keyGroup: number, watermark: Timestamp): void;
  /**
   * One state of one key, whole. Encoded before the call returns. One without elements (an empty list) is as good as none: nothing is
   * written for it, but its removal in changes.
   *
   * A large list, map and so on may come in pieces, so that no call takes long: those behind the first are `continued`, and nothing else of
   * that state comes in between. They are read as one entry. @throws RECORD_TYPE_MISMATCH naming state, key and place of what does not fit
   * its type
   */
  entry(entry: CapturedEntry, continued?: boolean): void;
  /** Only in changes: the state of that key (in tables: of that namespace and key) is gone. Entries of a key group come after its removals. */
  removed(state: number, key: unknown, namespace: number | undefined): void;
  /** Only in changes: all that the table of that namespace held in this key group is gone. Comes before removals of single keys. */
  removedNamespace(state: number, namespace: number): void;
  /**
   * Rows that another part holds, as they are: `block` of a reader's `blocks`, all of them in order. The state's header must be the same.
   * `keyKinds`: that reader's.
   */
  raw(state: number, block: Uint8Array, keyKinds?: readonly KeyKind[]): void;
  /** Kinds of keys whose rows stand elsewhere: in the files of a native snapshot. Undefined: not all of them are known. */
  keyKinds(kinds: readonly KeyKind[] | undefined): void;
  /** Bytes written so far, and not yet with the operating system. See StateFileWriter. */
  readonly position: number;
  readonly backlog: number;
  drained(): Promise<void>;
  /** Ends the part. @throws CHECKPOINT_STORAGE_FAILED; then nothing is left of it */
  finish(): Promise<StateBytes>;
  /** As StateFileWriter.abort. */
  abort(): Promise<void>;
}

/**
 * Writes one part, key groups in any order: for who has its rows in another order than theirs. What is gathered for blocks takes some MB at
 * most.
 */
export interface GroupedPartWriter extends Pick<
  KeyedPartWriter,
  "position" | "backlog" | "drained" | "finish" | "abort"
> {
  /** How far the operator's event time had come in a key group. Key groups in ascending order. */
  watermark(keyGroup: number, watermark: Timestamp): void;
  /** As KeyedPartWriter.entry. Between the pieces of an entry comes nothing else of its state and key group. */
  entry(keyGroup: number, entry: CapturedEntry, continued?: boolean): void;
  /** As those of KeyedPartWriter, at any time: removals are applied before rows. */
  removed(keyGroup: number, state: number, key: unknown, namespace: number | undefined): void;
  removedNamespace(keyGroup: number, state: number, namespace: number): void;
  /**
   * Before `finish`, which would do it at once: writes what is gathered of one more key group and state. @returns false when nothing is
   * gathered any more
   */
  flushSome(): boolean;
  /** Writes into one key group. */
  group(keyGroup: number): Pick<KeyedPartWriter, "entry" | "raw">;
}

/** Reads one part. Every byte that it gives out was checked. @throws CHECKPOINT_CORRUPT naming the file and the block */
export interface KeyedPartReader {
  readonly header: KeyedPartHeader;
  /** Kinds of all keys in it; undefined where that is not known. */
  readonly keyKinds: readonly KeyKind[] | undefined;
  /** Of the key group when the part was written; -Infinity where it says nothing of it. Over several parts the highest counts. */
  watermark(keyGroup: number): Timestamp;
  /** Bytes and rows of a state in a key group, from the index: nothing is read. A row is an element: a list has several. */
  size(state: number, keyGroup: number): { readonly bytes: number; readonly rows: number };
  /**
   * The entries of a state in a key group, in the order written, each whole. `as` is the state as its program declares it today: values are
   * decoded by the stored description and migrated by rule (`stateMigration`); without it as far as the description goes (values of custom
   * types as `OpaqueValue`s). Strings are cut from a text of some 64 KB that they keep alive: who keeps few of them copies them.
   * @throws RESTORE_REFUSED naming the field when the types don't fit
   */
  entries(state: number, keyGroup: number, as: StateMeta | undefined): Iterable<CapturedEntry>;
  /** Namespaces of tables that a part of changes removes whole in a key group: before its `removals` and entries. */
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
