import { createValueCodec, MillraceError, type StateHeader } from "millrace/internal/state-backend";
import { crc32 } from "node:zlib";
import type { Encoding } from "../rows/value-codecs.ts";

/** The version of what native snapshots hold beside RocksDB's own files, and of its rows. */
export const NATIVE_FORMAT = 1;
/** Its name among the files of a native snapshot. */
export const META_FILE = "millrace-store";

/** What the rows of a native snapshot mean: plain data. */
export interface StoreMeta {
  readonly format: number;
  /** By number. */
  readonly states: readonly {
    readonly header: StateHeader;
    readonly encodings: readonly Encoding[];
    /** Of timers: how many there are, and the number of the next. */
    readonly timers: { readonly size: number; readonly next: number } | undefined;
  }[];
  readonly tables: readonly {
    readonly id: number;
    readonly state: number;
    readonly namespace: number;
    readonly size: number;
  }[];
  /** Tables that are gone and whose rows are not, yet. */
  readonly dropped: readonly number[];
  readonly nextTable: number;
}

/** The files of a native snapshot, with what shows that they are whole. */
export interface NativeMeta extends StoreMeta {
  readonly files: readonly { readonly name: string; readonly length: number; readonly crc: number }[];
}

const codec = createValueCodec(undefined, { unique: "rocksdb/meta", generate: false });

/** `u32 CRC-32 of the rest | the meta, describing itself`. */
export function encodeMeta(meta: NativeMeta): Uint8Array {
  const bytes = codec.encode(meta);
  const file = Buffer.allocUnsafe(4 + bytes.length);
  file.writeUInt32LE(crc32(bytes), 0);
  file.set(bytes, 4);
  return file;
}

/** @throws CHECKPOINT_CORRUPT naming `file`, RESTORE_REFUSED for another version */
export function decodeMeta(bytes: Uint8Array, file: string): NativeMeta {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < 4 || view.readUInt32LE(0) !== crc32(view.subarray(4)))
    throw corruptFile(file, "its checksum is wrong");
  const meta = codec.decode(view.subarray(4)) as NativeMeta;
  if (meta.format !== NATIVE_FORMAT) {
    throw new MillraceError(
      "RESTORE_REFUSED",
      `${file} is of version ${meta.format} of RocksDB's native state, and this version reads ${NATIVE_FORMAT}`,
      { help: "Take a savepoint with the version that wrote it, and start from that." },
    );
  }
  return meta;
}

/** A file of a checkpoint that is not what was written. */
export function corruptFile(file: string, what: string, cause?: unknown): MillraceError {
  return new MillraceError("CHECKPOINT_CORRUPT", `${file} is damaged: ${what}`, {
    ...(cause === undefined ? {} : { cause }),
    help: "The file was changed, cut or lost after the checkpoint was taken. Restore an older checkpoint if you have one, knowing that sinks may write again what they have written since.",
    details: { file },
  });
}
