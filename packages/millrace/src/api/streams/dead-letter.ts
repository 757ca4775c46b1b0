import type { OutputTag } from "../../common/outputs/output-tag.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";

/**
 * A record whose processing threw, as it goes to a side output by `onPoisonRecord({ deadLetter: tag })`.
 *
 * @example
 * ```ts
 * const dead = outputTag<DeadLetter<string>>("dead");
 * const parsed = lines.map((line) => JSON.parse(line) as Click).onPoisonRecord({ deadLetter: dead });
 * parsed.getSideOutput(dead).map((d) => `${d.error}: ${d.record}`).print();
 * ```
 */
export interface DeadLetter<T = unknown> {
  /** The record that came into the operator; for a source the piece of input that is no record, as text. */
  readonly record: T;
  /** Its event time, ms; null where it had none. */
  readonly timestamp: Timestamp | null;
  /** The message of what was thrown. */
  readonly error: string;
  /** Its stack, shortened; null where there is none. */
  readonly stack: string | null;
  /** The operator's name and uid. */
  readonly operator: string;
  readonly uid: string;
  /** The subtask that had it, from 0. */
  readonly subtask: number;
  /** Where the input came from, e.g. "flights.csv:17"; null except for sources. */
  readonly location: string | null;
}

/**
 * What happens to a record whose processing throws: the job fails (default); the record is skipped and counted in
 * the metric `numRecordsSkipped`; or it goes to a side output as a DeadLetter.
 *
 * @typeParam T the operator's records, as the tag claims
 */
export type PoisonRecordPolicy<T = unknown> =
  | "fail"
  | "skip"
  | { readonly deadLetter: OutputTag<DeadLetter<T>> };
