import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import type {
  Collector,
  FilterFunction,
  FlatMapFunction,
  MapFunction,
  RichFilterFunction,
  RichFlatMapFunction,
  RichMapFunction,
} from "../../common/functions/functions.ts";
import type { PerSubtask } from "../../common/functions/per-subtask.ts";
import { refuseAsync } from "./emitted.ts";
import { specOf, type SpecWithFactory } from "./fresh-spec.ts";

/** What `map` takes, erased. */
export type MapArgument = MapFunction<unknown, unknown> | RichMapFunction<unknown, unknown>;
/** What `filter` takes, erased. */
export type FilterArgument = FilterFunction<unknown> | RichFilterFunction<unknown>;
/** What `flatMap` takes, erased. */
export type FlatMapArgument = FlatMapFunction<unknown, unknown> | RichFlatMapFunction<unknown, unknown>;

/** The spec of `map`. @throws MillraceError INVALID_ARGUMENT, ASYNC_FUNCTION */
export const mapSpec = (given: MapArgument | PerSubtask<MapArgument>): SpecWithFactory =>
  specOf<MapArgument>(given, (fn) => {
    if (typeof fn === "function") {
      refuseAsync("map", fn);
      return { kind: "map", fn };
    }
    requireMethod("map", "map", fn);
    return { kind: "map", fn: (value) => fn.map(value), rich: fn };
  });

/** The spec of `filter`. @throws MillraceError INVALID_ARGUMENT, ASYNC_FUNCTION */
export const filterSpec = (given: FilterArgument | PerSubtask<FilterArgument>): SpecWithFactory =>
  specOf<FilterArgument>(given, (fn) => {
    if (typeof fn === "function") {
      refuseAsync("filter", fn);
      return { kind: "filter", fn };
    }
    requireMethod("filter", "filter", fn);
    return { kind: "filter", fn: (value) => fn.filter(value), rich: fn };
  });

/** The spec of `flatMap`. @throws MillraceError INVALID_ARGUMENT, ASYNC_FUNCTION */
export const flatMapSpec = (given: FlatMapArgument | PerSubtask<FlatMapArgument>): SpecWithFactory =>
  specOf<FlatMapArgument>(given, (fn) => {
    if (typeof fn === "function") {
      refuseAsync("flatMap", fn);
      return { kind: "flatMap", fn };
    }
    requireMethod("flatMap", "flatMap", fn);
    return { kind: "flatMap", fn: (value, out: Collector<unknown>) => fn.flatMap(value, out), rich: fn };
  });

/** Refuses an argument that has not the method that it must have, and asynchronous ones. */
export function requireMethod(operation: string, method: string, fn: object): void {
  const found = typeof fn === "object" && fn !== null ? (fn as Record<string, unknown>)[method] : undefined;
  if (typeof found !== "function") {
    throw new MillraceError(
      "INVALID_ARGUMENT",
      `${operation} takes a function or an object with a method ${method}, got ${preview(fn)}`,
    );
  }
  refuseAsync(operation, found);
}

/** Refuses what is no function where one is due, and asynchronous ones. */
export function requireFunction(operation: string, what: string, fn: unknown): void {
  if (typeof fn !== "function") {
    throw new MillraceError(
      "INVALID_ARGUMENT",
      `${operation}: ${what} must be a function, got ${preview(fn)}`,
    );
  }
  refuseAsync(operation, fn);
}
