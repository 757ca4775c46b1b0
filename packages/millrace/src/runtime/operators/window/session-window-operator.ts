import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { Duration } from "../../../common/time/durations.ts";
import type { TypeInfo } from "../../../common/types/type-info.ts";
import { Types } from "../../../common/types/types.ts";
import { checkTimestamp } from "../../../common/windows/window-arguments.ts";
import type { WindowAssigner } from "../../../common/windows/window-assigner.ts";
import { timeWindow, type TimeWindow } from "../../../common/windows/window.ts";
import type { WindowSpec } from "../../../graph/stream/operator-spec.ts";
import type { NamespaceTable } from "../../state/namespace-tables.ts";
import type { InternalTimerService } from "../../state/timers.ts";
import type { OperatorContext } from "../operator.ts";
import { foldOptions } from "./fold-options.ts";
import { mergingFold } from "./create-fold.ts";
import type { MergingFold } from "./window-fold.ts";
import { WindowOperatorBase } from "./window-operator-base.ts";
import { windowResults, type WindowResults } from "./window-results.ts";

/** A session of a key. Sessions of one key neither overlap nor touch. */
interface Session {
  start: Timestamp;
  end: Timestamp;
  contents: unknown;
}

/** All sessions stand in one table. */
const NAMESPACE = 0;

/**
 * Session windows with the default trigger: for each key its few sessions with their accumulators, in one place.
 *
 * Most records make a session longer. That moves no timer: a session's timer stands where its end was when it began, and when
 * it fires too early it is set anew. What holds is: for each session that is still to fire there is a timer at its last
 * timestamp or before; for each that has fired, at the time of its clean-up or before. Stale timers of sessions
 * that have merged find nothing due.
 */
export class SessionWindowOperator extends WindowOperatorBase {
  protected readonly results: WindowResults;
  readonly #assigner: WindowAssigner<unknown>;
  /** undefined where each record says its own. */
  readonly #gap: Duration | undefined;
  readonly #eventTime: boolean;
  readonly #lateness: Duration;
  readonly #fold: MergingFold;
  readonly #sessions: NamespaceTable<Session[]>;
  readonly #timers: InternalTimerService;

  constructor(spec: WindowSpec, context: OperatorContext) {
    super(spec, context);
    const { shape, timeDomain } = spec.assigner;
    this.#assigner = spec.assigner;
    this.#gap = shape.kind === "session" ? shape.gap : undefined;
    this.#eventTime = timeDomain === "event";
    this.#lateness = this.#eventTime ? spec.allowedLateness : 0;
    this.#fold = mergingFold(spec.contents, foldOptions(context));
    this.#sessions = context.keyedState
      .getNamespaceTables("sessions", sessionsType(this.#fold.type))
      .getOrCreate(NAMESPACE);
    const onTimer = (time: Timestamp, key: unknown): void => this.#onTimer(time, key);
    this.#timers = context.keyedState.getTimerService("sessions", {
      onEventTime: onTimer,
      onProcessingTime: onTimer,
    });
    this.#timers.onEarlierProcessingTime = (time) => this.wakeAfter(time);
    this.results = windowResults(spec.contents, context, {
      merging: true,
      currentWatermark: (key) => this.progress.of(key),
    });
  }

