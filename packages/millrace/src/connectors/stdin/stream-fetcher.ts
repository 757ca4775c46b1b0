import type { SourceSplit } from "../../common/connector/source.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { SplitBatch, SplitFetcher } from "../base/split-batch.ts";
import { NO_BYTES } from "../files/byte-reader.ts";
import { RecordBatch, type InputProgress } from "../files/record-batch.ts";
import type { FileFormat, RecordDecoder, ReportMalformed } from "../formats/file-format.ts";
import type { ByteStream } from "./byte-stream.ts";

const NEWLINE = 10;

/** How a stream is read. */
export interface StreamFetcherOptions<T> {
  readonly format: FileFormat<T>;
  /** For messages: "standard input". */
  readonly location: string;
  /** The longest record, bytes. */
  readonly maxRecordSize: number;
  /** Whether an earlier attempt had begun to read: the stream goes on anywhere in a line, and its head is gone. */
  readonly resumed: boolean;
}

/** Decodes the records of a stream of bytes. Its position means nothing: the bytes won't come again. */
export class StreamFetcher<T, S extends SourceSplit> implements SplitFetcher<T, S> {
  readonly #stream: ByteStream;
  readonly #options: StreamFetcherOptions<T>;
  readonly #split: S;
  readonly #progress: InputProgress = { lines: 0 };
  #decoder: RecordDecoder<T> | undefined;
  #tail: Buffer = NO_BYTES;
  #ended = false;
  /** Whether what comes is the rest of a line whose beginning is lost. */
  #torn: boolean;

  constructor(stream: ByteStream, options: StreamFetcherOptions<T>, split: S) {
    this.#stream = stream;
    this.#options = options;
    this.#split = split;
    this.#torn = options.resumed;
  }

  async fetch(): Promise<SplitBatch<T, S> | null> {
    while (!this.#ended) {
      const decoder = (this.#decoder ??= await this.#begin());
      const piece = await this.#stream.read();
      if (piece.kind === "anew") {
        this.#decoder = undefined;
        this.#tail = NO_BYTES;
        continue;
      }
      this.#ended = piece.kind === "end";
      const bytes = piece.kind === "end" ? this.#tail : joined(this.#tail, this.#whole(piece.bytes));
      const records = decoder.decode(bytes, this.#ended);
      this.#tail = bytes.subarray(records.length);
      this.#checkLength();
      if (records.length > 0) {
        return new RecordBatch(records, 0, this.#progress, this.#report, () => this.#split);
      }
    }
    return null;
  }

  close(): void {
    this.#stream.close();
  }

  async #begin(): Promise<RecordDecoder<T>> {
    const { format, location, resumed } = this.#options;
    return format.createDecoder({
      location,
      offset: resumed ? 1 : 0,
      // Who reads a stream from its start does not ask for its head.
      readHead: () => Promise.reject(headIsGone(location)),
    });
  }

  /** Without the rest of a torn line. */
  #whole(bytes: Uint8Array): Uint8Array {
    if (!this.#torn) return bytes;
    const end = bytes.indexOf(NEWLINE);
    if (end >= 0) this.#torn = false;
    return end < 0 ? NO_BYTES : bytes.subarray(end + 1);
  }

  readonly #report: ReportMalformed<T> = (output, line, raw, message, cause) => {
    // A stream's lines are counted from its start.
    const location = `${this.#options.location}:${(this.#progress.lines ?? 0) + line + 1}`;
    output.malformed({ raw, message, location, ...(cause === undefined ? {} : { cause }) });
    return true;
  };

  #checkLength(): void {
    if (this.#tail.length <= this.#options.maxRecordSize) return;
    throw new MillraceError(
      "SOURCE_FAILED",
      `${this.#options.location}: a record is longer than ${this.#options.maxRecordSize} bytes`,
      { help: `Does it carry ${this.#options.format.name}? If it does, raise the option maxRecordSize.` },
    );
  }
}

function headIsGone(location: string): MillraceError {
  return new MillraceError(
    "SOURCE_FAILED",
    `${location}: its first row names the columns, but an earlier attempt of the job has read it`,
    {
      help: "Name the columns by csv.columns where the input has no header, or read a file, which can be read again.",
    },
  );
}

function joined(tail: Buffer, bytes: Uint8Array): Buffer {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return tail.length === 0 ? buffer : Buffer.concat([tail, buffer]);
}
