/* oxlint-disable vitest/expect-expect -- what is refused here is checked by the compiler */
import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";
import type { Source, SourceSplit } from "../../common/connector/source.ts";
import type { Predicate, Sync } from "../../common/functions/functions.ts";
import { perSubtask } from "../../common/functions/per-subtask.ts";
import type { Sink } from "../../common/connector/sink.ts";
import { minutes, seconds } from "../../common/time/durations.ts";
import { Types } from "../../common/types/types.ts";
import { WatermarkStrategy } from "../../common/watermarks/watermark-strategy.ts";
import type { StreamExecutionEnvironment } from "../environment/stream-execution-environment.ts";
import type { KeyFieldProblem } from "../functions/fields.ts";
import type { CollectedRecords } from "./collected-records.ts";
import type { DataStream, KeyedStream, SingleOutputStreamOperator } from "./streams.ts";

interface Flight {
  date: number;
  delay: number;
  origin: string;
  destination: string;
  tail?: string;
  gate: string | null;
}

declare const env: StreamExecutionEnvironment;
declare const flights: DataStream<Flight>;
declare const source: Source<Flight, SourceSplit & { file: string }, { done: string[] }>;

describe("sources", () => {
  it("infer records, and hand them to the timestamp assigner", () => {
    const stream = env.fromSource(
      source,
      WatermarkStrategy.forBoundedOutOfOrderness(minutes(5))
        .withIdleness(seconds(30))
        .withTimestamps((f) => {
          expectTypeOf(f).toEqualTypeOf<Flight>();
          return f.date;
        }),
      "flights",
    );
    expectTypeOf(stream).toEqualTypeOf<SingleOutputStreamOperator<Flight>>();
  });

  it("want the record's type named where more follows the assigner", () => {
    const strategy = WatermarkStrategy.forMonotonousTimestamps();
    env.fromSource(source, strategy.withTimestamps((f: Flight) => f.date).withIdleness(1));
    // @ts-expect-error the record is unknown: name its type, or let withTimestamps come last
    env.fromSource(source, strategy.withTimestamps((f) => f.date).withIdleness(1));
  });

  it("take a strategy for wider records, without becoming wider", () => {
    const strategy = WatermarkStrategy.forMonotonousTimestamps().withTimestamps(
      (f: { date: number }) => f.date,
    );
    expectTypeOf(env.fromSource(source, strategy)).toEqualTypeOf<SingleOutputStreamOperator<Flight>>();
    expectTypeOf(env.fromItems([{ word: "to", date: 1 }], { watermarks: strategy })).toEqualTypeOf<
      SingleOutputStreamOperator<{ word: string; date: number }>
    >();
  });

  it("take a strategy without timestamps", () => {
    expectTypeOf(env.fromSource(source, WatermarkStrategy.noWatermarks())).toEqualTypeOf<
      SingleOutputStreamOperator<Flight>
    >();
  });

  it("refuse a strategy for other records", () => {
    const strategy = WatermarkStrategy.forMonotonousTimestamps().withTimestamps(
      (order: { placed: number }) => order.placed,
    );
    // @ts-expect-error flights have no field placed
    env.fromSource(source, strategy);
  });

  it("infer items", () => {
    expectTypeOf(env.fromItems([1, 2, 3])).toEqualTypeOf<SingleOutputStreamOperator<number>>();
    expectTypeOf(env.fromItems([{ word: "to" }])).toEqualTypeOf<
      SingleOutputStreamOperator<{ word: string }>
    >();
    expectTypeOf(env.generate({ generate: (i) => ({ id: i }) })).toEqualTypeOf<
      SingleOutputStreamOperator<{ id: number }>
    >();
    expectTypeOf(env.fromSequence(1, 3)).toEqualTypeOf<SingleOutputStreamOperator<number>>();
    env.fromItems([{ word: "to", at: 1 }], {
      watermarks: WatermarkStrategy.forMonotonousTimestamps().withTimestamps((w) => w.at),
    });
  });
});

