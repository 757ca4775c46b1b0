import type { SourceSplit } from "../../common/connector/source.ts";
import type { FoundFile } from "./list-files.ts";

/**
 * A range of a file. Records that begin in `[start, end)` belong to it, whole, even when they reach beyond.
 */
export interface FileSplit extends SourceSplit {
  /** Absolute. */
  readonly path: string;
  readonly start: number;
  readonly end: number;
  /** The file's length in bytes when it was found; what was appended later is not read. */
  readonly size: number;
  readonly compression: FileCompression;
  /** Counts the splits of a source: lower ones are read first. */
  readonly order: number;
  /** Where to read on: a byte of the (decompressed) text. Equals `start` before the first record. */
  readonly offset: number;
  /** How many lines stand before `offset`; null where that is not known. */
  readonly line: number | null;
  /** Tells the file from others: of its first and last bytes. Null until a reader has opened it. */
  readonly mark: number | null;
}

/** How a file is compressed; "none" where it is not. */
export type FileCompression = "none" | "gzip";

/** How files are cut. */
export interface CutOptions {
  readonly compression: FileCompression | "auto";
  /** Whether readers can begin in the middle. */
  readonly splittable: boolean;
  /** The length of a range, bytes. */
  readonly splitSize: number;
}

/** The splits of a file, numbered from `order`; none for an empty file. */
export function cutFile(file: FoundFile, options: CutOptions, order: number): readonly FileSplit[] {
  const compression = compressionOf(file.path, options.compression);
  const whole = compression !== "none" || !options.splittable;
  // Ranges of about equal length: a short rest would keep one reader busy with the opening alone.
  const count = whole ? Math.min(1, file.size) : Math.ceil(file.size / options.splitSize);
  const length = Math.ceil(file.size / Math.max(1, count));
  return Array.from({ length: count }, (_, i) => {
    const start = i * length;
    const end = Math.min(file.size, start + length);
    return {
      splitId: `${file.path}:${start}-${end}`,
      path: file.path,
      start,
      end,
      size: file.size,
      compression,
      order: order + i,
      offset: start,
      line: start === 0 ? 0 : null,
      mark: null,
    };
  });
}

function compressionOf(path: string, option: FileCompression | "auto"): FileCompression {
  if (option !== "auto") return option;
  return path.endsWith(".gz") ? "gzip" : "none";
}
