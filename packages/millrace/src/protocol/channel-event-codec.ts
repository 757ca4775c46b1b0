import { MillraceError } from "../common/errors/millrace-error.ts";
import { preview } from "../common/errors/preview.ts";
import { unreachable } from "../common/errors/unreachable.ts";
import type { BarrierOptions, ChannelEvent } from "./channel-event.ts";
import type { CheckpointLocation } from "./control/snapshots.ts";

/*
 * Events on the wire, little-endian. The first byte is the kind; numbers are part of the format and never reused.
 *
 * | kind | event          | then                                                                                    |
 * |------|----------------|-----------------------------------------------------------------------------------------|
 * | 1    | barrier        | u8 snapshot, u8 mode, u8 alignment, u8 timeout kind, u8 incremental, u8 location kind, 0, |
 * |      |                | f64 id, f64 timestamp, f64 timeout                                                      |
 * |      | with location  | u32 bytes of the folder, 4 x 0, f64 inline threshold, folder in UTF-8                   |
 * | 2    | cancelBarrier  | 7 x 0, f64 id                                                                           |
 * | 3    | idle           |                                                                                         |
 * | 4    | active         |                                                                                         |
 * | 5    | latencyMarker  | u8 0, u16 bytes of the uid, u32 subtask, f64 sentAt, uid in UTF-8                       |
 * | 6    | endOfData      | u8 drained                                                                              |
 * | 7    | endOfPartition |                                                                                         |
 *
 * The kind of a barrier's timeout: 0 none, 1 the f64 (finite), 2 infinite. The kind of its location: 0 none, 1 memory, 2 a folder. An
 * inline threshold without bound is -1.
 */
const Kind = {
  BARRIER: 1,
  CANCEL_BARRIER: 2,
  IDLE: 3,
  ACTIVE: 4,
  LATENCY_MARKER: 5,
  END_OF_DATA: 6,
  END_OF_PARTITION: 7,
} as const;

const SNAPSHOTS = ["checkpoint", "savepoint", "terminateSavepoint", "drainSavepoint"] as const;
const MODES = ["exactly-once", "at-least-once"] as const;
const ALIGNMENTS = ["aligned", "unaligned"] as const;
const Timeout = { NONE: 0, FINITE: 1, INFINITE: 2 } as const;
const Location = { NONE: 0, MEMORY: 1, FOLDER: 2 } as const;

const BARRIER_BYTES = 32;
const LOCATION_BYTES = 16;
const CANCEL_BYTES = 16;
const MARKER_BYTES = 16;

/** Bytes of the longest uid that a latency marker carries; more of it is cut off. */
const MAX_UID_BYTES = 512;
/** Bytes of the longest path of a folder that a barrier carries. */
const MAX_FOLDER_BYTES = 8192;
/** No event is longer. Only barriers of savepoints and latency markers take more than 32 bytes. */
export const MAX_EVENT_BYTES = BARRIER_BYTES + LOCATION_BYTES + MAX_FOLDER_BYTES;

/** Stands for an inline threshold without bound. */
const UNBOUNDED = -1;

const NOTHING = new Uint8Array();
const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder("utf-8", { fatal: true });

/** The event's bytes, in a buffer of their own. */
export function encodeChannelEvent(event: ChannelEvent): Uint8Array<ArrayBuffer> {
  switch (event.kind) {
    case "barrier":
      return encodeBarrier(event.checkpointId, event.timestamp, event.options);
    case "cancelBarrier": {
      const bytes = start(Kind.CANCEL_BARRIER, CANCEL_BYTES);
      viewOf(bytes).setFloat64(8, integer(event.checkpointId, "a checkpoint id"), true);
      return bytes;
    }
    case "idle":
      return start(Kind.IDLE, 1);
    case "active":
      return start(Kind.ACTIVE, 1);
    case "latencyMarker":
      return encodeMarker(event.sourceUid, event.subtask, event.sentAt);
    case "endOfData": {
      const bytes = start(Kind.END_OF_DATA, 2);
      bytes[1] = event.drained ? 1 : 0;
      return bytes;
    }
    case "endOfPartition":
      return start(Kind.END_OF_PARTITION, 1);
    default:
      return unreachable(event, "channel event");
  }
}

