import type { DataStream } from "../../../api/streams/streams.ts";
import { outputTag } from "../../../common/outputs/create-output-tag.ts";
import { listState, mapState, reducingState, valueState } from "../../../common/state/descriptors.ts";
import type { Infer } from "../../../common/types/infer-types.ts";
import { Types } from "../../../common/types/types.ts";
import { ContinuousEventTimeTrigger } from "../../../common/windows/continuous-event-time-trigger.ts";
import { CountEvictor } from "../../../common/windows/count-evictor.ts";
import { CountTrigger } from "../../../common/windows/count-trigger.ts";
import { DeltaTrigger } from "../../../common/windows/delta-trigger.ts";
import { GlobalWindows } from "../../../common/windows/global-windows.ts";
import { PurgingTrigger } from "../../../common/windows/purging-trigger.ts";
import {
  EventTimeSessionWindows,
  ProcessingTimeSessionWindows,
} from "../../../common/windows/session-windows.ts";
import {
  SlidingEventTimeWindows,
  SlidingProcessingTimeWindows,
} from "../../../common/windows/sliding-windows.ts";
import {
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
} from "../../../common/windows/tumbling-windows.ts";

/** The records of the programs. */
export const Item = Types.object({ key: Types.string, n: Types.int });
export type Item = Infer<typeof Item>;

/** Records that came too late, where a program keeps them. */
export const LATE = outputTag("late", Item);

/** Makes one operator of one input. What it emits of a key depends on the key's own records and on time alone. */
export type ProgramOfOne = (items: DataStream<Item>) => DataStream<unknown>;
/** The same of two inputs. */
export type ProgramOfTwo = (items: DataStream<Item>, others: DataStream<Item>) => DataStream<unknown>;

const keyOf = (item: Item): string => item.key;
const sum = (a: Item, b: Item): Item => ({ key: a.key, n: a.n + b.n });
const numbers = (items: Iterable<Item>): number[] => Array.from(items, ({ n }) => n);

const tumbling = TumblingEventTimeWindows.of(20);
const sliding = SlidingEventTimeWindows.of(30, 10);
const sessions = EventTimeSessionWindows.withGap(12);

/** Every operator of one input that has state, by what it is. */
export const PROGRAMS_OF_ONE: Readonly<Record<string, ProgramOfOne>> = {
  "process function with state and timers": (items) =>
    items.keyBy(keyOf).process({
      state: {
        count: valueState(Types.int),
        all: listState(Types.int),
        largest: reducingState((a: number, b: number) => Math.max(a, b), Types.int),
        byParity: mapState(Types.string, Types.int),
      },
      onRecord({ key, n }, ctx) {
        const count = (ctx.state.count.value() ?? 0) + 1;
        ctx.state.count.update(count);
        ctx.state.all.add(n);
        ctx.state.largest.add(n);
        const parity = n % 2 === 0 ? "even" : "odd";
        ctx.state.byParity.put(parity, (ctx.state.byParity.get(parity) ?? 0) + 1);
        if (n % 3 === 0) ctx.timers.registerEventTimeTimer(ctx.timestamp + 15);
        if (n % 3 === 1) ctx.timers.registerProcessingTimeTimer(ctx.timers.currentProcessingTime() + 25);
        if (n % 7 === 0) ctx.timers.deleteEventTimeTimer(ctx.timestamp + 15);
        if (n % 11 === 0) ctx.state.all.clear();
        return { key, n, count, watermark: ctx.timers.currentWatermark() };
      },
      onTimer: (time, ctx) => ({
        key: ctx.currentKey,
        time,
        domain: ctx.timeDomain,
        all: [...ctx.state.all.get()],
        largest: ctx.state.largest.get(),
        byParity: [...ctx.state.byParity.entries()].map(([name, count]) => `${name} ${count}`).sort(),
      }),
    }),
  "rolling reduce": (items) => items.keyBy(keyOf).reduce(sum),
  "rolling aggregate": (items) =>
    items
      .keyBy(keyOf)
      .aggregate((a) => ({ count: a.count(), largest: a.max((item: Item) => item.n), last: a.last() })),
  "tumbling windows, aggregated": (items) =>
    items
      .keyBy(keyOf)
      .window(tumbling)
      .sideOutputLateData(LATE)
      .aggregate((a) => ({ sum: a.sum((item: Item) => item.n), count: a.count() })),
  "tumbling windows with lateness, reduced": (items) =>
    items.keyBy(keyOf).window(tumbling).allowedLateness(15).sideOutputLateData(LATE).reduce(sum),
  "tumbling windows, processed": (items) =>
    items
      .keyBy(keyOf)
      .window(tumbling)
      .sideOutputLateData(LATE)
      .process({
        onWindow: (all, ctx) => ctx.collect({ key: ctx.key, end: ctx.window.end, all: numbers(all) }),
      }),
  "sliding windows, sliced": (items) =>
    items
      .keyBy(keyOf)
      .window(sliding)
      .sideOutputLateData(LATE)
      .aggregate((a) => a.sum((item: Item) => item.n)),
  "sliding windows with lateness, processed": (items) =>
    items
      .keyBy(keyOf)
      .window(sliding)
      .allowedLateness(10)
      .sideOutputLateData(LATE)
      .process({
        onWindow: (all, ctx) => ctx.collect({ key: ctx.key, end: ctx.window.end, all: numbers(all) }),
      }),
  sessions: (items) =>
    items
      .keyBy(keyOf)
      .window(sessions)
      .sideOutputLateData(LATE)
      .process({
        onWindow: (all, ctx) =>
          ctx.collect({ key: ctx.key, start: ctx.window.start, end: ctx.window.end, all: numbers(all) }),
      }),
  "sessions with lateness, aggregated": (items) =>
    items
      .keyBy(keyOf)
      .window(sessions)
      .allowedLateness(9)
      .sideOutputLateData(LATE)
      .aggregate((a) => a.count()),
  "sessions that a count fires": (items) =>
    items.keyBy(keyOf).window(sessions).trigger(CountTrigger.of(3)).reduce(sum),
  "windows that fire again and again": (items) =>
    items
      .keyBy(keyOf)
      .window(sliding)
      .trigger(ContinuousEventTimeTrigger.of(7))
      .aggregate((a) => a.count()),
  "windows with an evictor": (items) =>
    items
      .keyBy(keyOf)
      .window(tumbling)
      .evictor(CountEvictor.of(2))
      .process({
        onWindow: (all, ctx) => ctx.collect({ key: ctx.key, end: ctx.window.end, all: numbers(all) }),
      }),
  "windows with state of their own": (items) =>
    items
      .keyBy(keyOf)
      .window(tumbling)
      .allowedLateness(20)
      .process({
        state: { windows: valueState(Types.int) },
        onWindow(all, ctx) {
          const windows = (ctx.globalState.windows.value() ?? 0) + 1;
          ctx.globalState.windows.update(windows);
          ctx.collect({ key: ctx.key, end: ctx.window.end, windows, all: numbers(all) });
        },
      }),
  "counts of three": (items) => items.keyBy(keyOf).countWindow(3).reduce(sum),
  "the last five, by twos": (items) =>
    items
      .keyBy(keyOf)
      .countWindow(5, 2)
      .process({ onWindow: (all, ctx) => ctx.collect({ key: ctx.key, all: numbers(all) }) }),
  "a window of everything, by steps": (items) =>
    items
      .keyBy(keyOf)
      .window(GlobalWindows.create())
      .trigger(PurgingTrigger.of(DeltaTrigger.of(20, (a: Item, b: Item) => b.n - a.n, Item)))
      .process({ onWindow: (all, ctx) => ctx.collect({ key: ctx.key, all: numbers(all) }) }),
  "tumbling windows of processing time": (items) =>
    items.keyBy(keyOf).window(TumblingProcessingTimeWindows.of(20)).reduce(sum),
  "sliding windows of processing time": (items) =>
    items
      .keyBy(keyOf)
      .window(SlidingProcessingTimeWindows.of(30, 10))
      .aggregate((a) => a.sum((item: Item) => item.n)),
  "sessions of processing time": (items) =>
    items
      .keyBy(keyOf)
      .window(ProcessingTimeSessionWindows.withGap(12))
      .process({
        onWindow: (all, ctx) => ctx.collect({ key: ctx.key, start: ctx.window.start, all: numbers(all) }),
      }),
};

