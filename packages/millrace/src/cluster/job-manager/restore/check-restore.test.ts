import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DataStream } from "../../../api/streams/streams.ts";
import { graphOf, newEnv, flightsOf, type Flight } from "../../../api/streams/testing/recorded-graph.ts";
import { mapState, valueState } from "../../../common/state/descriptors.ts";
import type { AnyType } from "../../../common/types/infer-types.ts";
import { Types } from "../../../common/types/types.ts";
import { WatermarkStrategy } from "../../../common/watermarks/watermark-strategy.ts";
import { CountEvictor } from "../../../common/windows/count-evictor.ts";
import { CountTrigger } from "../../../common/windows/count-trigger.ts";
import { EventTimeSessionWindows } from "../../../common/windows/session-windows.ts";
import { SlidingEventTimeWindows } from "../../../common/windows/sliding-windows.ts";
import { TumblingEventTimeWindows } from "../../../common/windows/tumbling-windows.ts";
import { createJobGraph } from "../../../graph/job/create-job-graph.ts";
import type { StreamGraph } from "../../../graph/stream/stream-graph.ts";
import type { ChannelSnapshot } from "../../../protocol/control/snapshots.ts";
import { checkRestore, type RestoreCheckOptions } from "./check-restore.ts";
import type { RestoreCheck } from "./restore-check.ts";
import { describeMismatch } from "./restore-mismatch.ts";
import { restoreRefused } from "./restore-refused.ts";
import type { RestoringJob } from "./restoring-job.ts";
import { savepointOf, withOperator, withStates, type TestSavepoint } from "./testing/savepoint-of.ts";

type Program = (flights: DataStream<Flight>) => DataStream<unknown> | readonly DataStream<unknown>[];

const jobOf = (graph: StreamGraph, parallelism = 2): RestoringJob => ({
  streamGraph: graph,
  jobGraph: createJobGraph(graph, { parallelism }),
});
const job = (program: Program, parallelism?: number): RestoringJob => jobOf(graphOf(program), parallelism);

/** What comes of starting `after` from a savepoint of `before`. */
function check(before: Program, after: Program, options?: RestoreCheckOptions): RestoreCheck {
  const { metadata, states } = savepointOf(job(before));
  return checkRestore(metadata, job(after), { states, ...options });
}
const checkSavepoint = ({ metadata, states }: TestSavepoint, of: RestoringJob): RestoreCheck =>
  checkRestore(metadata, of, { states });

const sentences = ({ mismatches }: RestoreCheck): string[] => mismatches.map(describeMismatch);
const remedies = ({ mismatches }: RestoreCheck): string => mismatches.map(({ remedy }) => remedy).join("\n");
const texts = (notices: RestoreCheck["notices"], kind: string): string[] =>
  notices.filter((notice) => notice.kind === kind).map(({ operator, text }) => `${operator} ${text}`);

const origin = (flight: Flight): string => flight.origin;
const count: Program = (flights) =>
  flights
    .keyBy(origin)
    .process({ state: { n: valueState(Types.int) }, onRecord: () => undefined })
    .uid("count")
    .name("count");
const windows =
  (change: (flights: DataStream<Flight>) => DataStream<unknown>): Program =>
  (flights) =>
    change(flights);
const tumbling = (size: number) =>
  windows((flights) =>
    flights
      .keyBy(origin)
      .window(TumblingEventTimeWindows.of(size))
      .aggregate((a) => ({ n: a.count() }))
      .uid("perHour")
      .name("per hour"),
  );
const sliding = (joinable: boolean) =>
  windows((flights) => {
    const windowed = flights.keyBy(origin).window(SlidingEventTimeWindows.of(60_000, 20_000));
    return (joinable ? windowed.reduce((a) => a, { mergeable: true }) : windowed.reduce((a) => a)).uid(
      "perHour",
    );
  });
const stateOf = (type: AnyType | undefined): Program =>
  windows((flights) =>
    flights
      .keyBy(origin)
      .process({ state: { n: valueState(type) }, onRecord: () => undefined })
      .uid("count")
      .name("count"),
  );

