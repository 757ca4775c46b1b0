import type { OutputTag } from "../../common/outputs/output-tag.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";

/*
 * Tags, types and reduce functions go both ways, in and out, so that those of T are none of anything else. Where a stream only
 * gives, it says so by these: a stream of some records is then a stream of wider ones, too, and can be handed to
 * whoever takes those.
 */

/** A tag that records of T can be sent to. */
export type TagFor<T> = Omit<OutputTag<T>, "type" | "~type"> & {
  readonly type: unknown;
  readonly "~type"?: (value: T) => unknown;
};

/** A type that records of T are of. */
export type TypeFor<T> = Omit<TypeInfo<T>, "validate" | "~type"> & {
  readonly validate?: unknown;
  readonly "~type"?: (value: T) => unknown;
};

/** Folds two records of T into one. */
export type Reduce<T> = { fold(a: T, b: T): T }["fold"];
