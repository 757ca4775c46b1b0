import type { ReaderOutput } from "../../common/connector/source.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";

/**
 * How bytes become records: of files, standard input and sockets. Immutable; it stands in the job's program.
 *
 * Most formats of one's own are lines: see `lineFormat`. This contract is for the others.
 */
export interface FileFormat<T> {
  /** For messages: "CSV". */
  readonly name: string;
  /** The records' type, where declared. */
  readonly type?: TypeInfo<T> | undefined;
  /**
   * Whether a reader may begin behind any newline. Large files are then read in several ranges at once. False where a record
   * may hold a newline.
   */
  readonly splittable: boolean;
  /** Makes the decoder of one stretch of input. Called for each split and after each restore. */
  createDecoder(context: DecoderContext): RecordDecoder<T> | Promise<RecordDecoder<T>>;
}

/** What a decoder is told of its input. */
export interface DecoderContext {
  /** Where the input comes from, for messages: "flights.csv", "standard input". */
  readonly location: string;
  /** Where it begins: 0 at the start, else the byte behind some record (for a splittable format, behind a newline). */
  readonly offset: number;
  /** The first bytes of the input, at most `length`: for formats with a header, when `offset` is above 0. */
  readonly readHead: (length: number) => Promise<Buffer>;
}

/** Decodes bytes in order. */
export interface RecordDecoder<T> {
  /**
   * The records that end in `bytes`; what follows them comes again, in front of the next bytes. `last` says that nothing
   * follows, so that all bytes must be taken. `bytes` stay as they are until the records are done.
   */
  decode(bytes: Buffer, last: boolean): DecodedRecords<T>;
}

/** Decoded records, emitted in slices, like a SplitBatch. */
export interface DecodedRecords<T> {
  /** How many of the bytes they take, with separators and what is skipped; 0 when no record is whole. */
  readonly length: number;
  readonly done: boolean;
  /**
   * Emits up to `limit` records, stopping early when `output.blocked`. Malformed ones go to `report`; when it answers false,
   * `emit` returns, and begins with the same one when it is called again.
   */
  emit(output: ReaderOutput<T>, limit: number, report: ReportMalformed<T>): number;
  /** Bytes from the start up to the end of what was emitted; equals `length` when done. */
  consumedBytes(): number;
  /** Lines begun before that byte; for messages. */
  consumedLines(): number;
}

/**
 * Reports a malformed record. `line` counts from 0 at the start of the DecodedRecords. Answers false when it can't yet.
 */
export type ReportMalformed<T> = (
  output: ReaderOutput<T>,
  line: number,
  raw: string,
  message: string,
  cause?: unknown,
) => boolean;

/** The marks that begin some UTF-8 files. */
const BOM = [0xef, 0xbb, 0xbf] as const;

/** The length of a byte order mark at the start of `bytes`: 3 or 0; undefined when more bytes are needed to tell. */
export function byteOrderMark(bytes: Uint8Array, last: boolean): number | undefined {
  for (let i = 0; i < BOM.length; i++) {
    if (i >= bytes.length) return last ? 0 : undefined;
    if (bytes[i] !== BOM[i]) return 0;
  }
  return BOM.length;
}