describe("map, flatMap and filter", () => {
  it("infer what they emit, flat", () => {
    const mapped = flights.map((f) => ({ airport: f.origin, late: f.delay > 15 }));
    expectTypeOf(mapped).toEqualTypeOf<SingleOutputStreamOperator<{ airport: string; late: boolean }>>();
    expectTypeOf(flights.map((f) => f.delay)).toEqualTypeOf<SingleOutputStreamOperator<number>>();
    expectTypeOf(flights.map(() => "late")).toEqualTypeOf<SingleOutputStreamOperator<string>>();
    expectTypeOf(flights.flatMap((f) => [f.origin, f.destination])).toEqualTypeOf<
      SingleOutputStreamOperator<string>
    >();
    expectTypeOf(flights.flatMap((f) => new Set([f.delay]))).toEqualTypeOf<
      SingleOutputStreamOperator<number>
    >();
  });

  it("take objects with a life", () => {
    class Delay {
      open(): void {}
      map(flight: Flight): number {
        return flight.delay;
      }
    }
    expectTypeOf(flights.map(new Delay())).toEqualTypeOf<SingleOutputStreamOperator<number>>();
    expectTypeOf(flights.map(perSubtask(() => new Delay()))).toEqualTypeOf<
      SingleOutputStreamOperator<number>
    >();
  });

  it("name the type of a collector", () => {
    expectTypeOf(flights.flatMap<string>((f, out) => out.collect(f.origin))).toEqualTypeOf<
      SingleOutputStreamOperator<string>
    >();
    // @ts-expect-error "name the type that out.collect takes, flatMap<Word>(...), or return an array"
    flights.flatMap((f, out) => out.collect(f.origin));
  });

  it("narrow by type guards, written or inferred", () => {
    const guarded = flights.map((f) => f.gate).filter((gate): gate is string => gate !== null);
    expectTypeOf(guarded).toEqualTypeOf<SingleOutputStreamOperator<string>>();
    expectTypeOf(flights.map((f) => f.gate).filter((gate) => gate !== null)).toEqualTypeOf<
      SingleOutputStreamOperator<string>
    >();
    expectTypeOf(flights.filter((f) => f.delay > 0)).toEqualTypeOf<SingleOutputStreamOperator<Flight>>();
  });

  it("refuse asynchronous functions", () => {
    // @ts-expect-error "this function must be synchronous: use asyncMap for asynchronous work"
    flights.map(async (f) => f.delay);
    // @ts-expect-error "this function must be synchronous: use asyncMap for asynchronous work"
    flights.filter(async (f) => f.delay > 0);
    // @ts-expect-error a promise is no iterable
    flights.flatMap(async (f) => [f.delay]);
    expectTypeOf<Predicate<Promise<boolean>>>().toEqualTypeOf<Sync<Promise<boolean>>>();
    expectTypeOf<Predicate<boolean>>().toEqualTypeOf<boolean>();
    // @ts-expect-error a number is no boolean
    flights.filter((f) => f.delay);
  });

  it("are asynchronous by asyncMap", () => {
    expectTypeOf(flights.asyncMap(async (f) => ({ gate: f.gate }))).toEqualTypeOf<
      SingleOutputStreamOperator<{ gate: string | null }>
    >();
    expectTypeOf(flights.asyncFlatMap(async (f) => [f.delay], { capacity: 5 })).toEqualTypeOf<
      SingleOutputStreamOperator<number>
    >();
    class Lookup {
      async call(flight: Flight): Promise<{ weather: string }> {
        return await Promise.resolve({ weather: flight.origin });
      }
    }
    expectTypeOf(flights.asyncMap(new Lookup())).toEqualTypeOf<
      SingleOutputStreamOperator<{ weather: string }>
    >();
    expectTypeOf(flights.asyncMap(perSubtask(() => new Lookup()))).toEqualTypeOf<
      SingleOutputStreamOperator<{ weather: string }>
    >();
    // @ts-expect-error asyncMap takes a function that answers a promise
    flights.asyncMap((f) => f.delay);
  });
});

describe("keyBy", () => {
  it("infers keys, tuples as tuples", () => {
    expectTypeOf(flights.keyBy((f) => f.origin)).toEqualTypeOf<KeyedStream<Flight, string>>();
    expectTypeOf(flights.keyBy("origin")).toEqualTypeOf<KeyedStream<Flight, string>>();
    expectTypeOf(flights.keyBy("gate")).toEqualTypeOf<KeyedStream<Flight, string | null>>();
    expectTypeOf(flights.keyBy((f) => [f.origin, f.delay])).toEqualTypeOf<
      KeyedStream<Flight, readonly [string, number]>
    >();
    expectTypeOf(flights.keyBy((f) => ({ from: f.origin, to: f.destination }))).toEqualTypeOf<
      KeyedStream<Flight, { readonly from: string; readonly to: string }>
    >();
    expectTypeOf(flights.keyBy((f) => (f.delay > 0 ? "late" : "early"))).toEqualTypeOf<
      KeyedStream<Flight, "late" | "early">
    >();
  });

  it("takes interfaces as keys", () => {
    interface Route {
      from: string;
      to: string;
    }
    const routes = flights.map((f): Route => ({ from: f.origin, to: f.destination }));
    expectTypeOf(routes.keyBy((r) => r)).toEqualTypeOf<KeyedStream<Route, Route>>();
  });

  it("refuses keys that may be undefined, and what is no key", () => {
    // @ts-expect-error "key may be undefined"
    flights.keyBy((f) => f.tail);
    // @ts-expect-error "key may be undefined": the field is optional
    flights.keyBy("tail");
    // @ts-expect-error tail of key may be undefined
    flights.keyBy((f) => ({ from: f.origin, tail: f.tail }));
    // @ts-expect-error "key may be a function"
    flights.keyBy((f) => () => f.origin);
    // @ts-expect-error "key may be a promise"
    flights.keyBy(async (f) => f.origin);
    // @ts-expect-error "key may be a Map, Set or typed array"
    flights.keyBy((f) => new Set([f.origin]));
    // @ts-expect-error "there is no field orgin"
    flights.keyBy("orgin");
    expectTypeOf<KeyFieldProblem<Flight, "orgin">>().toEqualTypeOf<"there is no field orgin">();
    expectTypeOf<KeyFieldProblem<Flight, "tail">>().toEqualTypeOf<"key may be undefined">();
    expectTypeOf<KeyFieldProblem<Flight, never>>().toBeNever();
  });
});

