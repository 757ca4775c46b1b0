import { open, type FileHandle } from "node:fs/promises";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import {
  parquetMetadataAsync,
  type AsyncBuffer,
  type CompressionCodec,
  type Compressors,
  type FileMetaData,
} from "hyparquet";
import { MillraceError } from "millrace";

/** How pages are decompressed; Snappy is built into hyparquet. */
export const COMPRESSORS: Compressors = {
  ZSTD: (bytes) => zstdDecompressSync(bytes),
  GZIP: (bytes) => gunzipSync(bytes),
  BROTLI: (bytes) => brotliDecompressSync(bytes),
};

const READABLE: ReadonlySet<CompressionCodec> = new Set<CompressionCodec>([
  "UNCOMPRESSED",
  "SNAPPY",
  "ZSTD",
  "GZIP",
  "BROTLI",
]);

/** A Parquet file that is open. */
export class ParquetFile implements AsyncDisposable {
  readonly path: string;
  readonly metadata: FileMetaData;
  /** For hyparquet's own functions. */
  readonly buffer: AsyncBuffer;
  readonly #handle: FileHandle;

  private constructor(path: string, handle: FileHandle, buffer: AsyncBuffer, metadata: FileMetaData) {
    this.path = path;
    this.#handle = handle;
    this.buffer = buffer;
    this.metadata = metadata;
  }

  /** Opens a file and reads its footer. Throws the system's errors, and SOURCE_FAILED for a file that is not Parquet. */
  static async open(path: string): Promise<ParquetFile> {
    const handle = await open(path, "r");
    try {
      const { size } = await handle.stat();
      const buffer: AsyncBuffer = {
        byteLength: size,
        slice: (start, end = size) => readRange(handle, start, end),
      };
      return new ParquetFile(path, handle, buffer, await readFooter(path, buffer));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function readRange(handle: FileHandle, start: number, end: number): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(end - start);
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled);
    if (bytesRead === 0) {
      throw new MillraceError(
        "SOURCE_FAILED",
        `the file ends at byte ${start + filled}, where ${end} were expected`,
      );
    }
    filled += bytesRead;
  }
  return bytes.buffer;
}

async function readFooter(path: string, buffer: AsyncBuffer): Promise<FileMetaData> {
  let metadata: FileMetaData;
  try {
    metadata = await parquetMetadataAsync(buffer, { geoparquet: false });
  } catch (error) {
    if (MillraceError.is(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new MillraceError("SOURCE_FAILED", `${path} is not a whole Parquet file: ${reason}`, {
      cause: error,
      details: { path },
    });
  }
  for (const { meta_data: chunk } of metadata.row_groups.flatMap((group) => group.columns)) {
    if (chunk !== undefined && !READABLE.has(chunk.codec)) {
      throw new MillraceError(
        "SOURCE_FAILED",
        `${path}: column ${chunk.path_in_schema.join(".")} is compressed by ${chunk.codec}; expected one of ${[...READABLE].join(", ")}`,
        { help: "Write the file with another compression.", details: { path } },
      );
    }
  }
  return metadata;
}
