/* oxlint-disable vitest/expect-expect -- what is refused here is checked by the compiler */
import { describe, expectTypeOf, it } from "vitest";
import { outputTag } from "../../common/outputs/create-output-tag.ts";
import type { OutputTag } from "../../common/outputs/output-tag.ts";
import type { AggregateFunction } from "../../common/state/state.ts";
import { valueState } from "../../common/state/descriptors.ts";
import { hours, minutes } from "../../common/time/durations.ts";
import { Types } from "../../common/types/types.ts";
import { ContinuousEventTimeTrigger } from "../../common/windows/continuous-event-time-trigger.ts";
import { CountEvictor } from "../../common/windows/count-evictor.ts";
import { DeltaTrigger } from "../../common/windows/delta-trigger.ts";
import { EventTimeSessionWindows } from "../../common/windows/session-windows.ts";
import { GlobalWindows } from "../../common/windows/global-windows.ts";
import { PurgingTrigger } from "../../common/windows/purging-trigger.ts";
import { CountTrigger } from "../../common/windows/count-trigger.ts";
import { TumblingEventTimeWindows } from "../../common/windows/tumbling-windows.ts";
import type { GlobalWindow, TimeWindow } from "../../common/windows/window.ts";
import type { DataStream, KeyedStream, SingleOutputStreamOperator, WindowedStream } from "./streams.ts";

interface Flight {
  date: number;
  delay: number;
  origin: string;
  carrier: string | null;
}
declare const flights: DataStream<Flight>;
declare const keyed: KeyedStream<Flight, string>;
declare const windowed: WindowedStream<Flight, string, TimeWindow>;