function encodeBarrier(id: number, timestamp: number, options: BarrierOptions): Uint8Array<ArrayBuffer> {
  const { location } = options;
  const folder = location?.directory === undefined ? NOTHING : utf8.encode(location.directory);
  if (folder.length > MAX_FOLDER_BYTES)
    throw violation(`a folder's path of at most ${MAX_FOLDER_BYTES} bytes`, `${folder.length} bytes`);
  const bytes = start(
    Kind.BARRIER,
    BARRIER_BYTES + (location === undefined ? 0 : LOCATION_BYTES + folder.length),
  );
  const view = viewOf(bytes);
  const timeout = options.alignmentTimeout;
  bytes[1] = indexOf(SNAPSHOTS, options.snapshot);
  bytes[2] = indexOf(MODES, options.mode);
  bytes[3] = indexOf(ALIGNMENTS, options.alignment);
  bytes[4] = timeout === undefined ? Timeout.NONE : timeout === Infinity ? Timeout.INFINITE : Timeout.FINITE;
  bytes[5] = options.incremental ? 1 : 0;
  view.setFloat64(8, integer(id, "a checkpoint id"), true);
  view.setFloat64(16, finite(timestamp, "a barrier's timestamp"), true);
  if (bytes[4] === Timeout.FINITE)
    view.setFloat64(24, finite(timeout as number, "an alignment timeout"), true);
  if (location === undefined) return bytes;
  bytes[6] = location.directory === undefined ? Location.MEMORY : Location.FOLDER;
  view.setUint32(BARRIER_BYTES, folder.length, true);
  const threshold = location.inlineThreshold;
  view.setFloat64(
    BARRIER_BYTES + 8,
    threshold === Infinity ? UNBOUNDED : integer(threshold, "an inline threshold"),
    true,
  );
  bytes.set(folder, BARRIER_BYTES + LOCATION_BYTES);
  return bytes;
}

function encodeMarker(sourceUid: string, subtask: number, sentAt: number): Uint8Array<ArrayBuffer> {
  const uid = new Uint8Array(MAX_UID_BYTES);
  const { written } = utf8.encodeInto(sourceUid, uid);
  const bytes = start(Kind.LATENCY_MARKER, MARKER_BYTES + written);
  const view = viewOf(bytes);
  view.setUint16(2, written, true);
  view.setUint32(4, subtask, true);
  view.setFloat64(8, finite(sentAt, "a latency marker's time"), true);
  bytes.set(uid.subarray(0, written), MARKER_BYTES);
  return bytes;
}

/** The event in `bytes[start, end)`, which it does not alias. Throws PROTOCOL_VIOLATION naming what came. */
export function decodeChannelEvent(bytes: Uint8Array, start = 0, end = bytes.length): ChannelEvent {
  const length = end - start;
  const kind = length > 0 ? bytes[start] : undefined;
  switch (kind) {
    case Kind.BARRIER:
      return decodeBarrier(bytes, start, length);
    case Kind.CANCEL_BARRIER:
      exactly(length, CANCEL_BYTES, "a cancelled barrier");
      return {
        kind: "cancelBarrier",
        checkpointId: integer(viewOf(bytes).getFloat64(start + 8, true), "a checkpoint id"),
      };
    case Kind.IDLE:
      exactly(length, 1, "idle");
      return { kind: "idle" };
    case Kind.ACTIVE:
      exactly(length, 1, "active");
      return { kind: "active" };
    case Kind.LATENCY_MARKER:
      return decodeMarker(bytes, start, length);
    case Kind.END_OF_DATA:
      exactly(length, 2, "end of data");
      return { kind: "endOfData", drained: at([false, true], bytes[start + 1] as number, "drained") };
    case Kind.END_OF_PARTITION:
      exactly(length, 1, "end of partition");
      return { kind: "endOfPartition" };
    default:
      throw violation("an event of kind 1 to 7", kind === undefined ? "no bytes" : `kind ${kind}`);
  }
}

