/**
 * How records become the bytes of files. Immutable; it stands in the job's program.
 *
 * @example
 * ```ts
 * const keyValue: RecordEncoder<{ key: string; value: string }> = {
 *   name: "properties",
 *   extension: ".properties",
 *   createPart: () => ({ encode: ({ key, value }) => `${key}=${value}\n` }),
 * };
 * ```
 */
export interface RecordEncoder<T> {
  /** For messages. */
  readonly name: string;
  /** What names of files end with, e.g. ".jsonl"; may be empty. */
  readonly extension: string;
  /** Makes the encoder of one file, which may begin it with a header. */
  createPart(): PartEncoder<T>;
}

/** Encodes the records of one file. */
export interface PartEncoder<T> {
  /** A record's text or bytes, its end (a newline) included. Synchronous; must not keep `value`. */
  encode(value: T): string | Uint8Array;
}
