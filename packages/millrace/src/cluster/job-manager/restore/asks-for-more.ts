import type { RichFunction } from "../../../common/functions/runtime-context.ts";

/** Whether a function may ask for states, besides those it declares, when it starts. */
export function asksForMore(fn: RichFunction & { readonly initializeState?: unknown }): boolean {
  return fn.open !== undefined || fn.initializeState !== undefined;
}
