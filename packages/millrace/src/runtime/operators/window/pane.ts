import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { NamespaceTable } from "../../state/namespace-tables.ts";

/**
 * The tables that records of a span of time go to: that of the slice, or those of all windows over it. Operators keep the
 * ones used last at hand, so that a record costs no look-up of its tables.
 */
export interface Pane {
  readonly start: Timestamp;
  /** Excluded. */
  readonly end: Timestamp;
  /** The last timestamp of the first window over the span: from then on the pane must not be used, since records are late. */
  readonly firesAt: Timestamp;
  readonly tables: readonly NamespaceTable<unknown>[];
}

/** A pane that holds no time. */
export const NO_PANE: Pane = { start: Infinity, end: -Infinity, firesAt: Infinity, tables: [] };

/** How many panes are kept: out-of-order records fall into a few neighbouring spans. A power of two. */
const KEPT = 8;

/** The panes used last. */
export class RecentPanes {
  readonly #panes: Pane[] = Array.from({ length: KEPT }, () => NO_PANE);
  #next = 0;

  find(time: Timestamp): Pane | undefined {
    for (const pane of this.#panes) if (time >= pane.start && time < pane.end) return pane;
    return undefined;
  }

  add(pane: Pane): void {
    this.#panes[this.#next] = pane;
    this.#next = (this.#next + 1) & (KEPT - 1);
  }

  /** Forgets the panes whose first window fires at `watermark`. */
  forget(watermark: Timestamp): void {
    for (let i = 0; i < KEPT; i++) if (this.#panes[i]!.firesAt <= watermark) this.#panes[i] = NO_PANE;
  }
}
