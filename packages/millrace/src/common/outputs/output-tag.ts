import type { TypeInfo } from "../types/type-info.ts";

/**
 * Names a side output and fixes its records' type, invariantly: a tag for flights is no tag for numbers, nor for a
 * wider type. Made by `outputTag(id, type?)`.
 */
export interface OutputTag<T> {
  readonly "~millrace": "output";
  /** Unique in the operator. */
  readonly id: string;
  readonly type: TypeInfo<T> | undefined;
  /** Carries T for the compiler only. */
  readonly "~type"?: (value: T) => T;
}
