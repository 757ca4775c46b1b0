import { MillraceError } from "../errors/millrace-error.ts";
import { optionalType } from "../types/optional-type.ts";
import type { TypeLike } from "../types/type-like.ts";
import type {
  AggregateFunction,
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  StateOptions,
  StateTtl,
  ValueStateDescriptor,
} from "./state.ts";

/** Settings of `valueState`. */
export interface ValueStateOptions<T> extends StateOptions {
  /** What `value()` answers where nothing is stored; called anew each time. Without it the answer is undefined. */
  readonly defaultValue?: () => T;
}

/** A value state with a default: its `value()` always answers a value. */
export type DefaultedValueStateDescriptor<T> = ValueStateDescriptor<T> & { readonly defaultValue: () => T };

/**
 * Describes one value for each key.
 *
 * @param type the values' type; without it codecs are made from the values seen
 * @param options name, time to live, default
 * @throws MillraceError INVALID_ARGUMENT for a wrong option
 * @example
 * ```ts
 * stream.keyBy((f) => f.origin).process({
 *   state: { count: valueState(Types.int, { defaultValue: () => 0 }) },
 *   onRecord(flight, ctx) {
 *     ctx.state.count.update(ctx.state.count.value() + 1);
 *   },
 * });
 * ```
 */
export function valueState<T>(
  type: TypeLike<T> | undefined,
  options: ValueStateOptions<T> & { readonly defaultValue: () => T },
): DefaultedValueStateDescriptor<T>;
export function valueState<T>(type?: TypeLike<T>, options?: ValueStateOptions<T>): ValueStateDescriptor<T>;
export function valueState<T>(
  type?: TypeLike<T>,
  options: ValueStateOptions<T> = {},
): ValueStateDescriptor<T> {
  const { defaultValue } = options;
  if (defaultValue !== undefined && typeof defaultValue !== "function") {
    throw new MillraceError(
      "INVALID_ARGUMENT",
      "defaultValue of a value state must be a function, so that each key gets a value of its own",
      { help: "Write defaultValue: () => 0." },
    );
  }
  return Object.freeze({
    ...base(options),
    kind: "value",
    type: optionalType(type),
    ...(defaultValue === undefined ? {} : { defaultValue }),
  });
}

/**
 * Describes a list for each key.
 *
 * @param type the elements' type; without it codecs are made from the elements seen
 * @example `state: { recent: listState(Types.double) }`
 */
export function listState<T>(type?: TypeLike<T>, options: StateOptions = {}): ListStateDescriptor<T> {
  return Object.freeze({ ...base(options), kind: "list", type: optionalType(type) });
}

/**
 * Describes a map for each key, whose entries are read and written one by one. Also describes broadcast state.
 *
 * @param keyType the type of the map's keys, @param type the type of its values
 * @example `state: { lastSeen: mapState(Types.string, Types.timestamp, { ttl: { ttl: days(7) } }) }`
 */
export function mapState<K, V>(
  keyType?: TypeLike<K>,
  type?: TypeLike<V>,
  options: StateOptions = {},
): MapStateDescriptor<K, V> {
  return Object.freeze({
    ...base(options),
    kind: "map",
    keyType: optionalType(keyType),
    type: optionalType(type),
  });
}

/**
 * Describes a value for each key into which others of its type are folded.
 *
 * @param reduce folds two values into one; must not change its arguments
 * @example `state: { highest: reducingState(Math.max, Types.double) }`
 */
export function reducingState<T>(
  reduce: (a: T, b: T) => T,
  type?: TypeLike<T>,
  options: StateOptions = {},
): ReducingStateDescriptor<T> {
  return Object.freeze({ ...base(options), kind: "reducing", type: optionalType(type), reduce });
}

/**
 * Describes an accumulator for each key into which values are folded by an AggregateFunction.
 *
 * @param aggregate how; its `accumulatorType` is the state's type
 * @example `state: { mean: aggregatingState(new Mean()) }`
 */
export function aggregatingState<In, Acc, Out>(
  aggregate: AggregateFunction<In, Acc, Out>,
  options: StateOptions = {},
): AggregatingStateDescriptor<In, Acc, Out> {
  return Object.freeze({
    ...base(options),
    kind: "aggregating",
    type: aggregate.accumulatorType,
    aggregate,
  });
}

function base(options: StateOptions): { "~millrace": "state"; name?: string; ttl?: StateTtl } {
  const { name, ttl } = options;
  if (name !== undefined && (typeof name !== "string" || name === "")) {
    throw new MillraceError("INVALID_ARGUMENT", "the name of a state must be a string that is not empty");
  }
  if (ttl !== undefined && !(Number.isFinite(ttl.ttl) && ttl.ttl > 0)) {
    throw new MillraceError(
      "INVALID_ARGUMENT",
      `the time to live of a state must be above 0 ms, got ${ttl.ttl}`,
      { help: "Write ttl: { ttl: hours(24) }." },
    );
  }
  return {
    "~millrace": "state",
    ...(name === undefined ? {} : { name }),
    ...(ttl === undefined ? {} : { ttl: Object.freeze({ ...ttl }) }),
  };
}
