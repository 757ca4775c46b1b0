import type { Evictor, TimestampedValue } from "./trigger.ts";
import type { Window } from "./window.ts";

/** When an evictor works. */
export interface EvictorOptions {
  /** After the window's function saw the records, instead of before. Default false. */
  readonly evictAfter?: boolean;
}

/** Answers the records that stay. */
export type Evict<T> = (records: readonly TimestampedValue<T>[]) => readonly TimestampedValue<T>[];

/** An evictor that does the same before or after the window's function, as `options` say. */
export const evictorOf = <T>(name: string, evict: Evict<T>, options: EvictorOptions): Evictor<T, Window> =>
  Object.freeze(
    options.evictAfter === true
      ? { name, evictAfter: (records: readonly TimestampedValue<T>[]) => evict(records) }
      : { name, evictBefore: (records: readonly TimestampedValue<T>[]) => evict(records) },
  );
