import type { SourceSplit } from "millrace";

/** A row group of a file. */
export interface ParquetSplit extends SourceSplit {
  /** Absolute. */
  readonly path: string;
  /** The row group's index in the file. */
  readonly group: number;
  /** The index in the file of its first row. */
  readonly firstRow: number;
  readonly rows: number;
  /** Counts the splits of a source: lower ones are read first. */
  readonly order: number;
  /** The file's length in bytes when its row groups were found. */
  readonly size: number;
  /** How many of its rows were read. */
  readonly taken: number;
}
