import type { SchemaTree } from "hyparquet";
import { fileProblem, type SplitBatch, type SplitFetcher, type TypeInfo } from "millrace";
import { checkUnchanged } from "./check-unchanged.ts";
import { planColumns, type ColumnPlan } from "./column-plan.ts";
import { FlatColumn } from "./flat-column.ts";
import { MissingColumn, readNested, ValuesColumn, type ColumnReader } from "./nested-column.ts";
import { ParquetFile } from "./parquet-file.ts";
import type { ParquetSplit } from "./parquet-split.ts";
import { recordMaker } from "./record-maker.ts";
import { RowBatch, type RowShape } from "./row-batch.ts";

/** Rows are decoded so many at a time: less than a millisecond's work for a handful of columns. */
const SLICE = 4096;

/** Reads the rows of one row group: only the columns that are asked for. */
export class RowGroupFetcher<T> implements SplitFetcher<T, ParquetSplit> {
  readonly #connector: string;
  readonly #type: TypeInfo<T> | undefined;
  #split: ParquetSplit;
  #file: ParquetFile | undefined;
  #columns: readonly ColumnReader[] | undefined;
  #shape: RowShape<T> | undefined;
  #closed = false;

  constructor(connector: string, type: TypeInfo<T> | undefined, split: ParquetSplit) {
    this.#connector = connector;
    this.#type = type;
    this.#split = split;
  }

  fetch(): SplitBatch<T, ParquetSplit> | null | Promise<SplitBatch<T, ParquetSplit> | null> {
    const { rows, taken } = this.#split;
    if (taken >= rows) return null;
    return this.#columns === undefined ? this.#begin() : this.#slice(this.#columns);
  }

  close(): void {
    this.#closed = true;
    this.#release();
  }

  async #begin(): Promise<SplitBatch<T, ParquetSplit> | null> {
    const { path } = this.#split;
    try {
      const file = await ParquetFile.open(path);
      this.#file = file;
      // Closed meanwhile: there was nothing to release yet.
      if (this.#closed) return this.#releaseAll();
      checkUnchanged(file, this.#split);
      const plans = planColumns(path, file.metadata, this.#type);
      this.#shape = {
        names: plans.map(({ name }) => name),
        make: recordMaker(plans.map(({ name }) => name)),
        validate: this.#type?.validate,
      };
      const columns: ColumnReader[] = [];
      for (const plan of plans) columns.push(await this.#open(file, plan));
      // Everything is in memory, compressed as it was.
      this.#release();
      for (const column of columns) column.skip(this.#split.taken);
      this.#columns = columns;
      return this.#slice(columns);
    } catch (error) {
      throw this.#problem(error);
    }
  }

  #slice(columns: readonly ColumnReader[]): SplitBatch<T, ParquetSplit> {
    const split = this.#split;
    const rows = Math.min(SLICE, split.rows - split.taken);
    try {
      let bad = false;
      const values = columns.map((column) => {
        const out: unknown[] = [];
        bad = column.read(out, rows) || bad;
        return out;
      });
      this.#split = { ...split, taken: split.taken + rows };
      return new RowBatch(split, values, rows, bad, this.#shape!);
    } catch (error) {
      throw this.#problem(error);
    }
  }

  async #open(file: ParquetFile, plan: ColumnPlan): Promise<ColumnReader> {
    const { column } = plan;
    if (column === undefined) return new MissingColumn(plan.convert);
    const { group, firstRow, rows, path } = this.#split;
    if (!isFlat(column)) {
      const range = { rowStart: firstRow, rowEnd: firstRow + rows };
      return new ValuesColumn(await readNested(file.buffer, file.metadata, plan.name, range), plan.convert);
    }
    const chunk = file.metadata.row_groups[group]?.columns.find(
      (c) => c.meta_data?.path_in_schema[0] === plan.name,
    )?.meta_data;
    // A column of the schema has a chunk in each group.
    const start = Number(chunk!.dictionary_page_offset || chunk!.data_page_offset);
    const bytes = await file.buffer.slice(start, start + Number(chunk!.total_compressed_size));
    return new FlatColumn(bytes, { ...plan, column }, chunk!.codec, `${path}: column ${plan.name}`);
  }

  #problem(error: unknown): unknown {
    return fileProblem("SOURCE_FAILED", this.#connector, "read", this.#split.path, error);
  }

  #release(): void {
    const file = this.#file;
    this.#file = undefined;
    // Nothing was written: there is nothing to lose.
    file?.close().catch(() => undefined);
  }

  #releaseAll(): null {
    this.#release();
    return null;
  }
}

function isFlat(column: SchemaTree): boolean {
  return column.children.length === 0 && column.element.repetition_type !== "REPEATED";
}
