import type { Timestamp } from "../../../common/time/timestamps.ts";
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
  readonly now: () => Timestamp;
  /** Makes a value that was decoded fit to be kept: strings cut from a block would keep all of it. */
  readonly keep: (value: unknown) => unknown;
  /** Whether a capture must last longer than until the next one. Default false. */
  readonly capturesLast?: boolean;
}

/** How one kind of state is stored for one key (and namespace): what stands in a `Place`, and how it is captured. */
export interface Layout {
  /** Whether there is one element for each key: what is about to change is then captured and written at once, else an image is taken. */
  readonly single: boolean;
  /** How many elements are stored; 1 for a value. */
  weight(stored: unknown): number;
  /**
   * What is stored now, but for what is past its time at `now`; undefined where nothing is left. Not for large states. The next call of
   * `capture` may spoil it.
   */
  capture(stored: unknown, now: Timestamp): CapturedState | undefined;
  /** The same, unmoved by whatever happens to it. Taken before a change; cheap for large lists and maps. Read once, perhaps with breaks. */
  image(stored: unknown, now: Timestamp): CapturedState | undefined;
  /** The image of `stored` is no longer needed. */
  releaseImage(stored: unknown): void;
  /** What to store for a captured state; undefined for nothing. What was decoded belongs to it from now on. */
  restore(captured: CapturedState): unknown;
  /**
   * Forgets what is past its time, looking at no more than about `budget` elements; answers what is left, undefined for
   * nothing. Calls `guard.beforeChange(id)` before it changes anything in place.
   */
  sweep(stored: unknown, now: Timestamp, budget: number, guard: ChangeGuard, id: number): unknown;
}
