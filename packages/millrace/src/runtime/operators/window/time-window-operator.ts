import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { Duration } from "../../../common/time/durations.ts";
import { MIN_WATERMARK, type Timestamp } from "../../../common/time/timestamps.ts";
import { checkTimestamp } from "../../../common/windows/window-arguments.ts";
import type { WindowSpec } from "../../../graph/stream/operator-spec.ts";
import type { NamespaceTable, NamespaceTables } from "../../state/namespace-tables.ts";
import type { OperatorContext } from "../operator.ts";
import { NO_PANE, RecentPanes, type Pane } from "./pane.ts";
import type { WindowFold } from "./window-fold.ts";
import type { WindowGeometry } from "./window-geometry.ts";
import { WindowOperatorBase } from "./window-operator-base.ts";
import { windowResults, type WindowResults } from "./window-results.ts";

/**
 * The base of operators whose windows are the same for all keys and fire at their end: tables by window or slice, records
 * that find theirs through the pane of their time.
 *
 * In processing time a record belongs to the window of the moment, as of the last time that the clock was read: it is read
 * when it has passed the end of a slice, not for each record. How far it has come is kept by key group as watermarks are, so that no
 * window fires again after a restore. Windows that are still open when bounded input ends are dropped,
 * as in Flink: their time has not come.
 */
export abstract class TimeWindowOperator extends WindowOperatorBase {
  protected readonly geometry: WindowGeometry;
  protected readonly fold: WindowFold;
  protected readonly results: WindowResults;
  /** How long after their last timestamp windows take records still, ms; 0 in processing time. */
  protected readonly lateness: Duration;
  protected readonly tables: NamespaceTables<unknown>;
  /** See `WindowFold.enter`. */
  protected readonly enter: WindowFold["enter"];
  readonly #eventTime: boolean;
  readonly #windowsName: string;
  readonly #recent = new RecentPanes();
  #pane: Pane = NO_PANE;
  /** Processing time as last read, and whether it must be read again. */
  #now: Timestamp = MIN_WATERMARK;
  #nowPassed = true;

