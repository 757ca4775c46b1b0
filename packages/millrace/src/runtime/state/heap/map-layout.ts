import { keyIndex } from "../../../common/keys/key-index.ts";
import type { CapturedElement, CapturedState } from "../captured-state.ts";
import { deepCopy, NO_CUSTOMS } from "../deep-copy.ts";
import { captureElement, restoreElement } from "./element.ts";
import { wrongKind } from "./element-layout.ts";
import type { ChangeGuard, Layout, LayoutOptions } from "./layout.ts";
import { StateMap } from "./state-map.ts";
import { isExpired, type TtlCell } from "./ttl.ts";

/** Map state: a `StateMap` whose values stand in cells under a time to live. */
export class MapLayout implements Layout {
  readonly #options: LayoutOptions;

  constructor(options: LayoutOptions) {
    this.#options = options;
  }

  capture(stored: unknown): CapturedState {
    return { kind: "map", entries: captured(() => (stored as StateMap).entries()) };
  }

  image(stored: unknown): CapturedState {
    const map = stored as StateMap;
    map.beginImage();
    return { kind: "map", entries: captured(() => map.imageEntries()) };
  }

  releaseImage(stored: unknown): void {
    (stored as StateMap).endImage();
  }

  restore(state: CapturedState): unknown {
    if (state.kind !== "map") throw wrongKind("a map", state);
    const { customs, ttl } = this.#options;
    const now = this.#options.now();
    const map = new StateMap();
    for (const [key, element] of state.entries) {
      map.put(key, keyIndex(key), restoreElement(element, customs, ttl, now), copyKey);
    }
    return map.size === 0 ? undefined : map;
  }

  sweep(stored: unknown, now: number, budget: number, guard: ChangeGuard, id: number): unknown {
    const { ttl } = this.#options;
    if (ttl === undefined) return stored;
    const map = stored as StateMap;
    map.sweep(budget, (cell) => {
      if (!isExpired(cell as TtlCell, ttl, now)) return false;
      guard.beforeChange(id);
      return true;
    });
    return map.size === 0 ? undefined : map;
  }
}

const copyKey = (key: unknown): unknown => deepCopy(key, NO_CUSTOMS);

function captured(
  entries: () => Iterable<[unknown, unknown]>,
): Iterable<readonly [unknown, CapturedElement]> {
  return {
    *[Symbol.iterator]() {
      for (const [key, stored] of entries()) yield [key, captureElement(stored)] as const;
    },
  };
}