/** An instance of a class. */
class Money {
  readonly cents = 0;
}
const money = {
  name: "Money",
  version: 1,
  is: (value: unknown): value is Money => value instanceof Money,
  encode: () => new Uint8Array(0),
  decode: () => new Money(),
};

describe("checkRestore", () => {
  it.each([
    ["itself", count, count],
    ["itself, with windows", tumbling(1000), tumbling(1000)],
    [
      "one that has an operator more",
      count,
      (flights: DataStream<Flight>) => [count(flights), tumbling(1000)(flights)].flat(),
    ],
    [
      "one that renamed an operator with a uid",
      count,
      (flights: DataStream<Flight>) => stateOf(Types.int)(flights),
    ],
    ["one whose type grew", stateOf(Types.int), stateOf(Types.double)],
  ] satisfies [string, Program, Program][])("lets a job start as %s", (_, before, after) => {
    expect(sentences(check(before, after))).toEqual([]);
  });

  it.each<[string, Program, Program, RegExp, RegExp]>([
    [
      "an operator was removed",
      count,
      (flights) => flights,
      /^operator "count" \(uid "count"\): the savepoint has state of it, a keyedProcess operator; the job has no operator of this uid$/u,
      /--allow-non-restored-state/u,
    ],
    [
      "a uid was mistyped",
      count,
      (flights) =>
        flights
          .keyBy(origin)
          .process({ state: { n: valueState(Types.int) }, onRecord: () => undefined })
          .uid("coutn")
          .name("counted"),
      /the job has no operator of this uid/u,
      /"counted" \(uid "coutn"\) looks like it: if it is, give it \.uid\("count"\)/u,
    ],
    [
      "another operator has the uid",
      count,
      (flights) =>
        flights
          .keyBy(origin)
          .reduce((a) => a)
          .uid("count")
          .name("latest"),
      /the savepoint has state of a keyedProcess operator; in the job it is a keyedReduce operator, "latest"$/u,
      /another uid/u,
    ],
    [
      "a state is of another kind",
      count,
      (flights) =>
        flights
          .keyBy(origin)
          .process({ state: { n: mapState(Types.string, Types.int) }, onRecord: () => undefined })
          .uid("count")
          .name("count"),
      /state "n": the savepoint has a value state; the job declares a map state$/u,
      /another name/u,
    ],
    [
      "a type doesn't fit",
      stateOf(Types.object({ zip: Types.string, at: Types.timestamp })),
      stateOf(Types.object({ zip: Types.int, at: Types.timestamp })),
      /state "n": the savepoint has values of type \{ zip: string, at: timestamp \}; the job declares \{ zip: int, at: timestamp \}; at zip: string can't become int$/u,
      /int to double/u,
    ],
    [
      "a custom type is declared no more",
      stateOf(Types.custom(money)),
      stateOf(undefined),
      /values of type Money; the job declares none: Money can't become any$/u,
      /take back the change/u,
    ],
    [
      "windows have another size",
      tumbling(1000),
      tumbling(5000),
      /"per hour".*the savepoint has state of windows "tumbling, 1000 ms, event time"; the job has windows "tumbling, 5000 ms, event time"$/u,
      /loses what they hold/u,
    ],
    [
      "windows have a trigger",
      tumbling(1000),
      (flights) =>
        flights
          .keyBy(origin)
          .window(TumblingEventTimeWindows.of(1000))
          .trigger(CountTrigger.of(3))
          .aggregate((a) => ({ n: a.count() }))
          .uid("perHour"),
      /the savepoint has windows kept by window, then key; the job keeps them by key, then window: its windows have the trigger CountTrigger\(3\) now$/u,
      /take back the change/u,
    ],
    [
      "windows have an evictor",
      tumbling(1000),
      (flights) =>
        flights
          .keyBy(origin)
          .window(TumblingEventTimeWindows.of(1000))
          .evictor(CountEvictor.of(3))
          .aggregate((a) => ({ n: a.count() }))
          .uid("perHour"),
      /by key, then window: its windows have the evictor CountEvictor/u,
      /take back the change/u,
    ],
    [
      "an aggregate can't be joined any more",
      sliding(true),
      sliding(false),
      /kept by slice, which sliding windows share; the job keeps them by window, then key: its aggregate can't be joined any more/u,
      /take back the change/u,
    ],
    [
      "windows are sessions now",
      tumbling(1000),
      (flights) =>
        flights
          .keyBy(origin)
          .window(EventTimeSessionWindows.withGap(1000))
          .aggregate((a) => ({ n: a.count() }))
          .uid("perHour"),
      /the job keeps them as sessions of each key: its windows are session windows now$/u,
      /take back the change/u,
    ],
    [
      "an evictor makes lists of what was reduced",
      (flights) =>
        flights
          .keyBy(origin)
          .window(TumblingEventTimeWindows.of(1000))
          .trigger(CountTrigger.of(3))
          .aggregate((a) => ({ n: a.count() }))
          .uid("perHour"),
      (flights) =>
        flights
          .keyBy(origin)
          .window(TumblingEventTimeWindows.of(1000))
          .trigger(CountTrigger.of(3))
          .evictor(CountEvictor.of(3))
          .aggregate((a) => ({ n: a.count() }))
          .uid("perHour"),
      /state "contents": the savepoint has an aggregating state; the job declares a list state, because its windows have an evictor$/u,
      /another name/u,
    ],
  ])("says so where %s", (_, before, after, sentence, remedy) => {
    const found = check(before, after);
    expect(sentences(found)).toEqual([expect.stringMatching(sentence)]);
    expect(remedies(found)).toMatch(remedy);
  });

  it("takes an operator without uid for the one that it most likely was", () => {
    const named =
      (name: string, before: string): Program =>
      (flights) =>
        flights
          .map((f) => f)
          .name(before)
          .keyBy(origin)
          .process({ state: { n: valueState(Types.int) }, onRecord: () => undefined })
          .name(name);
    const moved = check(named("count", "a"), named("count", "b"));
    expect(remedies(moved)).toMatch(/^The job's operator "count" \(uid "[0-9a-f]{32}"\) looks like it/u);
    // Neither uid nor name are the same, but it is the only one of its kind.
    const renamed = check(named("count", "a"), named("tally", "b"));
    expect(remedies(renamed)).toMatch(/^The job's operator "tally"/u);
    const gone = check(count, (flights) => flights);
    expect(remedies(gone)).toMatch(/^If it has another uid in the job, give it this one: \.uid\("count"\)/u);
  });

  it("leaves state behind where that is allowed, and says of which operator", () => {
    const found = check(count, (flights) => flights, { allowNonRestoredState: true });
    expect(found.mismatches).toEqual([]);
    expect(texts(found.notices, "dropped")).toEqual(["count its state is left behind"]);
  });

  it("reports everything at once", () => {
    const before: Program = (flights) => [count(flights), tumbling(1000)(flights)].flat();
    const after: Program = (flights) => [stateOf(Types.string)(flights), tumbling(2000)(flights)].flat();
    const found = check(before, after);
    expect(found.mismatches.map(({ kind }) => kind)).toEqual(["state-type", "operator-settings"]);
    const error = restoreRefused("flights", "/savepoints/savepoint-1", found);
    expect(error).toMatchObject({ code: "RESTORE_REFUSED", details: { mismatches: found.mismatches } });
    expect(error.message).toMatch(
      /^job "flights" can't start from \/savepoints\/savepoint-1, for 2 reasons:\n {2}1\. operator "count".*\n {5}Allowed are.*\n {2}2\. operator "per hour"/u,
    );
    expect(JSON.parse(JSON.stringify(error.details))).toEqual(error.details);
  });

  it("compares the number of key groups only where the program asks for one", () => {
    const env = newEnv();
    env.configure({ "pipeline.max-parallelism": 256 });
    for (const end of [count(flightsOf(env))].flat()) end.print();
    const configured = jobOf(env.getStreamGraph("test"));
    const savepoint = savepointOf(job(count));
    expect(sentences(checkSavepoint(savepoint, configured))).toEqual([
      'operator "count" (uid "count"): the savepoint has its keys in 128 key groups; the job asks for 256 by pipeline.max-parallelism',
    ]);
    const asking = (n: number): RestoringJob =>
      job((flights) =>
        flights
          .keyBy(origin)
          .process({ state: { n: valueState(Types.int) }, onRecord: () => undefined })
          .setMaxParallelism(n)
          .uid("count"),
      );
    expect(sentences(checkSavepoint(savepoint, asking(128)))).toEqual([]);
    expect(sentences(checkSavepoint(savepoint, asking(64)))).toEqual([
      expect.stringMatching(/asks for 64 by setMaxParallelism$/u),
    ]);
    // 200 subtasks would derive 512 key groups for themselves; the savepoint's hold.
    expect(sentences(checkSavepoint(savepoint, job(count, 100)))).toEqual([]);
    expect(sentences(checkSavepoint(savepoint, job(count, 200)))).toEqual([
      expect.stringMatching(/in 128 key groups; the job runs it in 200 subtasks/u),
    ]);
  });

  it("refuses state in files of a state backend that the job doesn't use", () => {
    const savepoint = withOperator(savepointOf(job(count)), "count", (operator) => ({
      ...operator,
      subtasks: operator.subtasks.map((subtask, index) => ({
        ...subtask,
        keyed: {
          kind: "native",
          backend: "rocksdb",
          keyGroups: { start: index, end: index + 1 },
          header: { kind: "inline", bytes: new Uint8Array(0) },
          files: [],
        },
      })),
    }));
    expect(sentences(checkSavepoint(savepoint, job(count)))).toEqual([
      'operator "count" (uid "count"): the savepoint has its state in files of rocksdb, which no other state backend reads; the job keeps it in hashmap',
    ]);
    const env = newEnv();
    env.configure({ "state.backend.type": "rocksdb" });
    for (const end of [count(flightsOf(env))].flat()) end.print();
    const rocksdb = jobOf(env.getStreamGraph("test"));
    expect(sentences(checkSavepoint(savepoint, rocksdb))).toEqual([]);
    // Nothing reads what a task leaves that has finished, but what a part of its subtasks leave.
    const finishing = (which: (index: number) => boolean): TestSavepoint =>
      savepoint.metadata.operators.reduce(
        (before, { uid }) =>
          withOperator(before, uid, (operator) => ({
            ...operator,
            subtasks: operator.subtasks.map((subtask, index) =>
              which(index)
                ? { ...subtask, finished: true }
                : {
                    ...subtask,
                    keyed: savepointOf(job(count)).metadata.operators.find((o) => o.uid === uid)!.subtasks[
                      index
                    ]!.keyed,
                  },
            ),
          })),
        savepoint,
      );
    expect(
      sentences(
        checkSavepoint(
          finishing(() => true),
          job(count),
        ),
      ),
    ).toEqual([]);
    expect(
      checkSavepoint(
        finishing((index) => index === 0),
        job(count),
      ).mismatches,
    ).toMatchObject([
      { kind: "state-backend", remedy: expect.stringContaining("after all of them had finished") },
    ]);
    // What is in our own format both read.
    expect(sentences(checkSavepoint(savepointOf(job(count)), rocksdb))).toEqual([]);
  });

  it("refuses another source or sink under the same uid", () => {
    const savepoint = savepointOf(job(count));
    const other = withOperator(savepoint, savepoint.metadata.operators[0]!.uid, (operator) => ({
      ...operator,
      settings: { source: "file source" },
    }));
    expect(sentences(checkSavepoint(other, job(count)))).toEqual([
      expect.stringMatching(/has state of source "file source"; the job has source "items source"$/u),
    ]);
  });

  it("refuses what was drained, and keys that were hashed in another way", () => {
    const before = job(count);
    const found = checkSavepoint(savepointOf(before, { stop: "drain", keyHashVersion: 99 }), before);
    expect(sentences(found)).toEqual([
      "the savepoint was taken when its job was drained, so that its input counts as ended for good; nothing more can come of it",
      "the savepoint maps keys to key groups by version 99 of the hash; this Millrace does by version 1",
    ]);
    expect(remedies(found)).toContain("millrace 0.0.0");
  });

  it("refuses records on their way where the edge is gone", () => {
    const before = job(count);
    const [source, keyed] = before.streamGraph.nodes;
    const channel = (records: number, targetInput: number): ChannelSnapshot => ({
      sourceUid: source!.uid,
      sideOutput: undefined,
      targetUid: keyed!.uid,
      targetInput,
      producerSubtask: 0,
      consumerSubtask: 1,
      side: "received",
      records,
      bytes: { kind: "inline", bytes: new Uint8Array(0) },
    });
    const overtaken = (...channels: ChannelSnapshot[]): TestSavepoint =>
      savepointOf(before, { kind: "checkpoint", channels });
    expect(sentences(checkSavepoint(overtaken(channel(3, 0)), before))).toEqual([]);
    expect(sentences(checkSavepoint(overtaken(channel(3, 0)), job(count, 5)))).toEqual([]);
    expect(sentences(checkSavepoint(overtaken(channel(3, 1), channel(4, 1)), before))).toEqual([
      'operator "count" (uid "count"): the savepoint has 7 records on the way to it from "Source: flights", which the checkpoint overtook; the job has no such edge',
    ]);
    const moved = job((flights) => [
      flights.map((f) => f).uid("between"),
      ...[count(flights.map((f) => f).uid("other"))].flat(),
    ]);
    expect(checkSavepoint(overtaken(channel(3, 0)), moved).mismatches).toMatchObject([
      { kind: "in-flight-records" },
    ]);
    expect(checkSavepoint(overtaken(channel(0, 0)), moved).mismatches).toEqual([]);
  });

  it("refuses to feed what has finished", () => {
    const before = savepointOf(job(count));
    const finished = before.metadata.operators.reduce(
      (savepoint, { uid }) =>
        withOperator(savepoint, uid, (operator) => ({
          ...operator,
          subtasks: operator.subtasks.map((subtask) => ({ ...subtask, finished: true })),
        })),
      before,
    );
    expect(sentences(checkSavepoint(finished, job(count)))).toEqual([]);
    const fed = job((flights) => count(flights.map((f) => f).uid("new")));
    expect(sentences(checkSavepoint(finished, fed))).toEqual([
      'operator "count" (uid "count"): the savepoint has it as finished, with all its input processed; in the job it is fed by "Map", which has not finished',
    ]);
  });

  it("says what it can't see, and what else is to be known", () => {
    const found = check(
      (flights) => [stateOf(undefined)(flights), tumbling(1000)(flights)].flat(),
      (flights) =>
        [
          stateOf(Types.int)(flights),
          tumbling(1000)(flights),
          flights
            .keyBy(origin)
            .reduce((a) => a)
            .name("latest"),
        ].flat(),
    );
    expect(found.mismatches).toEqual([]);
    expect(texts(found.unchecked, "unchecked")).toEqual([
      "count its values had no declared type when they were written: each is looked at",
    ]);
    expect(texts(found.notices, "starts-empty")).toEqual(["latest is new: it starts without state"]);
    expect(texts(found.notices, "generated-uid")).toEqual([
      expect.stringMatching(/^Source: flights has no uid of its own/u),
    ]);
    expect(check(stateOf(Types.int), stateOf(undefined)).mismatches).toEqual([]);
    const grown = check(stateOf(Types.int), stateOf(Types.double));
    expect(texts(grown.notices, "migrated")).toEqual([
      "count its values are read as another type: int became double",
    ]);
  });

  it("carries along a state that nobody declares any more, unless a function may ask for it", () => {
    const without: Program = (flights) =>
      flights
        .keyBy(origin)
        .process({ onRecord: () => undefined })
        .uid("count");
    expect(texts(check(count, without).notices, "unused")).toEqual([
      "count is not used any more: it is carried along from savepoint to savepoint",
    ]);
    const asking: Program = (flights) =>
      flights
        .keyBy(origin)
        .process({ open: () => undefined, onRecord: () => undefined })
        .uid("count");
    const found = check(count, asking);
    expect(texts(found.notices, "unused")).toEqual([]);
    expect(found.unchecked).toMatchObject([{ operator: "count", state: "n" }]);
  });

  it("without the states' descriptions leaves them to the operators", () => {
    const { metadata } = savepointOf(job(count));
    const found = checkRestore(metadata, job(stateOf(Types.string)));
    expect(found.mismatches).toEqual([]);
    expect(found.unchecked).toMatchObject([{ operator: "count", uid: "count" }]);
  });

  it("misses nothing where time was assigned and no longer is", () => {
    const timed: Program = (flights) =>
      flights.assignTimestampsAndWatermarks(WatermarkStrategy.forMonotonousTimestamps<Flight>()).uid("time");
    const emitted = {
      name: "~emitted-watermarks",
      mode: "union",
      keyType: undefined,
      type: undefined,
    } as const;
    const savepoint = withStates(savepointOf(job(timed)), "time", () => ({ keyed: [], operator: [emitted] }));
    const found = [job((flights) => flights), job(timed)].map((now) => checkSavepoint(savepoint, now));
    expect(found.map(sentences)).toEqual([[], []]);
    expect(found[1]?.notices.filter(({ uid }) => uid === "time")).toEqual([]);
  });

  it("needs nothing of an operator whose parts hold only watermarks", () => {
    const empty = withStates(savepointOf(job(count)), "count", () => ({ keyed: [], operator: [] }));
    expect(
      sentences(
        checkSavepoint(
          empty,
          job((flights) => flights),
        ),
      ),
    ).toEqual([]);
  });
});

/** Programs of a source and some operators with uids, each fed by one before it. */
const operators = fc.array(
  fc.record({
    kind: fc.constantFrom("count", "latest", "window", "map" as const),
    input: fc.nat(20),
  }),
  { minLength: 1, maxLength: 8 },
);
type Operators = readonly { readonly kind: "count" | "latest" | "window" | "map"; readonly input: number }[];

const recorded =
  (steps: Operators, without?: number): Program =>
  (flights) => {
    const streams: DataStream<Flight>[] = [flights];
    for (const [index, { kind, input }] of steps.entries()) {
      const from = streams[input % streams.length]!;
      // What came after the operator that is left out is fed by its input.
      streams.push(index === without ? from : step(from, kind, `op-${index}`));
    }
    return streams;
  };

function step(from: DataStream<Flight>, kind: Operators[number]["kind"], uid: string): DataStream<Flight> {
  const keyed = from.keyBy(origin);
  switch (kind) {
    case "count":
      return keyed.process({ state: { n: valueState(Types.int) }, onRecord: (f: Flight) => f }).uid(uid);
    case "latest":
      return keyed.reduce((a) => a).uid(uid);
    case "window":
      return keyed
        .window(TumblingEventTimeWindows.of(1000))
        .reduce((a) => a)
        .uid(uid);
    case "map":
      return from.map((f) => f).uid(uid);
  }
}

describe("any program", () => {
  it("starts from its own savepoint, at any parallelism", () => {
    fc.assert(
      fc.property(operators, fc.integer({ min: 1, max: 128 }), (steps, parallelism) => {
        const savepoint = savepointOf(job(recorded(steps)));
        const found = checkSavepoint(savepoint, job(recorded(steps), parallelism));
        expect(sentences(found)).toEqual([]);
        expect(found.unchecked).toEqual([]);
        expect(found.notices.filter(({ kind }) => kind !== "generated-uid")).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it("misses exactly the state of the operator that is left out", () => {
    fc.assert(
      fc.property(operators, fc.nat(20), (steps, at) => {
        const without = at % steps.length;
        const savepoint = savepointOf(job(recorded(steps)));
        const found = checkSavepoint(savepoint, job(recorded(steps, without)));
        const uid = `op-${without}`;
        const stateless = steps[without]!.kind === "map";
        expect(found.mismatches.map((mismatch) => [mismatch.kind, mismatch.uid])).toEqual(
          stateless ? [] : [["operator-missing", uid]],
        );
      }),
      { numRuns: 50 },
    );
  });
});
