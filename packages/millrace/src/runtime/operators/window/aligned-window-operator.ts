import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { TimeWindow } from "../../../common/windows/window.ts";
import type { WindowSpec } from "../../../graph/stream/operator-spec.ts";
import type { NamespaceTable, TableScan } from "../../state/namespace-tables.ts";
import type { OperatorContext } from "../operator.ts";
import { SortedTimes } from "./sorted-times.ts";
import { TimeWindowOperator } from "./time-window-operator.ts";
import { foldOptions } from "./fold-options.ts";
import { windowFold } from "./create-fold.ts";
import type { WindowGeometry } from "./window-geometry.ts";

/**
 * Tumbling and sliding windows with the default trigger: a table of accumulators for each window, fired by a walk over
 * the table when time has passed its end, and dropped whole.
 *
 * A window with allowed lateness is kept after its firing; a late record then fires its own key only. Which keys have fired
 * follows from the watermark of their key group, so nothing more is stored.
 */
export class AlignedWindowOperator extends TimeWindowOperator {
  /** Starts of windows that are still to fire. */
  readonly #pending = new SortedTimes();
  /** Starts of windows that have fired and are kept for late records. */
  readonly #kept = new SortedTimes();
  /** The walk under way. */
  #walk: Walk | undefined;

  constructor(spec: WindowSpec, context: OperatorContext, geometry: WindowGeometry) {
    super(spec, context, geometry, windowFold(spec.contents, foldOptions(context)), "windows");
  }

  protected openTables(slice: Timestamp): readonly NamespaceTable<unknown>[] {
    const { geometry } = this;
    const opened: NamespaceTable<unknown>[] = [];
    const first = geometry.firstStart(slice);
    for (let start = geometry.lastStart(slice); start >= first; start -= geometry.slide)
      opened.push(this.#open(start));
    return opened;
  }

  protected addLate(key: unknown, value: unknown, timestamp: Timestamp, time: Timestamp): void {
    const { geometry } = this;
    const passed = this.passedFor(key);
    const kept = this.enter === undefined ? value : this.enter(value);
    let taken = false;
    for (let start = geometry.lastStart(time); start > time - geometry.size; start -= geometry.slide) {
      const last = geometry.maxTimestamp(start);
      if (last + this.lateness <= passed) break;
      taken = true;
      const table = this.#open(start);
      this.addTo(table, key, kept);
      if (last <= passed) this.emit(key, start, table.get(key));
    }
    if (!taken && timestamp + this.lateness <= passed) this.late(value, timestamp);
  }

  protected restoreTables(): void {
    for (const start of this.tables.namespaces()) this.#schedule(start);
  }

  protected nextFiring(): Timestamp {
    return this.geometry.maxTimestamp(this.#pending.first);
  }

  protected fireUpTo(time: Timestamp): boolean {
    for (;;) {
      if (this.#walk !== undefined && !this.#advance(this.#walk)) return false;
      this.#walk = undefined;
      const firesAt = this.geometry.maxTimestamp(this.#pending.first);
      const droppedAt = this.geometry.maxTimestamp(this.#kept.first) + this.lateness;
      if (firesAt <= time && !(droppedAt < firesAt)) this.#beginFiring(this.#pending.takeFirst());
      else if (droppedAt <= time) this.#beginDrop(this.#kept.takeFirst());
      else return true;
    }
  }

  #open(start: Timestamp): NamespaceTable<unknown> {
    const table = this.tables.get(start);
    if (table !== undefined) return table;
    this.#schedule(start);
    return this.tables.getOrCreate(start);
  }

  #schedule(start: Timestamp): void {
    const last = this.geometry.maxTimestamp(start);
    if (last <= this.passed) {
      this.#kept.add(start);
      return;
    }
    this.#pending.add(start);
    this.scheduleFiring(last);
  }

  #beginFiring(start: Timestamp): void {
    const keep = this.lateness > 0;
    if (keep) this.#kept.add(start);
    this.#begin(start, true, !keep);
  }

  #beginDrop(start: Timestamp): void {
    if (this.results.clears) this.#begin(start, false, true);
    else this.tables.drop(start);
  }

  #begin(start: Timestamp, fires: boolean, drops: boolean): void {
    const scan = this.tables.get(start)?.scan();
    if (scan !== undefined) this.#walk = { scan, start, window: this.geometry.window(start), fires, drops };
  }

  #advance({ scan, start, window, fires, drops }: Walk): boolean {
    const { results, fold, progress, context } = this;
    const last = this.geometry.maxTimestamp(start);
    const someFired = progress.anyPassedBefore(last);
    while (scan.next()) {
      const { key } = scan;
      if (results.needsKey) context.keyedState.setCurrentKey(key);
      if (fires && !(someFired && progress.passedBefore(key, last)))
        results.fire(key, window, last, fold, scan.value, !drops);
      if (drops && results.clears) results.clear(key, window, last);
      if (context.flow.blocked) return false;
    }
    if (drops) this.tables.drop(start);
    return true;
  }
}

/** A table being walked over: to fire its keys, to clear them, or both. */
interface Walk {
  readonly scan: TableScan<unknown>;
  readonly start: Timestamp;
  readonly window: TimeWindow;
  readonly fires: boolean;
  /** Whether the table is dropped at the end. */
  readonly drops: boolean;
}
