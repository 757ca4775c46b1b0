import { keyIndex } from "../../../common/keys/key-index.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { CapturedElement, CapturedState } from "../captured-state.ts";
import { retain } from "../retain.ts";
import { captureElement, isAlive, restoreElement } from "./element.ts";
import { wrongKind } from "./element-layout.ts";
import type { ChangeGuard, Layout, LayoutOptions } from "./layout.ts";
import { StateMap } from "./state-map.ts";

/** Map state: a `StateMap` whose values stand in cells under a time to live. */
export class MapLayout implements Layout {
  readonly single = false;
  readonly #options: LayoutOptions;

  constructor(options: LayoutOptions) {
    this.#options = options;
  }

  weight(stored: unknown): number {
    return (stored as StateMap).size;
  }

  capture(stored: unknown, now: Timestamp): CapturedState | undefined {
    const entries: (readonly [unknown, CapturedElement])[] = [];
    for (const [key, value] of (stored as StateMap).entries()) {
      if (isAlive(value, this.#options, now)) entries.push([key, captureElement(value)]);
    }
    return entries.length === 0 ? undefined : { kind: "map", entries };
  }

  image(stored: unknown, now: Timestamp): CapturedState {
    const map = stored as StateMap;
    map.beginImage();
    return { kind: "map", entries: aliveEntries(map, this.#options, now) };
  }

  releaseImage(stored: unknown): void {
    (stored as StateMap).endImage();
  }

  restore(state: CapturedState): unknown {
    if (state.kind !== "map") throw wrongKind("a map", state);
    const map = new StateMap();
    for (const [key, element] of state.entries)
      map.put(key, keyIndex(key), restoreElement(element, this.#options), retain);
    return map.size === 0 ? undefined : map;
  }

  sweep(stored: unknown, now: Timestamp, budget: number, guard: ChangeGuard, id: number): unknown {
    if (this.#options.ttl === undefined) return stored;
    const map = stored as StateMap;
    map.sweep(budget, (cell) => {
      if (isAlive(cell, this.#options, now)) return false;
      guard.beforeChange(id);
      return true;
    });
    return map.size === 0 ? undefined : map;
  }
}

function* aliveEntries(
  map: StateMap,
  options: LayoutOptions,
  now: Timestamp,
): Generator<readonly [unknown, CapturedElement]> {
  for (const [key, value] of map.imageEntries())
    if (isAlive(value, options, now)) yield [key, captureElement(value)];
}
