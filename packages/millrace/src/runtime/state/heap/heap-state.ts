import type { StateDescriptor } from "../../../common/state/state.ts";
import { NO_CUSTOMS, type Customs } from "../deep-copy.ts";
import { AggregatingHandle } from "./aggregating-handle.ts";
import type { Column } from "./column.ts";
import { ElementLayout } from "./element-layout.ts";
import type { HandleOptions } from "./handle-options.ts";
import type { KeyTable } from "./key-table.ts";
import type { Layout, LayoutOptions } from "./layout.ts";
import { ListHandle } from "./list-handle.ts";
import { ListLayout } from "./list-layout.ts";
import { MapHandle } from "./map-handle.ts";
import { MapLayout } from "./map-layout.ts";
import type { Place } from "./place.ts";
import { ReducingHandle } from "./reducing-handle.ts";
import { createOwner, createRetainer, retain } from "../retain.ts";
import { TtlListHandle } from "./ttl-list-handle.ts";
import { TtlMapHandle } from "./ttl-map-handle.ts";
import { TtlPlace } from "./ttl-place.ts";
import { ttlPolicy } from "./ttl.ts";
import { ValueHandle } from "./value-handle.ts";

/** How a kind of state is stored on the heap. */
export function layoutOf(kind: StateDescriptor["kind"], options: LayoutOptions): Layout {
  switch (kind) {
    case "list":
      return new ListLayout(options);
    case "map":
      return new MapLayout(options);
    case "value":
    case "reducing":
    case "aggregating":
      return new ElementLayout(options);
  }
}

/** The custom types in a state. */
export function customsOf(descriptor: { readonly type: StateDescriptor["type"] } | undefined): Customs {
  return descriptor?.type?.customs ?? NO_CUSTOMS;
}

/** What a handle is made of. */
export interface HandleParts {
  readonly place: Place;
  readonly column: Column;
  readonly keys: KeyTable;
  readonly where: string;
  readonly freeze: boolean;
}

/** The handle of a state. */
export function createHandle(descriptor: StateDescriptor, parts: HandleParts): unknown {
  const { place, column, keys } = parts;
  const options = handleOptions(descriptor, parts.where, parts.freeze);
  const ttl = descriptor.ttl === undefined ? undefined : ttlPolicy(descriptor.ttl);
  const element = ttl === undefined ? place : new TtlPlace(place, column, keys, ttl);
  switch (descriptor.kind) {
    case "value":
      return new ValueHandle(element, options, descriptor.defaultValue);
    case "reducing":
      return new ReducingHandle(element, options, descriptor.reduce);
    case "aggregating":
      return new AggregatingHandle(element, options, descriptor.aggregate);
    case "list":
      return ttl === undefined
        ? new ListHandle(place, options)
        : new TtlListHandle(place, column, keys, options, ttl);
    case "map":
      return ttl === undefined
        ? new MapHandle(place, options)
        : new TtlMapHandle(place, column, keys, options, ttl);
  }
}

/** What a state's handle knows of it. @param where `state "count" of operator "totals"` */
export function handleOptions(descriptor: StateDescriptor, where: string, freeze: boolean): HandleOptions {
  const { type } = descriptor;
  const retainer = createRetainer({ where, type, checkAll: freeze });
  const customs = customsOf(descriptor);
  return {
    where,
    type,
    customs,
    freeze,
    retain: retainer,
    own: createOwner(retainer, customs),
    retainInput: (value) => retain(value, where),
    retainKey:
      descriptor.kind === "map"
        ? createOwner(
            createRetainer({ where: `a key of ${where}`, type: descriptor.keyType, checkAll: freeze }),
            descriptor.keyType?.customs ?? NO_CUSTOMS,
          )
        : (key) => key,
  };
}
