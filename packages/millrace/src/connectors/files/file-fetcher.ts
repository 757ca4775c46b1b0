import type { SourceReaderContext } from "../../common/connector/source.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { SplitBatch, SplitFetcher } from "../base/split-batch.ts";
import type { DecodedRecords, FileFormat, RecordDecoder, ReportMalformed } from "../formats/file-format.ts";
import { checkUnchanged } from "./check-unchanged.ts";
import { NO_BYTES, type ByteReader } from "./byte-reader.ts";
import { fileProblem, shownPath } from "./file-problem.ts";
import type { FileSplit } from "./file-split.ts";
import { GzipBytes } from "./gzip-bytes.ts";
import { countLines, PlainBytes, readHead } from "./plain-bytes.ts";
import { RecordBatch, type InputProgress } from "./record-batch.ts";

/** How a file is read. */
export interface FileFetcherOptions<T> {
  /** For messages. */
  readonly connector: string;
  readonly format: FileFormat<T>;
  /** The longest record, bytes. */
  readonly maxRecordSize: number;
}

/** Reads one split of a file. */
export class FileFetcher<T> implements SplitFetcher<T, FileSplit> {
  readonly #context: SourceReaderContext;
  readonly #options: FileFetcherOptions<T>;
  #split: FileSplit;
  readonly #progress: InputProgress;
  #reader: ByteReader | undefined;
  #decoder: RecordDecoder<T> | undefined;
  /** Where the next bytes to decode stand. */
  #offset: number;
  #tail: Buffer = NO_BYTES;
  #ended = false;
  #closed = false;
  #counting = false;
  #countFailure: MillraceError | undefined;

  constructor(context: SourceReaderContext, options: FileFetcherOptions<T>, split: FileSplit) {
    this.#context = context;
    this.#options = options;
    this.#split = split;
    this.#progress = { lines: split.line };
    this.#offset = split.offset;
  }

  async fetch(): Promise<SplitBatch<T, FileSplit> | null> {
    try {
      const decoder = this.#decoder ?? (await this.#open());
      while (!this.#ended && !this.#closed) {
        const { bytes, last } = await this.#reader!.read(this.#tail);
        this.#ended = last;
        const records = decoder.decode(bytes, last);
        const offset = this.#offset;
        this.#offset += records.length;
        this.#tail = bytes.subarray(records.length);
        if (records.length > 0) return this.#batch(records, offset);
        this.#checkLength(bytes.length);
      }
      return null;
    } catch (error) {
      throw fileProblem("SOURCE_FAILED", this.#options.connector, "read", this.#split.path, error);
    }
  }

  close(): void {
    this.#closed = true;
    this.#reader?.close();
  }

  async #open(): Promise<RecordDecoder<T>> {
    this.#split = { ...this.#split, mark: await checkUnchanged(this.#split) };
    const { path, compression } = this.#split;
    if (compression === "gzip") {
      this.#reader = new GzipBytes(this.#split);
    } else {
      const reader = await PlainBytes.open(this.#split);
      this.#reader = reader;
      this.#offset = reader.offset;
    }
    if (this.#closed) this.#reader.close();
    this.#decoder = await this.#options.format.createDecoder({
      location: shownPath(path),
      offset: this.#offset,
      readHead: (length) => this.#readHead(length),
    });
    return this.#decoder;
  }

  async #readHead(length: number): Promise<Buffer> {
    if (this.#split.compression === "none") return readHead(this.#split.path, length);
    const reader = new GzipBytes({ ...this.#split, offset: 0 });
    try {
      let head: Buffer = NO_BYTES;
      for (let ended = false; !ended && head.length < length;) {
        const { bytes, last } = await reader.read(head);
        head = bytes;
        ended = last;
      }
      return head.subarray(0, length);
    } finally {
      reader.close();
    }
  }

  #batch(records: DecodedRecords<T>, offset: number): SplitBatch<T, FileSplit> {
    const report: ReportMalformed<T> = (output, line, raw, message, cause) => {
      if (this.#countFailure !== undefined) throw this.#countFailure;
      const { lines } = this.#progress;
      if (lines === null) {
        this.#countLinesBefore(offset);
        return false;
      }
      const location = `${shownPath(this.#split.path)}:${lines + line + 1}`;
      output.malformed({ raw, message, location, ...(cause === undefined ? {} : { cause }) });
      return true;
    };
    return new RecordBatch(records, offset, this.#progress, report, (at, lines) => ({
      ...this.#split,
      offset: at,
      line: lines,
    }));
  }

  /** A range in the middle of a file learns its lines' numbers when the first one of them must be named. */
  #countLinesBefore(offset: number): void {
    if (this.#counting) return;
    this.#counting = true;
    void this.#count(offset);
  }

  async #count(offset: number): Promise<void> {
    const { path } = this.#split;
    try {
      this.#progress.lines = await countLines(path, offset);
    } catch (error) {
      this.#countFailure = fileProblem("SOURCE_FAILED", this.#options.connector, "read", path, error);
    }
    this.#context.wakeUp();
  }

  #checkLength(length: number): void {
    if (length <= this.#options.maxRecordSize) return;
    throw new MillraceError(
      "SOURCE_FAILED",
      `${this.#options.connector}: ${shownPath(this.#split.path)}: the record at byte ${this.#offset} is longer than ${this.#options.maxRecordSize} bytes`,
      {
        help: `Is this a file of ${this.#options.format.name}? If it is, raise the option maxRecordSize.`,
        details: { path: this.#split.path, offset: this.#offset },
      },
    );
  }
}
