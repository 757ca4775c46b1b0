import { MillraceError } from "../errors/millrace-error.ts";
import { optionalType } from "../types/optional-type.ts";
import type { TypeLike } from "../types/type-like.ts";
import type { OutputTag } from "./output-tag.ts";

/**
 * Names a side output. The tag's type is fixed: a tag for flights is no tag for numbers, and none for a wider type.
 *
 * @param id unique in the operator that emits to it
 * @param type the records' type; without it name the type, `outputTag<Flight>("late")`, and codecs are made from the
 *   records seen
 * @throws MillraceError INVALID_ARGUMENT when the id is empty
 * @example
 * ```ts
 * const late = outputTag("late", Flight);
 * const counts = windowed.sideOutputLateData(late).aggregate((a) => ({ flights: a.count() }));
 * counts.getSideOutput(late).sinkTo(lateSink);
 * ```
 */
export function outputTag<T>(id: string, type?: TypeLike<T>): OutputTag<T> {
  if (typeof id !== "string" || id === "") {
    throw new MillraceError("INVALID_ARGUMENT", "the id of an output tag must be a string that is not empty");
  }
  return Object.freeze({ "~millrace": "output", id, type: optionalType(type) });
}