function decodeBarrier(bytes: Uint8Array, start: number, length: number): ChannelEvent {
  if (length < BARRIER_BYTES)
    throw violation(`a barrier of at least ${BARRIER_BYTES} bytes`, `${length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, length);
  const timeout = view.getUint8(4);
  if (timeout > Timeout.INFINITE) throw violation("a timeout of kind 0 to 2", `kind ${timeout}`);
  return {
    kind: "barrier",
    checkpointId: integer(view.getFloat64(8, true), "a checkpoint id"),
    timestamp: finite(view.getFloat64(16, true), "a barrier's timestamp"),
    options: {
      snapshot: at(SNAPSHOTS, view.getUint8(1), "snapshot"),
      mode: at(MODES, view.getUint8(2), "mode"),
      alignment: at(ALIGNMENTS, view.getUint8(3), "alignment"),
      alignmentTimeout:
        timeout === Timeout.NONE
          ? undefined
          : timeout === Timeout.INFINITE
            ? Infinity
            : finite(view.getFloat64(24, true), "an alignment timeout"),
      location: decodeLocation(bytes, start, length),
      incremental: at([false, true], view.getUint8(5), "incremental"),
    },
  };
}

function decodeLocation(bytes: Uint8Array, start: number, length: number): CheckpointLocation | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, length);
  const kind = view.getUint8(6);
  if (kind === Location.NONE) {
    exactly(length, BARRIER_BYTES, "a barrier");
    return undefined;
  }
  if (kind > Location.FOLDER) throw violation("a location of kind 0 to 2", `kind ${kind}`);
  const folder = BARRIER_BYTES + LOCATION_BYTES;
  if (length < folder) throw violation(`a barrier of at least ${folder} bytes`, `${length} bytes`);
  exactly(length, folder + view.getUint32(BARRIER_BYTES, true), "a barrier");
  const isFolder = kind === Location.FOLDER;
  if (isFolder === (length === folder) || length > folder + MAX_FOLDER_BYTES)
    throw violation("a folder's path, or none in memory", `${length - folder} bytes of one`);
  const threshold = view.getFloat64(BARRIER_BYTES + 8, true);
  return {
    directory: isFolder ? text(bytes, start + folder, start + length, "a folder's path") : undefined,
    inlineThreshold: threshold === UNBOUNDED ? Infinity : integer(threshold, "an inline threshold"),
  };
}

function decodeMarker(bytes: Uint8Array, start: number, length: number): ChannelEvent {
  if (length < MARKER_BYTES)
    throw violation(`a latency marker of at least ${MARKER_BYTES} bytes`, `${length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, length);
  exactly(length, MARKER_BYTES + view.getUint16(2, true), "a latency marker");
  const sourceUid = text(bytes, start + MARKER_BYTES, start + length, "a source's uid");
  const sentAt = finite(view.getFloat64(8, true), "a latency marker's time");
  return { kind: "latencyMarker", sourceUid, subtask: view.getUint32(4, true), sentAt };
}

function text(bytes: Uint8Array, start: number, end: number, what: string): string {
  try {
    // A copy, because text is not decoded from shared memory.
    return fromUtf8.decode(Uint8Array.from(bytes.subarray(start, end)));
  } catch (cause) {
    throw violation(`${what} in UTF-8`, "other bytes", cause);
  }
}

function start(kind: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  bytes[0] = kind;
  return bytes;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function indexOf<T>(values: readonly T[], value: T): number {
  const index = values.indexOf(value);
  if (index < 0) throw violation(`one of ${values.join(", ")}`, preview(value));
  return index;
}

function at<T>(values: readonly T[], index: number, what: string): T {
  if (index >= values.length) throw violation(`${what} 0 to ${values.length - 1}`, String(index));
  return values[index] as T;
}

function exactly(length: number, expected: number, what: string): number {
  if (length !== expected) throw violation(`${what} of ${expected} bytes`, `${length} bytes`);
  return length;
}

function integer(value: number, what: string): number {
  if (!Number.isSafeInteger(value) || value < 0)
    throw violation(`${what} that is a whole number`, String(value));
  return value;
}

function finite(value: number, what: string): number {
  if (!Number.isFinite(value)) throw violation(`${what} that is finite`, String(value));
  return value;
}

function violation(expected: string, came: string, cause?: unknown): MillraceError {
  return new MillraceError("PROTOCOL_VIOLATION", `expected ${expected}, got ${came}`, { cause });
}
