import type { Timestamp } from "../../common/time/timestamps.ts";

/** A record that the operator emitted. */
export interface HarnessRecord<T> {
  readonly value: T;
  readonly timestamp: Timestamp;
}

/** Something on the operator's main output, in order. */
export type HarnessEvent<T> =
  | { readonly kind: "record"; readonly value: T; readonly timestamp: Timestamp }
  | { readonly kind: "watermark"; readonly watermark: Timestamp }
  | { readonly kind: "idle"; readonly idle: boolean };

/** A record that a function failed on and that the operator's policy let go. */
export interface SkippedRecord {
  readonly error: unknown;
  readonly record: unknown;
  readonly timestamp: Timestamp;
}
