import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import type { ReduceFunction } from "../../common/functions/functions.ts";

type Fields = Readonly<Record<string, number>>;

/** What `sum`, `min`, `max`, `minBy` and `maxBy` reduce by. @throws MillraceError INVALID_ARGUMENT */
export function fieldReduce(
  kind: "sum" | "min" | "max" | "minBy" | "maxBy",
  field: string,
): ReduceFunction<unknown> {
  if (typeof field !== "string" || field === "") {
    throw new MillraceError("INVALID_ARGUMENT", `${kind} takes the name of a field, got ${preview(field)}`);
  }
  const reduce: Readonly<Record<typeof kind, ReduceFunction<Fields>>> = {
    sum: (a, b) => ({ ...a, [field]: a[field]! + b[field]! }),
    min: (a, b) => (b[field]! < a[field]! ? { ...a, [field]: b[field]! } : a),
    max: (a, b) => (b[field]! > a[field]! ? { ...a, [field]: b[field]! } : a),
    minBy: (a, b) => (b[field]! < a[field]! ? b : a),
    maxBy: (a, b) => (b[field]! > a[field]! ? b : a),
  };
  return reduce[kind] as ReduceFunction<unknown>;
}
