import type { Collector } from "../../common/functions/functions.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";

/** What `collect` takes where the program did not say what the function emits: reads as a sentence in the error. */
export type NotDeclared =
  "to emit with collect, declare what is emitted, `output: Types.object({ ... })`, or return the record instead";

/** The records that a returned value stands for: nothing for undefined, the elements of an array, else the value itself. */
export type Emitted<R> = R extends undefined | void ? never : R extends readonly (infer E)[] ? E : R;

/** What a process function emits: what it declares to collect and what it returns. */
export type EmittedBy<D, R> = [D] extends [NotDeclared] ? Emitted<R> : D | Emitted<R>;

/** Hands on what a function returned: nothing for undefined, each element of an array, else the value. */
export function emitReturned(returned: unknown, out: Collector<unknown>): void {
  if (returned === undefined) return;
  if (Array.isArray(returned)) {
    for (const value of returned) out.collect(value);
    return;
  }
  if (isThenable(returned)) throw asyncRefusal("the function answered with a promise");
  out.collect(returned);
}

const isThenable = (value: unknown): boolean =>
  typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";

/** Refuses functions that are asynchronous by their syntax, when they are recorded. @throws MillraceError ASYNC_FUNCTION */
export function refuseAsync(operator: string, ...functions: readonly unknown[]): void {
  for (const fn of functions) {
    if (typeof fn !== "function") continue;
    const tag = Object.prototype.toString.call(fn);
    if (tag === "[object AsyncFunction]" || tag === "[object AsyncGeneratorFunction]") {
      throw asyncRefusal(`${operator} got the async function ${fn.name === "" ? "(anonymous)" : fn.name}`);
    }
  }
}

const asyncRefusal = (what: string): MillraceError =>
  new MillraceError("ASYNC_FUNCTION", `functions on records must be synchronous, but ${what}`, {
    help: "Do asynchronous work with asyncMap or asyncFlatMap, which keep many records underway at once.",
  });
