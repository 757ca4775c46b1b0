import type { SourceSplit } from "../../common/connector/source.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { SplitBatch, SplitFetcher } from "../base/split-batch.ts";
import { NO_BYTES } from "../files/byte-reader.ts";
import { RecordBatch, type InputProgress } from "../files/record-batch.ts";
import type { FileFormat, RecordDecoder, ReportMalformed } from "../formats/file-format.ts";
import type { ByteStream } from "./byte-stream.ts";

/** How a stream is read. */
export interface StreamFetcherOptions<T> {
  readonly format: FileFormat<T>;
  /** For messages: "standard input". */
  readonly location: string;
  /** The longest record, bytes. */
  readonly maxRecordSize: number;
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

  constructor(stream: ByteStream, options: StreamFetcherOptions<T>, split: S) {
    this.#stream = stream;
    this.#options = options;
    this.#split = split;
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
      const bytes = piece.kind === "end" ? this.#tail : joined(this.#tail, piece.bytes);
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
    const { format, location } = this.#options;
    // A stream is read from its start: nobody asks for its head.
    return format.createDecoder({ location, offset: 0, readHead: async () => NO_BYTES });
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

function joined(tail: Buffer, bytes: Uint8Array): Buffer {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return tail.length === 0 ? buffer : Buffer.concat([tail, buffer]);
}
