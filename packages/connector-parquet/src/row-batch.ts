import { type ReaderOutput, type SplitBatch, type TypeInfo } from "millrace";
import { BadValue, shown } from "./bad-value.ts";
import type { ParquetSplit } from "./parquet-split.ts";
import type { RecordMaker } from "./record-maker.ts";

/** What all batches of a split share. */
export interface RowShape<T> {
  readonly names: readonly string[];
  readonly make: RecordMaker;
  /** A schema's own check of whole records. */
  readonly validate: TypeInfo<T>["validate"];
}

/** Rows as columns of converted values; records are made when they are emitted. */
export class RowBatch<T> implements SplitBatch<T, ParquetSplit> {
  readonly #split: ParquetSplit;
  readonly #columns: readonly (readonly unknown[])[];
  readonly #rows: number;
  readonly #bad: boolean;
  readonly #shape: RowShape<T>;
  #at = 0;

  /**
   * @param split the split before the first row
   * @param bad whether there may be BadValues in the columns
   */
  constructor(
    split: ParquetSplit,
    columns: readonly (readonly unknown[])[],
    rows: number,
    bad: boolean,
    shape: RowShape<T>,
  ) {
    this.#split = split;
    this.#columns = columns;
    this.#rows = rows;
    this.#bad = bad;
    this.#shape = shape;
  }

  get done(): boolean {
    return this.#at >= this.#rows;
  }

  emit(output: ReaderOutput<T>, limit: number): number {
    const from = this.#at;
    const end = Math.min(this.#rows, from + limit);
    if (this.#bad || this.#shape.validate !== undefined) return this.#emitChecked(output, end);
    const columns = this.#columns;
    const { make } = this.#shape;
    let at = from;
    while (at < end && !output.blocked) {
      // The converters have made values of the declared type.
      output.collect(make(columns, at++) as T);
    }
    this.#at = at;
    return at - from;
  }

  position(): ParquetSplit {
    return { ...this.#split, taken: this.#split.taken + this.#at };
  }

  #emitChecked(output: ReaderOutput<T>, end: number): number {
    const from = this.#at;
    while (this.#at < end && !output.blocked) {
      const row = this.#at++;
      const problem = this.#problem(row);
      if (problem !== undefined) {
        this.#report(output, row, problem);
        continue;
      }
      const record = this.#shape.make(this.#columns, row);
      const checked = this.#shape.validate?.(record) ?? { ok: true, value: record as T };
      if (checked.ok) output.collect(checked.value);
      else
        this.#report(
          output,
          row,
          checked.issues.map(({ path, message }) => `${path}: ${message}`).join("; "),
        );
    }
    return this.#at - from;
  }

  #problem(row: number): string | undefined {
    const column = this.#columns.findIndex((values) => values[row] instanceof BadValue);
    if (column < 0) return undefined;
    return `column ${this.#shape.names[column]}: ${(this.#columns[column]![row] as BadValue).message}`;
  }

  #report(output: ReaderOutput<T>, row: number, message: string): void {
    const values = this.#columns.map(({ [row]: value }, i) => {
      return `${this.#shape.names[i]}: ${value instanceof BadValue ? "?" : shown(value)}`;
    });
    const { path, firstRow, taken } = this.#split;
    // People count rows from 1.
    output.malformed({
      raw: `{ ${values.join(", ")} }`,
      message,
      location: `${path}:row ${firstRow + taken + row + 1}`,
    });
  }
}
