import type { ReaderOutput } from "../../common/connector/source.ts";
import type { SplitBatch } from "../base/split-batch.ts";
import type { DecodedRecords, ReportMalformed } from "../formats/file-format.ts";

/** What the batches of one input know together: they are emitted one after the other. */
export interface InputProgress {
  /** Lines before the batch at hand; null where that is not known. */
  lines: number | null;
}

/** Decoded records with their place in the input. */
export class RecordBatch<T, S> implements SplitBatch<T, S> {
  readonly #records: DecodedRecords<T>;
  readonly #offset: number;
  readonly #progress: InputProgress;
  readonly #report: ReportMalformed<T>;
  readonly #positionAt: (offset: number, lines: number | null) => S;
  #counted = false;

  /**
   * @param offset where the records begin
   * @param report reports a malformed record at a line counted from the batch's first
   */
  constructor(
    records: DecodedRecords<T>,
    offset: number,
    progress: InputProgress,
    report: ReportMalformed<T>,
    positionAt: (offset: number, lines: number | null) => S,
  ) {
    this.#records = records;
    this.#offset = offset;
    this.#progress = progress;
    this.#report = report;
    this.#positionAt = positionAt;
  }

  get done(): boolean {
    return this.#records.done;
  }

  emit(output: ReaderOutput<T>, limit: number): number {
    const emitted = this.#records.emit(output, limit, this.#report);
    if (this.#records.done) this.#count();
    return emitted;
  }

  position(): S {
    const { lines } = this.#progress;
    const within = this.#counted ? 0 : this.#records.consumedLines();
    return this.#positionAt(
      this.#offset + this.#records.consumedBytes(),
      lines === null ? null : lines + within,
    );
  }

  /** Moves the common count of lines behind this batch, once. */
  #count(): void {
    if (this.#counted) return;
    this.#counted = true;
    if (this.#progress.lines !== null) this.#progress.lines += this.#records.consumedLines();
  }
}
