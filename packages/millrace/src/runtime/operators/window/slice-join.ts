import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { Window } from "../../../common/windows/window.ts";
import type { NamespaceTable, TableScan } from "../../state/namespace-tables.ts";
import type { OperatorContext } from "../operator.ts";
import { KeyPositions } from "./key-positions.ts";
import type { WatermarkProgress } from "./watermark-progress.ts";
import type { SliceFold } from "./window-fold.ts";
import type { WindowResults } from "./window-results.ts";

/** How many entries are joined between two looks at the flow. */
const STRIDE = 1024;

/**
 * Fires a window made of slices: joins their tables by key, then emits key by key. Both steps can be left and resumed.
 *
 * The accumulators in the tables are never changed: a key that stands in one slice only is emitted from that slice's
 * accumulator, and a key's second slice makes a joined accumulator of its own.
 */
export class SliceJoin {
  readonly #fold: SliceFold;
  readonly #results: WindowResults;
  readonly #progress: WatermarkProgress;
  readonly #context: OperatorContext;
  #firing: Firing | undefined;

  constructor(
    fold: SliceFold,
    results: WindowResults,
    progress: WatermarkProgress,
    context: OperatorContext,
  ) {
    this.#fold = fold;
    this.#results = results;
    this.#progress = progress;
    this.#context = context;
  }

  /** One key's accumulator over tables: for a late record. Undefined where none has the key. */
  joined(tables: readonly NamespaceTable<unknown>[], key: unknown): unknown {
    let joined: unknown;
    let owned = false;
    for (const table of tables) {
      const accumulator = table.get(key);
      if (accumulator === undefined) continue;
      if (joined === undefined) {
        joined = accumulator;
      } else {
        joined = owned ? this.#fold.joinInto(joined, accumulator) : this.#fold.join(joined, accumulator);
        owned = true;
      }
    }
    return joined;
  }

  /** Begins to fire a window of which these are the slices' tables; the one before must be done. */
  begin(tables: readonly NamespaceTable<unknown>[], window: Window, last: Timestamp): void {
    if (tables.length > 0)
      this.#firing = new Firing(tables, window, last, this.#progress.anyPassedBefore(last));
  }

  /** Goes on with the window under way; true when there is none or it is done, false when blocked. */
  advance(): boolean {
    const firing = this.#firing;
    if (firing === undefined) return true;
    if (!this.#joinTables(firing) || !this.#emit(firing)) return false;
    this.#firing = undefined;
    return true;
  }

  #joinTables(firing: Firing): boolean {
    for (let scan = firing.scan(); scan !== undefined; scan = firing.scan()) {
      let stride = STRIDE;
      while (scan.next()) {
        const { key } = scan;
        if (firing.someFired && this.#progress.passedBefore(key, firing.last)) continue;
        this.#add(firing, key, scan.value);
        if (--stride > 0) continue;
        if (this.#context.flow.blocked) return false;
        stride = STRIDE;
      }
      firing.endScan();
    }
    return true;
  }

  #add(firing: Firing, key: unknown, accumulator: unknown): void {
    const { accumulators, owned } = firing;
    const at = firing.indexOf(key, accumulator);
    if (at < 0) return;
    const before = accumulators[at];
    if (before === undefined) return;
    try {
      accumulators[at] = owned[at]!
        ? this.#fold.joinInto(before, accumulator)
        : this.#fold.join(before, accumulator);
    } catch (error) {
      accumulators[at] = undefined;
      this.#context.poison(error, { key, window: firing.window }, firing.last);
    }
    owned[at] = true;
  }

  #emit(firing: Firing): boolean {
    const { keys, accumulators, owned, window, last } = firing;
    const { needsKey } = this.#results;
    while (firing.emitted < keys.length) {
      const at = firing.emitted++;
      const accumulator = accumulators[at];
      // A key whose joining failed, and was let go.
      if (accumulator === undefined) continue;
      const key = keys[at];
      if (needsKey) this.#context.keyedState.setCurrentKey(key);
      this.#results.fire(key, window, last, this.#fold, accumulator, !owned[at]!);
      if (this.#context.flow.blocked) return false;
    }
    return true;
  }
}

/** A window being fired. */
class Firing {
  readonly window: Window;
  readonly last: Timestamp;
  /** Whether some keys may have fired before a restore. */
  readonly someFired: boolean;
  readonly keys: unknown[] = [];
  readonly accumulators: unknown[] = [];
  /** Whether the accumulator was made here, and may be changed. */
  readonly owned: boolean[] = [];
  emitted = 0;
  readonly #tables: readonly NamespaceTable<unknown>[];
  readonly #positions = new KeyPositions();
  #table = 0;
  #scan: TableScan<unknown> | undefined;

  constructor(
    tables: readonly NamespaceTable<unknown>[],
    window: Window,
    last: Timestamp,
    someFired: boolean,
  ) {
    this.#tables = tables;
    this.window = window;
    this.last = last;
    this.someFired = someFired;
  }

  /** The walk under way, or the next table's; undefined when all are done. */
  scan(): TableScan<unknown> | undefined {
    return (this.#scan ??= this.#tables[this.#table]?.scan());
  }

  endScan(): void {
    this.#scan = undefined;
    this.#table++;
  }

  /** The position of a key that was seen before; -1 for a new one, which is taken with its accumulator as it is. */
  indexOf(key: unknown, accumulator: unknown): number {
    const position = this.#positions.findOrAdd(key, this.keys.length);
    if (position >= 0) return position;
    this.keys.push(key);
    this.accumulators.push(accumulator);
    this.owned.push(false);
    return -1;
  }
}
