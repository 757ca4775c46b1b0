import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import type { Collector } from "../../common/functions/functions.ts";
import type { OutputRecord } from "../../common/functions/process-functions.ts";
import type { OutputTag } from "../../common/outputs/output-tag.ts";
import { optionalType } from "../../common/types/optional-type.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";
import type { TypeLike } from "../../common/types/type-like.ts";
import { emitReturned, refuseAsync } from "./emitted.ts";

/** Functions that emit what they return. */
const EMITTING = ["onRecord", "onRecord1", "onRecord2", "onBroadcast", "onTimer", "onWindow"] as const;
/** Functions that are called as they are. */
const PLAIN = [
  "open",
  "close",
  "initializeState",
  "snapshotState",
  "notifyCheckpointComplete",
  "clear",
] as const;

/** A process function of whatever kind, as the program gave it. */
export interface GivenFunction {
  readonly state?: Readonly<Record<string, unknown>>;
  readonly outputs?: OutputRecord;
  // Types are invariant, so only `any` stands for all of them.
  readonly output?: TypeLike<any>;
}

type Method = (this: unknown, first: unknown, context: Collector<unknown>) => unknown;

/**
 * The function as the runtime calls it: the contract's functions answer nothing, so what the program's return is emitted here.
 * The object itself stays as it is, and `this` in its functions.
 *
 * @param required the functions that it must have
 * @throws MillraceError INVALID_ARGUMENT, ASYNC_FUNCTION
 */
export function emittingFunction<F>(operation: string, given: GivenFunction, required: readonly string[]): F {
  const methods = given as Readonly<Record<string, unknown>>;
  for (const name of required) {
    if (typeof given !== "object" || given === null || typeof methods[name] !== "function") {
      throw new MillraceError(
        "INVALID_ARGUMENT",
        `${operation} takes an object with ${required.join(" and ")}, got ${preview(given)}`,
      );
    }
  }
  const wrapped: Record<string, unknown> = {};
  if (given.state !== undefined) wrapped["state"] = given.state;
  if (given.outputs !== undefined) wrapped["outputs"] = given.outputs;
  for (const name of EMITTING) {
    const method = methods[name];
    if (typeof method !== "function") continue;
    refuseAsync(`${operation} (${name})`, method);
    wrapped[name] = emitting(given, method as Method);
  }
  for (const name of PLAIN) {
    const method = methods[name];
    if (typeof method !== "function") continue;
    refuseAsync(`${operation} (${name})`, method);
    wrapped[name] = (argument: unknown) => method.call(given, argument);
  }
  return wrapped as F;
}

const emitting =
  (self: unknown, method: Method) =>
  (first: unknown, context: Collector<unknown>): void => {
    const returned = method.call(self, first, context);
    if (returned !== undefined) emitReturned(returned, context);
  };

/** The declared type of what a function emits. */
export const declaredOutput = (given: GivenFunction): TypeInfo<unknown> | undefined =>
  optionalType(given.output);

/** The types of declared side outputs by tag id. @throws MillraceError INVALID_GRAPH when two have the same id */
export function sideOutputTypes(
  operation: string,
  ...records: readonly (OutputRecord | undefined)[]
): ReadonlyMap<string, TypeInfo<unknown> | undefined> {
  const types = new Map<string, TypeInfo<unknown> | undefined>();
  const tags = new Map<string, OutputTag<unknown>>();
  for (const [, tag] of records.flatMap((record) => Object.entries(record ?? {}))) {
    const other = tags.get(tag.id);
    if (other !== undefined && other !== tag) {
      throw new MillraceError("INVALID_GRAPH", `${operation} has two side outputs with the id "${tag.id}"`);
    }
    tags.set(tag.id, tag);
    types.set(tag.id, tag.type);
  }
  return types;
}