  constructor(
    spec: WindowSpec,
    context: OperatorContext,
    geometry: WindowGeometry,
    fold: WindowFold,
    tableName: string,
  ) {
    super(spec, context, spec.assigner.timeDomain);
    this.geometry = geometry;
    this.fold = fold;
    this.enter = fold.enter;
    this.#windowsName = spec.assigner.constructor.name;
    this.#eventTime = spec.assigner.timeDomain === "event";
    this.lateness = this.#eventTime ? spec.allowedLateness : 0;
    this.tables = context.keyedState.getNamespaceTables(tableName, fold.type);
    this.results = windowResults(spec.contents, context, {
      merging: false,
      currentWatermark: (key) => (this.#eventTime ? this.progress.of(key) : this.watermark),
    });
  }

  /** Creates the tables that records of the slice go to; its windows are still to fire. */
  protected abstract openTables(slice: Timestamp): readonly NamespaceTable<unknown>[];
  /** Adds a record that may be late for some of its windows, or in none; or whose key group is ahead of the others. */
  protected abstract addLate(key: unknown, value: unknown, timestamp: Timestamp, time: Timestamp): void;
  /** Takes the tables that the store has restored. */
  protected abstract restoreTables(): void;
  /** Fires and drops what is due at `time`; false when blocked. */
  protected abstract fireUpTo(time: Timestamp): boolean;
  /** The last timestamp of the next window to fire; NaN where there is none. */
  protected abstract nextFiring(): Timestamp;

  override initializeState(): void {
    super.initializeState();
    this.restoreTables();
  }

  override open(): void {
    super.open();
    this.#setAlarm();
  }

  processRecord(value: unknown, timestamp: Timestamp): void {
    if (this.busy) this.park(0, value, timestamp);
    else this.handle(0, value, timestamp);
  }

  protected handle(_input: 0 | 1, value: unknown, timestamp: Timestamp): void {
    const time = this.#eventTime ? timestamp : this.#processingTime();
    const key = this.keyOf(value);
    let pane = this.#pane;
    if (!(time >= pane.start && time < pane.end)) {
      const found = this.#paneOf(time);
      if (found === undefined) {
        this.addLate(key, value, timestamp, time);
        return;
      }
      this.#pane = pane = found;
    }
    const kept = this.enter === undefined ? value : this.enter(value);
    const tables = pane.tables;
    for (let i = 0; i < tables.length; i++) this.addTo(tables[i]!, key, kept);
  }

  protected addTo(table: NamespaceTable<unknown>, key: unknown, value: unknown): void {
    const accumulator = table.getForUpdate(key);
    if (accumulator === undefined) {
      table.put(key, this.fold.create(value));
      return;
    }
    const next = this.fold.add(accumulator, value);
    if (next !== accumulator) table.put(key, next);
  }

  /** Emits the window's result for the key of the record at hand. */
  protected emit(key: unknown, start: Timestamp, accumulator: unknown): void {
    if (this.results.needsKey) this.context.keyedState.setCurrentKey(key);
    const last = this.geometry.maxTimestamp(start);
    this.results.emit(key, this.geometry.window(start), last, this.fold.result(accumulator, true));
  }

  /** Up to where all windows have fired. */
  protected get passed(): Timestamp {
    return this.progress.current;
  }

  /** Up to where the windows of a key have fired. */
  protected passedFor(key: unknown): Timestamp {
    return this.progress.of(key);
  }

  /** In processing time, wakes the operator when the window is over. */
  protected scheduleFiring(last: Timestamp): void {
    if (!this.#eventTime) this.wakeAfter(last);
  }

  protected fireEventTime(watermark: Timestamp): boolean {
    if (!this.#eventTime) return true;
    this.#forgetPanes(watermark);
    return this.fireUpTo(watermark);
  }

  protected fireProcessingTime(): boolean {
    this.#forgetPanes(this.passed);
    if (!this.fireUpTo(this.passed)) return false;
    this.#setAlarm();
    return true;
  }

  protected override onProcessingTimePassed(): void {
    this.#nowPassed = true;
    this.#pane = NO_PANE;
  }

  #processingTime(): Timestamp {
    if (this.#nowPassed) {
      // Never back into windows that have fired, even if the wall clock was set back, or was another machine's before a restore.
      this.#now = Math.max(this.context.clock.now(), this.progress.furthest + 1);
      this.#nowPassed = false;
      this.wakeAfter(this.geometry.sliceEnd(this.geometry.sliceStart(this.#now)) - 1);
    }
    return this.#now;
  }

  #setAlarm(): void {
    const next = this.nextFiring();
    if (!Number.isNaN(next)) this.scheduleFiring(next);
  }

  /** The pane of a time all whose windows are still to fire; undefined where there is none. */
  #paneOf(time: Timestamp): Pane | undefined {
    if (!Number.isFinite(time)) throw this.#noWindow(time);
    if (this.progress.ahead) return undefined;
    const recent = this.#recent.find(time);
    if (recent !== undefined) return recent;
    const { geometry } = this;
    const start = geometry.sliceStart(time);
    const first = geometry.firstStart(start);
    const firesAt = geometry.maxTimestamp(first);
    if (firesAt <= this.passed || first > start) return undefined;
    const pane: Pane = { start, end: geometry.sliceEnd(start), firesAt, tables: this.openTables(start) };
    this.#recent.add(pane);
    return pane;
  }

  #noWindow(time: Timestamp): MillraceError {
    checkTimestamp(this.#windowsName, time);
    return new MillraceError(
      "INVALID_ARGUMENT",
      `${this.#windowsName} got a record of time ${time}, which is in no window`,
    );
  }

  #forgetPanes(passed: Timestamp): void {
    this.#recent.forget(passed);
    if (this.#pane.firesAt <= passed) this.#pane = NO_PANE;
  }
}