  override open(): void {
    super.open();
    this.wakeAfter(this.#timers.nextProcessingTime);
  }

  processRecord(value: unknown, timestamp: Timestamp): void {
    if (this.busy) this.park(0, value, timestamp);
    else this.handle(0, value, timestamp);
  }

  protected handle(_input: 0 | 1, value: unknown, timestamp: Timestamp): void {
    const key = this.keyOf(value);
    // A session is as exact as the times of its records: the clock is read for each.
    const start = this.#eventTime ? timestamp : this.context.clock.now();
    const end = this.#endOf(value, start);
    const sessions = this.#sessions.getForUpdate(key);
    const at = sessions === undefined ? -1 : firstMeeting(sessions, start, end);
    if (sessions !== undefined && at >= 0) this.#extend(sessions, at, key, value, start, end);
    else this.#begin(sessions, key, value, timestamp, start, end);
  }

  protected fireEventTime(watermark: Timestamp): boolean {
    return this.#timers.advanceWatermark(watermark, this.context.flow);
  }

  protected fireProcessingTime(time: Timestamp): boolean {
    if (!this.#timers.advanceProcessingTime(time, this.context.flow)) return false;
    this.wakeAfter(this.#timers.nextProcessingTime);
    return true;
  }

  #endOf(value: unknown, start: Timestamp): Timestamp {
    if (this.#gap !== undefined) {
      if (!Number.isFinite(start)) checkTimestamp(this.#assigner.constructor.name, start);
      return start + this.#gap;
    }
    return (this.#assigner.assignWindows(value, start)[0] as TimeWindow).end;
  }

  /** A record that meets no session of its key begins one, unless it is late. */
  #begin(
    sessions: Session[] | undefined,
    key: unknown,
    value: unknown,
    timestamp: Timestamp,
    start: Timestamp,
    end: Timestamp,
  ): void {
    const passed = this.#passedFor(key);
    if (end - 1 + this.#lateness <= passed) {
      if (timestamp + this.#lateness <= passed) this.late(value, timestamp);
      return;
    }
    const session: Session = { start, end, contents: this.#fold.create(this.#entered(value)) };
    if (sessions === undefined) this.#sessions.put(key, [session]);
    else sessions.push(session);
    this.#changed(session, key, passed, false);
  }

  /** A record that meets sessions joins them, and makes them longer. */
  #extend(
    sessions: Session[],
    at: number,
    key: unknown,
    value: unknown,
    start: Timestamp,
    end: Timestamp,
  ): void {
    const passed = this.#passedFor(key);
    const session = sessions[at]!;
    let awaited = session.end - 1 > passed;
    session.contents = this.#fold.add(session.contents, this.#entered(value));
    for (let i = sessions.length - 1; i > at; i--) {
      const other = sessions[i]!;
      if (!(other.start <= end && other.end >= start)) continue;
      awaited ||= other.end - 1 > passed;
      session.contents = this.#fold.absorb(session.contents, other.contents);
      session.start = Math.min(session.start, other.start);
      session.end = Math.max(session.end, other.end);
      sessions.splice(i, 1);
    }
    session.start = Math.min(session.start, start);
    session.end = Math.max(session.end, end);
    this.#changed(session, key, passed, awaited);
  }

  /** `awaited`: a timer stands at the session's last timestamp, or before. */
  #changed(session: Session, key: unknown, passed: Timestamp, awaited: boolean): void {
    const last = session.end - 1;
    if (awaited) return;
    this.context.keyedState.setCurrentKey(key);
    if (last > passed) {
      this.#register(last);
      return;
    }
    this.#register(last + this.#lateness);
    this.results.emit(
      key,
      timeWindow(session.start, session.end),
      last,
      this.#fold.result(session.contents, true),
    );
  }

  #onTimer(time: Timestamp, key: unknown): void {
    const sessions = this.#sessions.get(key);
    if (sessions === undefined) return;
    let over = 0;
    for (const session of sessions) {
      const last = session.end - 1;
      if (last === time) this.#fire(session, key, last);
      if (last + this.#lateness <= time) over++;
      else this.#register(last > time ? last : last + this.#lateness);
    }
    if (over > 0) this.#drop(sessions.length - over, key, time);
  }

  #fire({ start, end, contents }: Session, key: unknown, last: Timestamp): void {
    this.results.fire(key, timeWindow(start, end), last, this.#fold, contents, this.#lateness > 0);
  }

  /** Drops the key's sessions that are over, lateness included; `left` remain. */
  #drop(left: number, key: unknown, time: Timestamp): void {
    const sessions = this.#sessions.getForUpdate(key)!;
    for (let i = sessions.length - 1; i >= 0; i--) {
      const { start, end } = sessions[i]!;
      if (end - 1 + this.#lateness > time) continue;
      if (this.results.clears) this.results.clear(key, timeWindow(start, end), end - 1);
      sessions.splice(i, 1);
    }
    if (left === 0) this.#sessions.remove(key);
  }

  #entered(value: unknown): unknown {
    const { enter } = this.#fold;
    return enter === undefined ? value : enter(value);
  }

  #passedFor(key: unknown): Timestamp {
    return this.#eventTime ? this.progress.of(key) : -Infinity;
  }

  #register(time: Timestamp): void {
    if (this.#eventTime) this.#timers.registerEventTimeTimer("", time);
    else this.#timers.registerProcessingTimeTimer("", time);
  }
}

/** The type of a key's sessions; undefined where that of their contents was not declared. */
function sessionsType(contents: TypeInfo<unknown> | undefined): TypeInfo<Session[]> | undefined {
  if (contents === undefined) return undefined;
  return Types.array(Types.object({ start: Types.double, end: Types.double, contents }));
}

/** The position of the first session that a span overlaps or touches, or -1. */
function firstMeeting(sessions: readonly Session[], start: Timestamp, end: Timestamp): number {
  for (let i = 0; i < sessions.length; i++) {
    const session = sessions[i]!;
    if (session.start <= end && session.end >= start) return i;
  }
  return -1;
}