describe("windows", () => {
  it("infer from key to result, as in the guide", () => {
    const delays = flights
      .keyBy((f) => f.origin)
      .window(TumblingEventTimeWindows.of(hours(24)))
      .aggregate(
        (a) => ({ flights: a.count(), delay: a.avg((f) => f.delay) }),
        (airport, window, r) => {
          expectTypeOf(airport).toEqualTypeOf<string>();
          expectTypeOf(window).toEqualTypeOf<TimeWindow>();
          expectTypeOf(r).toEqualTypeOf<{ flights: number; delay: number }>();
          return { airport, day: window.start, ...r };
        },
      );
    expectTypeOf(delays).toEqualTypeOf<
      SingleOutputStreamOperator<{ flights: number; delay: number; airport: string; day: number }>
    >();
  });

  it("know their kind of window", () => {
    expectTypeOf(keyed.window(TumblingEventTimeWindows.of(1))).toEqualTypeOf<
      WindowedStream<Flight, string, TimeWindow>
    >();
    expectTypeOf(keyed.window(GlobalWindows.create())).toEqualTypeOf<
      WindowedStream<Flight, string, GlobalWindow>
    >();
    expectTypeOf(keyed.countWindow(3)).toEqualTypeOf<WindowedStream<Flight, string, GlobalWindow>>();
    const dynamic = keyed.window(
      EventTimeSessionWindows.withDynamicGap((f) => (f.delay > 0 ? minutes(10) : minutes(30))),
    );
    expectTypeOf(dynamic).toEqualTypeOf<WindowedStream<Flight, string, TimeWindow>>();
    keyed.window(GlobalWindows.create()).apply((_key, window) => {
      // @ts-expect-error the global window has no start
      void window.start;
    });
  });

  it("infer every aggregate, null where values may be missing", () => {
    const all = windowed.aggregate((a) => ({
      flights: a.count(),
      late: a.count((f) => f.delay > 15),
      sum: a.sum((f) => f.delay),
      mean: a.avg((f) => f.delay),
      least: a.min((f) => f.delay),
      firstCarrier: a.min((f) => f.carrier),
      worst: a.maxBy((f) => f.delay),
      named: a.minBy((f) => f.carrier),
      first: a.first((f) => f.origin),
      last: a.last(),
      delays: a.collect((f) => f.delay),
      carriers: a.countDistinct((f) => f.carrier),
      deviation: a.stddev((f) => f.delay),
      sample: a.stddevSample((f) => f.delay),
      top: a.top(3, (f) => f.delay),
    }));
    expectTypeOf(all).toEqualTypeOf<
      SingleOutputStreamOperator<{
        flights: number;
        late: number;
        sum: number;
        mean: number;
        least: number;
        firstCarrier: string | null;
        worst: Flight;
        named: Flight | null;
        first: string;
        last: Flight;
        delays: number[];
        carriers: number;
        deviation: number;
        sample: number | null;
        top: Flight[];
      }>
    >();
    expectTypeOf(windowed.aggregate((a) => a.count())).toEqualTypeOf<SingleOutputStreamOperator<number>>();
    // @ts-expect-error averages are of numbers
    windowed.aggregate((a) => ({ mean: a.avg((f) => f.origin) }));
    // @ts-expect-error no such field
    windowed.aggregate((a) => ({ mean: a.avg((f) => f.dealy) }));
    // @ts-expect-error the callback answers aggregates
    windowed.aggregate(() => ({ n: 1 }));
  });

  it("take AggregateFunctions", () => {
    class Range implements AggregateFunction<Flight, { min: number; max: number }, number> {
      createAccumulator() {
        return { min: Infinity, max: -Infinity };
      }
      add(acc: { min: number; max: number }, f: Flight) {
        return { min: Math.min(acc.min, f.delay), max: Math.max(acc.max, f.delay) };
      }
      getResult(acc: { min: number; max: number }) {
        return acc.max - acc.min;
      }
    }
    expectTypeOf(windowed.aggregate(new Range())).toEqualTypeOf<SingleOutputStreamOperator<number>>();
    expectTypeOf(windowed.aggregate(new Range(), (key, _window, range) => ({ key, range }))).toEqualTypeOf<
      SingleOutputStreamOperator<{ key: string; range: number }>
    >();
    expectTypeOf(windowed.aggregate((a) => ({ range: a.custom(new Range()) }))).toEqualTypeOf<
      SingleOutputStreamOperator<{ range: number }>
    >();
  });

  it("combine aggregates with process functions", () => {
    const result = windowed.aggregate((a) => ({ n: a.count() }), {
      state: { total: valueState(Types.int, { defaultValue: () => 0 }) },
      outputs: { busy: outputTag<string>("busy") },
      onWindow(results, ctx) {
        const [result] = results;
        expectTypeOf(result).toEqualTypeOf<{ n: number } | undefined>();
        ctx.globalState.total.update(ctx.globalState.total.value() + (result?.n ?? 0));
        ctx.output(ctx.outputs.busy, ctx.key);
        return { airport: ctx.key, at: ctx.window.start, total: ctx.globalState.total.value() };
      },
    });
    expectTypeOf(result).toEqualTypeOf<
      SingleOutputStreamOperator<{ airport: string; at: number; total: number }, { busy: OutputTag<string> }>
    >();
  });

  it("reduce, process and apply", () => {
    expectTypeOf(windowed.reduce((a, b) => (a.delay > b.delay ? a : b))).toEqualTypeOf<
      SingleOutputStreamOperator<Flight>
    >();
    expectTypeOf(windowed.reduce((a, b) => (a.delay > b.delay ? a : b), { mergeable: true })).toEqualTypeOf<
      SingleOutputStreamOperator<Flight>
    >();
    expectTypeOf(
      windowed.reduce(
        (a) => a,
        (key, window, worst) => ({ key, at: window.end, delay: worst.delay }),
      ),
    ).toEqualTypeOf<SingleOutputStreamOperator<{ key: string; at: number; delay: number }>>();
    expectTypeOf(
      windowed.process({ onWindow: (records, ctx) => ({ key: ctx.key, n: [...records].length }) }),
    ).toEqualTypeOf<SingleOutputStreamOperator<{ key: string; n: number }>>();
    expectTypeOf(
      windowed.apply((key, _window, records) => [...records].map((f) => ({ key, delay: f.delay }))),
    ).toEqualTypeOf<SingleOutputStreamOperator<{ key: string; delay: number }>>();
    // @ts-expect-error "this function must be synchronous: use asyncMap for asynchronous work"
    windowed.apply(async (key) => key);
  });

  it("send late records to a side output", () => {
    const late = outputTag<Flight>("late");
    const counts = windowed
      .allowedLateness(minutes(1))
      .sideOutputLateData(late)
      .aggregate((a) => ({ n: a.count() }));
    expectTypeOf(counts.sideOutputs.late).toEqualTypeOf<DataStream<Flight>>();
    expectTypeOf(counts.getSideOutput(late)).toEqualTypeOf<DataStream<Flight>>();
    expectTypeOf(windowed.sideOutputLateData().sum("delay").sideOutputs.late).toEqualTypeOf<
      DataStream<Flight>
    >();
    // @ts-expect-error the late records are flights
    windowed.sideOutputLateData(outputTag<number>("late"));
    // @ts-expect-error nobody asked for late records
    void windowed.sum("delay").sideOutputs.late;
  });

  it("take triggers and evictors of their records and windows", () => {
    windowed.trigger(ContinuousEventTimeTrigger.of(minutes(1))).evictor(CountEvictor.of(10));
    keyed
      .window(GlobalWindows.create())
      .trigger(PurgingTrigger.of(CountTrigger.of(10)))
      .trigger(DeltaTrigger.of(5, (earlier, flight) => flight.delay - earlier.delay));
    const meters = DeltaTrigger.of<{ meters: number }>(5, (a, b) => b.meters - a.meters);
    // @ts-expect-error flights have no meters
    windowed.trigger(meters);
  });

  it("over all records have no key", () => {
    const all = flights.windowAll(TumblingEventTimeWindows.of(hours(1)));
    expectTypeOf(
      all.aggregate(
        (a) => ({ n: a.count() }),
        (window, r) => ({ at: window.start, ...r }),
      ),
    ).toEqualTypeOf<SingleOutputStreamOperator<{ n: number; at: number }>>();
    expectTypeOf(
      all.reduce(
        (a) => a,
        (window, f) => ({ at: window.start, worst: f.delay }),
      ),
    ).toEqualTypeOf<SingleOutputStreamOperator<{ at: number; worst: number }>>();
    expectTypeOf(all.apply((window, records) => ({ at: window.end, n: [...records].length }))).toEqualTypeOf<
      SingleOutputStreamOperator<{ at: number; n: number }>
    >();
  });
});

