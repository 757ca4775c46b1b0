import type { CapturedState } from "../captured-state.ts";
import type { Customs } from "../deep-copy.ts";
import type { TtlPolicy } from "./ttl.ts";

/** Takes care of old images before a key's state changes. */
export interface ChangeGuard {
  beforeChange(id: number): void;
}

/** What layouts know of their state. */
export interface LayoutOptions {
  /** Custom types that occur in it. */
  readonly customs: Customs;
  readonly ttl: TtlPolicy | undefined;
  /** Processing time. */
  readonly now: () => number;
}

/** How one kind of state is stored for one key (and namespace): what stands in a `Place`, and how it is captured. */
export interface Layout {
  /** What is stored now; a live view. */
  capture(stored: unknown): CapturedState;
  /** What is stored now, unmoved by whatever happens to it. Taken before a change; cheap for large lists and maps. */
  image(stored: unknown): CapturedState;
  /** The image of `stored` is no longer needed. */
  releaseImage(stored: unknown): void;
  /** What to store for a captured state; undefined for nothing. Copies. */
  restore(captured: CapturedState): unknown;
  /**
   * Forgets what is past its time, looking at no more than about `budget` elements; answers what is left, undefined for
   * nothing. Calls `guard.beforeChange(id)` before it changes anything in place.
   */
  sweep(stored: unknown, now: number, budget: number, guard: ChangeGuard, id: number): unknown;
}
