import type { MalformedRecord } from "../../common/connector/source.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import { deepFreeze } from "../../common/types/deep-freeze.ts";

/** A record with more than its value, as the `read` of `createSource` may yield it. Made by `sourceRecord`. */
export class SourceRecord<T, P> {
  readonly value: T;
  /** Where reading goes on behind this record. */
  readonly position: P | undefined;
  readonly timestamp: Timestamp | undefined;

  constructor(value: T, position: P | undefined, timestamp: Timestamp | undefined) {
    this.value = value;
    this.position = position;
    this.timestamp = timestamp;
  }
}

/** Input that is no record, as the `read` of `createSource` may yield it. Made by `malformedRecord`. */
export class MalformedItem {
  readonly record: MalformedRecord;

  constructor(record: MalformedRecord) {
    this.record = record;
  }
}

/**
 * A record with the position behind it, and its event time where the input knows it.
 *
 * @param options.position plain data; given to `read` after a restore. It is frozen, because it is kept until a checkpoint needs it while
 *   reading goes on: give a new object each time rather than one that you change.
 * @param options.timestamp ms since the epoch
 * @example `yield sourceRecord(message.value, { position: message.offset + 1, timestamp: message.time })`
 */
export function sourceRecord<T, P = never>(
  value: T,
  options: { readonly position?: P; readonly timestamp?: Timestamp },
): SourceRecord<T, P> {
  return new SourceRecord<T, P>(value, deepFreeze(options.position), options.timestamp);
}

/**
 * Input that can't be read as a record: the operator's policy decides what becomes of it.
 *
 * @example `yield malformedRecord({ raw: text, message: "expected JSON", location: `message ${id}` })`
 */
export function malformedRecord(record: MalformedRecord): MalformedItem {
  return new MalformedItem(record);
}