/** Every operator of two inputs that has state. */
export const PROGRAMS_OF_TWO: Readonly<Record<string, ProgramOfTwo>> = {
  "interval join": (items, others) =>
    items
      .keyBy(keyOf)
      .intervalJoin(others.keyBy(keyOf))
      .between(-10, 15)
      .sideOutputLeftLateData(LATE)
      .process((left, right) => ({ key: left.key, left: left.n, right: right.n })),
  "co-process function": (items, others) =>
    items
      .keyBy(keyOf)
      .connect(others.keyBy(keyOf))
      .process({
        state: { total: valueState(Types.int) },
        onRecord1({ n }, ctx) {
          ctx.state.total.update((ctx.state.total.value() ?? 0) + n);
          ctx.timers.registerEventTimeTimer(ctx.timestamp + 10);
          return undefined;
        },
        onRecord2({ key, n }, ctx) {
          ctx.timers.registerProcessingTimeTimer(ctx.timers.currentProcessingTime() + 30);
          return { key, n, total: ctx.state.total.value() ?? null };
        },
        onTimer: (time, ctx) => ({ key: ctx.currentKey, time, total: ctx.state.total.value() ?? null }),
      }),
  "broadcast to a keyed stream": (items, others) =>
    items
      .keyBy(keyOf)
      .connect(others.broadcast({ limits: mapState(Types.string, Types.int) }))
      .process({
        state: { above: valueState(Types.int) },
        onRecord({ key, n }, ctx) {
          const limit = ctx.broadcast.limits.get(key) ?? 50;
          const above = (ctx.state.above.value() ?? 0) + (n > limit ? 1 : 0);
          ctx.state.above.update(above);
          return { key, n, limit, above };
        },
        onBroadcast({ key, n }, ctx) {
          ctx.broadcast.limits.put(key, n);
        },
      }),
  "broadcast to a stream": (items, others) =>
    items.connect(others.broadcast({ limits: mapState(Types.string, Types.int) })).process({
      onRecord: ({ key, n }, ctx) => ({ key, n, limit: ctx.broadcast.limits.get(key) ?? null }),
      onBroadcast({ key, n }, ctx) {
        ctx.broadcast.limits.put(key, n);
      },
    }),
};
