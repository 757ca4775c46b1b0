import type { Timestamp } from "../../../common/time/timestamps.ts";

/** How the work on a record ended. */
export type AsyncOutcome =
  | { readonly kind: "result"; readonly result: unknown }
  | { readonly kind: "error"; readonly error: unknown };

/** A record whose result has not been emitted. */
export class AsyncEntry {
  readonly value: unknown;
  readonly timestamp: Timestamp;
  /** Set once: the first of answer, failure and timeout counts. */
  outcome: AsyncOutcome | undefined = undefined;

  constructor(value: unknown, timestamp: Timestamp) {
    this.value = value;
    this.timestamp = timestamp;
  }
}

/** What must not be overtaken by results, nor overtake them. */
export type AsyncControl =
  | { readonly kind: "watermark"; readonly watermark: Timestamp }
  | { readonly kind: "idle"; readonly idle: boolean };
