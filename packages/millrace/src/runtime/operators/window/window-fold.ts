import type { TypeInfo } from "../../../common/types/type-info.ts";

/**
 * How the records of one key and window become one accumulator, and that a result: reducing, aggregating, or a list of all.
 * Accumulators live in state tables; `add` may change the one it gets, which the caller took with `getForUpdate`.
 */
export interface WindowFold {
  /** The accumulator's type, for snapshots; undefined where none was declared. */
  readonly type: TypeInfo<unknown> | undefined;
  /**
   * Makes a record fit to be kept, before it is added to any window: it may have come from a frame, which its strings would
   * keep alive. Only where records are kept as they are; others see to it in `create` and `add`.
   */
  readonly enter: ((value: unknown) => unknown) | undefined;
  /** The accumulator of a first record. */
  create(value: unknown): unknown;
  /** The accumulator with one more record: the same one, changed, or a new one that replaces it. */
  add(accumulator: unknown, value: unknown): unknown;
  /**
   * What the window's function gets or the window emits; undefined where there is nothing to emit. `shared`: the accumulator
   * stays in use, so that the result, which must not change any more, is none of its live parts.
   */
  result(accumulator: unknown, shared: boolean): unknown;
  /** The result of no record at all, where an evictor has removed them. */
  empty(): unknown;
}

/** What folds know of where they run. */
export interface FoldOptions {
  /** The operator, told in errors. */
  readonly where: string;
  /** Whether records that are kept are deeply frozen, so that a test sees who changes them. */
  readonly freeze: boolean;
}

/** A fold whose accumulators can be joined, so that windows can be made of slices. */
export interface SliceFold extends WindowFold {
  /** Two accumulators, neither of which is changed, as one new accumulator. */
  join(a: unknown, b: unknown): unknown;
  /** `b` joined into `a`, which came from `join` and may be changed; `b` is left alone. */
  joinInto(a: unknown, b: unknown): unknown;
}

/** A fold whose accumulators can become one, so that windows can merge. */
export interface MergingFold extends WindowFold {
  /** Two accumulators as one; both are given away. */
  absorb(a: unknown, b: unknown): unknown;
}