describe("streams", () => {
  it("are streams of wider records, too", () => {
    const wide: DataStream<{ origin: string }> = flights;
    const operator: SingleOutputStreamOperator<{ origin: string }> = flights.map((f) => f);
    const keyed: KeyedStream<{ origin: string }, string> = flights.keyBy("origin");
    // @ts-expect-error and not of narrower ones
    const narrow: DataStream<Flight> = wide;
    void [operator, keyed, narrow];
  });
});

describe("other transformations", () => {
  it("keep the type", () => {
    expectTypeOf(flights.union(flights, flights.keyBy("origin"))).toEqualTypeOf<DataStream<Flight>>();
    expectTypeOf(flights.rebalance()).toEqualTypeOf<DataStream<Flight>>();
    expectTypeOf(flights.broadcast()).toEqualTypeOf<DataStream<Flight>>();
    expectTypeOf(
      flights.partitionCustom(
        (f) => f.origin,
        (key, n) => key.length % n,
      ),
    ).toEqualTypeOf<DataStream<Flight>>();
    expectTypeOf(flights.executeAndCollect()).toEqualTypeOf<CollectedRecords<Flight>>();
    expectTypeOf(flights.union(env.fromItems([1]), env.fromItems([2]))).toEqualTypeOf<
      DataStream<Flight | number>
    >();
  });

  it("roll aggregates of fields", () => {
    const keyed = flights.keyBy("origin");
    expectTypeOf(keyed.sum("delay")).toEqualTypeOf<SingleOutputStreamOperator<Flight>>();
    expectTypeOf(keyed.maxBy("destination")).toEqualTypeOf<SingleOutputStreamOperator<Flight>>();
    // @ts-expect-error sum takes the name of a number
    keyed.sum("origin");
    expectTypeOf(keyed.aggregate((a) => ({ n: a.count() }))).toEqualTypeOf<
      SingleOutputStreamOperator<{ n: number }>
    >();
    expectTypeOf(
      keyed.aggregate(
        (a) => ({ n: a.count() }),
        (origin, r) => ({ origin, ...r }),
      ),
    ).toEqualTypeOf<SingleOutputStreamOperator<{ n: number; origin: string }>>();
    keyed.reduce((a, b) => ({ ...a, delay: a.delay + b.delay }));
    // @ts-expect-error reduce must answer a record of the stream
    keyed.reduce((a) => a.delay);
  });

  it("declare the type by returns", () => {
    const schema = Types.object({ word: Types.string, n: Types.int });
    const counted = env.fromItems(["to"]).map((word) => ({ word, n: 1 }));
    expectTypeOf(counted.returns(schema)).toEqualTypeOf<
      SingleOutputStreamOperator<{ word: string; n: number }>
    >();
    expectTypeOf(counted.returns(z.object({ word: z.string(), n: z.int() }))).toEqualTypeOf<
      SingleOutputStreamOperator<{ word: string; n: number }>
    >();
    // @ts-expect-error words are no numbers
    counted.returns(Types.object({ word: Types.int }));
  });

  it("end in sinks of their records", () => {
    const numbers = {} as Sink<number>;
    const anything = {} as Sink<unknown, { file: string }, string[]>;
    flights.sinkTo(anything).name("out").uid("out").setParallelism(1);
    flights.map((f) => f.delay).sinkTo(numbers);
    // @ts-expect-error a sink of numbers takes no flights
    flights.sinkTo(numbers);
  });
});
