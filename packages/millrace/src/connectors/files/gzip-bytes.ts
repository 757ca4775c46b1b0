import { createReadStream, type ReadStream } from "node:fs";
import { createGunzip, type Gunzip } from "node:zlib";
import { READ_SIZE, type ByteReader, type ReadBytes } from "./byte-reader.ts";

/** Reads a gzip file (of one or several members) from a byte of its decompressed text on. */
export class GzipBytes implements ByteReader {
  readonly #file: ReadStream;
  readonly #gunzip: Gunzip;
  readonly #chunks: AsyncIterator<Buffer>;
  #skip: number;

  /** @param offset how many decompressed bytes are skipped */
  constructor(path: string, offset: number) {
    this.#file = createReadStream(path, { highWaterMark: READ_SIZE });
    this.#gunzip = createGunzip({ chunkSize: READ_SIZE });
    // `pipe` forwards no errors; the reader of the output is told of them here.
    this.#file.on("error", (error) => this.#gunzip.destroy(error));
    // Until the first read nobody listens; it is told of an error that came before it.
    this.#gunzip.on("error", () => undefined);
    this.#file.pipe(this.#gunzip);
    this.#chunks = (this.#gunzip as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    this.#skip = offset;
  }

  async read(tail: Buffer): Promise<ReadBytes> {
    for (;;) {
      const next = await this.#chunks.next();
      if (next.done === true) return { bytes: tail, last: true };
      const chunk = next.value.subarray(Math.min(this.#skip, next.value.length));
      this.#skip -= next.value.length - chunk.length;
      if (chunk.length > 0)
        return { bytes: tail.length === 0 ? chunk : Buffer.concat([tail, chunk]), last: false };
    }
  }

  close(): void {
    this.#file.destroy();
    this.#gunzip.destroy();
  }
}
