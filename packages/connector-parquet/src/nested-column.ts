import type { AsyncBuffer, FileMetaData } from "hyparquet";
import { parquetScan } from "hyparquet";
import { BadValue } from "./bad-value.ts";
import type { ColumnPlan } from "./column-plan.ts";
import { COMPRESSORS } from "./parquet-file.ts";

/** Rows of a column, read in order. */
export interface ColumnReader {
  /** Puts the next `count` values into `out[0, count)`. Answers whether there may be BadValues among them. */
  read(out: unknown[], count: number): boolean;
  /** Passes over rows. */
  skip(count: number): void;
}

/** A column of values that are there already: of a nested column, which hyparquet puts together for a whole row group. */
export class ValuesColumn implements ColumnReader {
  readonly #values: ArrayLike<unknown>;
  readonly #convert: ColumnPlan["convert"];
  #at = 0;

  constructor(values: ArrayLike<unknown>, convert: ColumnPlan["convert"]) {
    this.#values = values;
    this.#convert = convert;
  }

  read(out: unknown[], count: number): boolean {
    let bad = false;
    for (let i = 0; i < count; i++) {
      const value = this.#convert(this.#values[this.#at++]);
      out[i] = value;
      bad ||= value instanceof BadValue;
    }
    return bad;
  }

  skip(count: number): void {
    this.#at += count;
  }
}

/** A column that the file lacks: null or absent in every row. */
export class MissingColumn implements ColumnReader {
  readonly #value: unknown;

  constructor(convert: ColumnPlan["convert"]) {
    this.#value = convert(null);
  }

  read(out: unknown[], count: number): boolean {
    out.fill(this.#value, 0, count);
    for (let i = out.length; i < count; i++) out.push(this.#value);
    return this.#value instanceof BadValue;
  }

  skip(): void {
    // All rows are alike.
  }
}

/** Reads a nested column for the rows `[rowStart, rowEnd)` of the file. */
export async function readNested(
  file: AsyncBuffer,
  metadata: FileMetaData,
  column: string,
  rows: { readonly rowStart: number; readonly rowEnd: number },
): Promise<ArrayLike<unknown>> {
  const scan = await parquetScan({ file, metadata, columns: [column], compressors: COMPRESSORS, ...rows });
  return (await scan.readColumn({ column, ...rows })) as ArrayLike<unknown>;
}
