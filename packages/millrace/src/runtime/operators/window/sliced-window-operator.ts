import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { WindowSpec } from "../../../graph/stream/operator-spec.ts";
import type { NamespaceTable } from "../../state/namespace-tables.ts";
import type { OperatorContext } from "../operator.ts";
import { SliceJoin } from "./slice-join.ts";
import { SortedTimes } from "./sorted-times.ts";
import { TimeWindowOperator } from "./time-window-operator.ts";
import type { SliceFold } from "./window-fold.ts";
import type { WindowGeometry } from "./window-geometry.ts";

/**
 * Sliding windows whose accumulators can be joined, with the default trigger: a record goes to one table, that of its
 * slice, and a window that fires joins the tables of its slices. Slices live until their last window and its lateness are over
 * (correctness rule 14); a late record fires its own key in those of its windows that have fired.
 */
export class SlicedWindowOperator extends TimeWindowOperator {
  /** Starts of windows that are still to fire. */
  readonly #pending = new SortedTimes();
  /** Starts of slices. */
  readonly #slices = new SortedTimes();
  readonly #join: SliceJoin;

  constructor(spec: WindowSpec, context: OperatorContext, geometry: WindowGeometry, fold: SliceFold) {
    super(spec, context, geometry, fold, "slices");
    this.#join = new SliceJoin(fold, this.results, this.progress, context);
  }

  protected openTables(slice: Timestamp): readonly NamespaceTable<unknown>[] {
    return [this.#open(slice)];
  }

  protected addLate(key: unknown, value: unknown, timestamp: Timestamp, time: Timestamp): void {
    const { geometry, lateness } = this;
    const passed = this.passedFor(key);
    const youngest = geometry.lastStart(time);
    if (geometry.maxTimestamp(youngest) + lateness <= passed || youngest <= time - geometry.size) {
      if (timestamp + lateness <= passed) this.late(value, timestamp);
      return;
    }
    this.addTo(this.#open(geometry.sliceStart(time)), key, value);
    for (let start = youngest; start > time - geometry.size; start -= geometry.slide) {
      const last = geometry.maxTimestamp(start);
      if (last + lateness <= passed) break;
      if (last <= passed) this.emit(key, start, this.#join.joined(this.#tablesOf(start), key));
    }
  }

  protected restoreTables(): void {
    for (const slice of this.tables.namespaces()) this.#schedule(slice);
  }

  protected nextFiring(): Timestamp {
    return this.geometry.maxTimestamp(this.#pending.first);
  }

  protected fireUpTo(time: Timestamp): boolean {
    for (;;) {
      if (!this.#join.advance()) return false;
      const firesAt = this.geometry.maxTimestamp(this.#pending.first);
      const droppedAt = this.#droppedAt(this.#slices.first);
      if (firesAt <= time && !(droppedAt < firesAt)) this.#beginFiring(this.#pending.takeFirst());
      else if (droppedAt <= time) this.tables.drop(this.#slices.takeFirst());
      else return true;
    }
  }

  #beginFiring(start: Timestamp): void {
    const { geometry } = this;
    this.#join.begin(this.#tablesOf(start), geometry.window(start), geometry.maxTimestamp(start));
  }

  #open(slice: Timestamp): NamespaceTable<unknown> {
    const table = this.tables.get(slice);
    if (table !== undefined) return table;
    this.#schedule(slice);
    return this.tables.getOrCreate(slice);
  }

  #schedule(slice: Timestamp): void {
    const { geometry, passed } = this;
    // The windows over the slice before were scheduled with it.
    const before = geometry.sliceStart(slice - 1);
    const first = this.tables.get(before) === undefined ? geometry.firstStart(slice) : before + 1;
    this.#slices.add(slice);
    for (let start = geometry.lastStart(slice); start >= first; start -= geometry.slide) {
      const last = geometry.maxTimestamp(start);
      if (last <= passed) break;
      this.#pending.add(start);
      this.scheduleFiring(last);
    }
  }

  /** The time at which the slice's last window and its lateness are over. */
  #droppedAt(slice: Timestamp): Timestamp {
    return this.geometry.maxTimestamp(this.geometry.lastStart(slice)) + this.lateness;
  }

  /** The tables of a window's slices, oldest first. */
  #tablesOf(start: Timestamp): readonly NamespaceTable<unknown>[] {
    const { geometry } = this;
    const found: NamespaceTable<unknown>[] = [];
    for (let slice = start; slice < start + geometry.size; slice = geometry.sliceEnd(slice)) {
      const table = this.tables.get(slice);
      if (table !== undefined) found.push(table);
    }
    return found;
  }
}
