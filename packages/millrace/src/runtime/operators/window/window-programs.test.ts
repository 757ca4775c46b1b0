import { describe, expect, it } from "vitest";
import {
  createEnvironment,
  EventTimeSessionWindows,
  outputTag,
  seconds,
  SlidingEventTimeWindows,
  TumblingEventTimeWindows,
  type DataStream,
} from "../../../index.ts";
import type { WindowSpec } from "../../../graph/stream/operator-spec.ts";
import { createWindowOperator } from "./create-window-operator.ts";
import { WindowHarness } from "./testing/window-harness.ts";
import { heapStore } from "./testing/window-job.ts";

interface Bid {
  readonly auction: number;
  readonly price: number;
}
interface Person {
  readonly id: number;
  readonly name: string;
}

type Program = (bids: DataStream<Bid>, people: () => DataStream<Person>) => { readonly print: () => unknown };

/** The window operator of a program, alone. */
function windowOf(program: Program): WindowHarness {
  const env = createEnvironment();
  program(env.fromItems<Bid>([]), () => env.fromItems<Person>([])).print();
  const specs = env.getStreamGraph("test").nodes.map(({ spec }) => spec);
  const spec = specs.find((spec): spec is WindowSpec => spec.kind === "window")!;
  return new WindowHarness((context) => createWindowOperator(spec, context), { store: heapStore() });
}

const bid = (auction: number, price: number): Bid => ({ auction, price });
const left = (value: unknown): unknown => ({ side: 0, value });
const right = (value: unknown): unknown => ({ side: 1, value });

describe("windows as programs record them", () => {
  it("aggregate by a builder, over shared slices", () => {
    const harness = windowOf((bids) =>
      bids
        .keyBy((bid) => bid.auction)
        .window(SlidingEventTimeWindows.of(seconds(10), seconds(5)))
        .aggregate(
          (a) => ({ bids: a.count(), highest: a.max((bid) => bid.price), mean: a.avg((bid) => bid.price) }),
          (auction, window, result) => ({ auction, end: window.end, ...result }),
        ),
    );
    harness.record(bid(1, 10), 1000);
    harness.record(bid(1, 30), 6000);
    harness.record(bid(2, 5), 6001);
    harness.watermark(Infinity);
    expect(harness.take()).toEqual([
      { auction: 1, end: 5000, bids: 1, highest: 10, mean: 10 },
      { auction: 1, end: 10_000, bids: 2, highest: 30, mean: 20 },
      { auction: 2, end: 10_000, bids: 1, highest: 5, mean: 5 },
      { auction: 1, end: 15_000, bids: 1, highest: 30, mean: 30 },
      { auction: 2, end: 15_000, bids: 1, highest: 5, mean: 5 },
    ]);
  });

  it("join two streams", () => {
    const harness = windowOf((bids, people) =>
      bids
        .join(people())
        .where((bid) => bid.auction)
        .equalTo((person) => person.id)
        .window(TumblingEventTimeWindows.of(10))
        .apply((bid, person) => `${person.name} ${bid.price}`),
    );
    harness.record(left(bid(1, 10)), 1);
    harness.record(right({ id: 1, name: "Ada" }), 2);
    harness.record(left(bid(1, 20)), 3);
    harness.record(right({ id: 2, name: "Bea" }), 3);
    harness.record(right({ id: 1, name: "Cid" }), 11);
    harness.watermark(Infinity);
    expect(harness.emitted).toEqual([
      { kind: "record", value: "Ada 10", timestamp: 9 },
      { kind: "record", value: "Ada 20", timestamp: 9 },
      { kind: "watermark", time: Infinity },
    ]);
  });

  it("co-group two streams, in sessions of dynamic gaps, too", () => {
    const harness = windowOf((bids, people) =>
      bids
        .coGroup(people())
        .where((bid) => bid.auction)
        .equalTo((person) => person.id)
        .window(
          EventTimeSessionWindows.withDynamicGap<Bid | Person>((record) =>
            "price" in record ? record.price : 5,
          ),
        )
        .apply((bids, people, key) => `${key}: ${bids.length} and ${people.length}`),
    );
    harness.record(left(bid(1, 10)), 0);
    harness.record(right({ id: 1, name: "Ada" }), 10);
    harness.record(right({ id: 1, name: "Ada" }), 16);
    harness.watermark(Infinity);
    expect(harness.take()).toEqual(["1: 1 and 1", "1: 0 and 1"]);
  });

  it("send late records to their side output", () => {
    const late = outputTag<Bid>("too-late");
    const harness = windowOf((bids) =>
      bids
        .windowAll(TumblingEventTimeWindows.of(10))
        .sideOutputLateData(late)
        .reduce((a, b) => (a.price >= b.price ? a : b)),
    );
    harness.record(bid(1, 1), 1);
    harness.record(bid(2, 2), 2);
    harness.watermark(9);
    harness.record(bid(3, 3), 3);
    expect(harness.side("too-late")).toEqual([bid(3, 3)]);
    expect(harness.take()).toEqual([bid(2, 2)]);
  });

  it("count records", () => {
    const harness = windowOf((bids) =>
      bids
        .keyBy((bid) => bid.auction)
        .countWindow(3, 2)
        .process({
          onWindow: (bids, ctx) => `${ctx.key}: ${[...bids].map((bid) => bid.price).join()}`,
        }),
    );
    for (const price of [1, 2, 3, 4, 5, 6]) harness.record(bid(7, price), 0);
    expect(harness.take()).toEqual(["7: 1,2", "7: 2,3,4", "7: 4,5,6"]);
  });
});
