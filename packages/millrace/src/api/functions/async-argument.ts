import type { AsyncFunction, RichAsyncFunction } from "../../common/functions/async-functions.ts";
import type { PerSubtask } from "../../common/functions/per-subtask.ts";

/** What `asyncMap` takes: a function that answers a promise, an object with a method `call`, or a factory of such objects. */
export type AsyncArgument<T, R> =
  | AsyncFunction<T, R>
  | AsyncObject<T, R>
  | PerSubtask<RichAsyncFunction<T, R>>;

/** Every function has a method `call`, too: `bind` tells them from the objects that are meant. */
export type AsyncObject<T, R> = RichAsyncFunction<T, R> & { readonly bind?: never };
