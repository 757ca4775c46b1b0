import type { Timestamp } from "../../../../common/time/timestamps.ts";

/** What happens to a window operator, in order. */
export type WindowEvent =
  | { readonly kind: "record"; readonly key: unknown; readonly value: number; readonly timestamp: Timestamp }
  | { readonly kind: "watermark"; readonly time: Timestamp };

/** A window as the oracle sees it. */
export interface Span {
  readonly start: Timestamp;
  readonly end: Timestamp;
}

/** The windows that a record falls into, and what becomes of late ones. */
export interface OracleWindows {
  windowsOf(timestamp: Timestamp): readonly Span[];
  /** Whether overlapping windows of a key become one. */
  readonly merging: boolean;
  readonly lateness: number;
}

/** A result: the values of a key in a window, ascending. */
export interface Fired extends Span {
  readonly key: unknown;
  readonly values: readonly number[];
}

/** What is emitted up to a watermark, the watermark included. */
export interface Segment {
  /** Infinity for what comes after the last. */
  readonly watermark: Timestamp;
  readonly fired: readonly Fired[];
  readonly late: readonly number[];
}

interface OpenWindow extends Span {
  readonly key: unknown;
  readonly values: number[];
}

/**
 * Flink's event-time windows with their default trigger, as plainly as they can be said: all open windows stand in one
 * list, and every rule is a loop over it. Results of one segment come sorted, since keys fire in no particular order.
 */
export function windowOracle(events: readonly WindowEvent[], windows: OracleWindows): Segment[] {
  const segments: Segment[] = [];
  let open: OpenWindow[] = [];
  let watermark = -Infinity;
  let fired: Fired[] = [];
  let late: number[] = [];
  const fire = ({ key, start, end, values }: OpenWindow): void => {
    fired.push({ key, start, end, values: values.toSorted((a, b) => a - b) });
  };
  const isOver = (span: Span): boolean => span.end - 1 + windows.lateness <= watermark;

  for (const event of events) {
    if (event.kind === "watermark") {
      for (const window of open) if (window.end - 1 > watermark && window.end - 1 <= event.time) fire(window);
      watermark = Math.max(watermark, event.time);
      open = open.filter((window) => !isOver(window));
      segments.push({ watermark: event.time, fired: sorted(fired), late });
      fired = [];
      late = [];
      continue;
    }
    let taken = false;
    for (const assigned of windows.windowsOf(event.timestamp)) {
      const met = open.filter(
        (window) => sameKey(window.key, event.key) && meets(window, assigned, windows.merging),
      );
      const window: OpenWindow = {
        key: event.key,
        start: Math.min(assigned.start, ...met.map(({ start }) => start)),
        end: Math.max(assigned.end, ...met.map(({ end }) => end)),
        values: [...met.flatMap(({ values }) => values), event.value],
      };
      if (isOver(window)) continue;
      taken = true;
      open = [...open.filter((other) => !met.includes(other)), window];
      if (window.end - 1 <= watermark) fire(window);
    }
    if (!taken && event.timestamp + windows.lateness <= watermark) late.push(event.value);
  }
  segments.push({ watermark: Infinity, fired: sorted(fired), late });
  return segments;
}

/** Results in an order of their own. */
export function sorted(fired: readonly Fired[]): Fired[] {
  const rank = (a: Fired): string => JSON.stringify([a.end, a.start, a.key, a.values]);
  return fired.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

function meets(a: Span, b: Span, merging: boolean): boolean {
  return merging ? a.start <= b.end && b.start <= a.end : a.start === b.start && a.end === b.end;
}

function sameKey(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
