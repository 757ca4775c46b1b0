import type { StateDescriptor } from "../../common/state/state.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";

/**
 * What a state of one key is, whatever backend it came from. Live views: read before the next record is processed, and copied
 * by whoever keeps it.
 *
 * Times are those of the last write (or read) under a time to live, and undefined without one.
 */
export type CapturedState =
  /** Value, reducing and aggregating state. */
  | CapturedElement
  | { readonly kind: "list"; readonly elements: Iterable<CapturedElement> }
  | { readonly kind: "map"; readonly entries: Iterable<readonly [key: unknown, element: CapturedElement]> }
  | {
      readonly kind: "namespaces";
      readonly namespaces: Iterable<readonly [namespace: string, state: CapturedState]>;
    }
  | { readonly kind: "timers"; readonly timers: Iterable<CapturedTimer> };

/** A value with its time. */
export interface CapturedElement {
  readonly kind: "element";
  readonly value: unknown;
  readonly time: Timestamp | undefined;
}

/** A timer of the key. */
export interface CapturedTimer {
  readonly time: Timestamp;
  readonly namespace: string;
}

/** How a state is laid out: by key, by key and namespace, by namespace and key; or timers of a key. */
export type StateLayout = "keyed" | "namespaced" | "tables" | "event-timers" | "processing-timers";

/** A state of an operator, as it is known without its program. */
export interface StateMeta {
  readonly name: string;
  readonly layout: StateLayout;
  /** Only where the layout is "keyed" or "namespaced". */
  readonly kind: StateDescriptor["kind"] | undefined;
  /** Whether elements have times. */
  readonly ttl: boolean;
  readonly keyType: TypeInfo<unknown> | undefined;
  readonly type: TypeInfo<unknown> | undefined;
}

/** One state of one key (and, in tables, of one namespace). */
export interface CapturedEntry {
  readonly key: unknown;
  /** Which state: an index into `states` of the capture. */
  readonly state: number;
  /** Only of tables. */
  readonly namespace: number | undefined;
  readonly value: CapturedState;
}