describe("joins", () => {
  const weather = {} as DataStream<{ airport: string; rain: number }>;

  it("infer pairs", () => {
    const joined = flights
      .join(weather)
      .where((f) => f.origin)
      .equalTo((w) => w.airport)
      .window(TumblingEventTimeWindows.of(hours(1)))
      .apply((f, w) => ({ delay: f.delay, rain: w.rain }));
    expectTypeOf(joined).toEqualTypeOf<SingleOutputStreamOperator<{ delay: number; rain: number }>>();
    const where = flights.join(weather).where((f) => f.origin);
    // @ts-expect-error keys must be of one type
    where.equalTo((w) => w.rain);
  });

  it("infer groups", () => {
    const grouped = flights
      .coGroup(weather)
      .where((f) => f.origin)
      .equalTo((w) => w.airport)
      .window(TumblingEventTimeWindows.of(hours(1)))
      .apply((fs, ws, airport, window) =>
        ws.length === 0 ? { airport, at: window.start, n: fs.length } : undefined,
      );
    expectTypeOf(grouped).toEqualTypeOf<
      SingleOutputStreamOperator<{ airport: string; at: number; n: number }>
    >();
  });

  it("by intervals", () => {
    const near = keyed
      .intervalJoin(weather.keyBy("airport"))
      .between(-minutes(5), minutes(5))
      .upperBoundExclusive();
    expectTypeOf(near.join((f, w, airport) => ({ airport, delay: f.delay, rain: w.rain }))).toEqualTypeOf<
      SingleOutputStreamOperator<{ airport: string; delay: number; rain: number }>
    >();
    expectTypeOf(near.process((f, _w, ctx) => (f.delay > 0 ? { at: ctx.timestamp } : []))).toEqualTypeOf<
      SingleOutputStreamOperator<{ at: number }>
    >();
    // @ts-expect-error keys must be of one type
    keyed.intervalJoin(weather.keyBy("rain"));
  });
});
