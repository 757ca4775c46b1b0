import { createReadStream, type ReadStream } from "node:fs";
import { createGunzip, type Gunzip } from "node:zlib";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { READ_SIZE, type ByteReader, type ReadBytes } from "./byte-reader.ts";
import { shownPath } from "./file-problem.ts";
import type { FileSplit } from "./file-split.ts";

/** Reads a gzip file (of one or several members) from a byte of its decompressed text on. */
export class GzipBytes implements ByteReader {
  readonly #file: ReadStream;
  readonly #gunzip: Gunzip;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #split: FileSplit;
  #skip: number;

  /** Begins at the split's offset: what stands before it is decompressed and skipped. */
  constructor(split: FileSplit) {
    this.#split = split;
    // What was appended since the file was found is not read.
    this.#file = createReadStream(split.path, { highWaterMark: READ_SIZE, end: split.size - 1 });
    this.#gunzip = createGunzip({ chunkSize: READ_SIZE });
    // `pipe` forwards no errors; the reader of the output is told of them here.
    this.#file.on("error", (error) => this.#gunzip.destroy(error));
    // Until the first read nobody listens; it is told of an error that came before it.
    this.#gunzip.on("error", () => undefined);
    this.#file.pipe(this.#gunzip);
    this.#chunks = (this.#gunzip as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    this.#skip = split.offset;
  }

  async read(tail: Buffer): Promise<ReadBytes> {
    for (;;) {
      const next = await this.#chunks.next();
      if (next.done === true) {
        if (this.#skip > 0) throw this.#tooShort();
        return { bytes: tail, last: true };
      }
      const chunk = next.value.subarray(Math.min(this.#skip, next.value.length));
      this.#skip -= next.value.length - chunk.length;
      if (chunk.length > 0)
        return { bytes: tail.length === 0 ? chunk : Buffer.concat([tail, chunk]), last: false };
    }
  }

  #tooShort(): MillraceError {
    const { path, offset } = this.#split;
    return new MillraceError(
      "SOURCE_FAILED",
      `${shownPath(path)} was changed: its decompressed text ends before byte ${offset}, where reading should go on`,
      { help: "Put the file back as it was, and start again.", details: { path, offset } },
    );
  }

  close(): void {
    this.#file.destroy();
    this.#gunzip.destroy();
  }
}
