/*
 * Window operators alone, on the heap backend: records a second through one operator in one thread, firing included, results
 * counted. Run it: `npx node bench/window.bench.ts` (or `run(report)` from a suite). Nothing is asserted: machines differ.
 */
import { HashMapStateBackend } from "../packages/millrace/src/runtime/state/heap/hash-map-state-backend.ts";
import type { Operator, OperatorContext } from "../packages/millrace/src/runtime/operators/operator.ts";
import { createWindowOperator } from "../packages/millrace/src/runtime/operators/window/create-window-operator.ts";
import { jobId, operatorUid } from "../packages/millrace/src/common/ids/ids.ts";
import { SystemClock } from "../packages/millrace/src/common/clock/system-clock.ts";
import { seededRandom } from "../packages/millrace/src/common/clock/random.ts";
import { TumblingEventTimeWindows } from "../packages/millrace/src/common/windows/tumbling-windows.ts";
import { SlidingEventTimeWindows } from "../packages/millrace/src/common/windows/sliding-windows.ts";
import { EventTimeSessionWindows } from "../packages/millrace/src/common/windows/session-windows.ts";
import type { WindowAssigner } from "../packages/millrace/src/common/windows/window-assigner.ts";
import type { WindowSpec } from "../packages/millrace/src/graph/stream/operator-spec.ts";
import { printReport, type Report } from "./report.ts";
import { MetricRegistry } from "../packages/millrace/src/runtime/task/metric-registry.ts";

interface Input {
  /** Keys by record; the record itself is made of it up front. */
  readonly records: readonly { readonly key: number; readonly price: number }[];
  readonly timestamps: Float64Array;
  /** How far watermarks stay behind, ms. */
  readonly delay: number;
}

const RECORDS = 2_000_000;
const ROUNDS = 5;
/** Records between two watermarks. */
const WATERMARK_EVERY = 20_000;

/** Measures all cases. */
export function run(report: Report): void {
  for (const [name, assigner, input] of cases()) {
    const speeds: number[] = [];
    let results = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const before = performance.now();
      results = runOnce(assigner, input);
      speeds.push(input.records.length / (performance.now() - before) / 1000);
    }
    speeds.sort((a, b) => a - b);
    report(`${name} (${results} results)`, speeds[ROUNDS >> 1]!, "M records/s");
  }
}

function cases(): [string, WindowAssigner<never>, Input][] {
  return [
    ["tumbling 10 s, count, 1,000 keys", TumblingEventTimeWindows.of(10_000), uniform(1_000)],
    ["tumbling 10 s, count, 100,000 keys", TumblingEventTimeWindows.of(10_000), uniform(100_000)],
    [
      "sliding 10 s by 2 s, count, auctions as in Nexmark (q5)",
      SlidingEventTimeWindows.of(10_000, 2_000),
      bids(),
    ],
    ["session of gap 10 s, count, 10,000 keys", EventTimeSessionWindows.withGap(10_000), uniform(10_000)],
  ];
}

/** Records of keys drawn uniformly over 40 s, a little out of order. */
function uniform(keys: number): Input {
  const random = seededRandom(keys);
  const records = Array.from({ length: RECORDS }, () => ({
    key: Math.floor(random.next() * keys),
    price: 1,
  }));
  const timestamps = Float64Array.from(
    { length: RECORDS },
    (_, i) => 1.7e12 + Math.floor(i / 50 - random.next() * 500),
  );
  return { records, timestamps, delay: 1_000 };
}

/** Bids as Nexmark draws them, 200,000 events a second, 46 bids to 3 auctions: half on the hottest auction, others on recent ones. */
function bids(): Input {
  const random = seededRandom(5);
  const records: { key: number; price: number }[] = [];
  const timestamps = new Float64Array(RECORDS);
  for (let event = 0; records.length < RECORDS; event++) {
    if (event % 50 < 4) continue;
    const last = 1000 + Math.floor(event / 50) * 3 + 2;
    const hot = Math.floor(last / 100) * 100;
    const key = random.next() < 0.5 ? hot : Math.max(1000, last - 100 + Math.floor(random.next() * 111));
    timestamps[records.length] = 1.7e12 + Math.floor(event / 200);
    records.push({ key, price: 1 });
  }
  return { records, timestamps, delay: 4_000 };
}

function runOnce(assigner: WindowAssigner<never>, { records, timestamps, delay }: Input): number {
  const { operator, count } = createOperator(assigner);
  for (let i = 0; i < records.length; i++) {
    operator.processRecord(records[i], timestamps[i]!);
    if (i % WATERMARK_EVERY === 0) operator.processWatermark!(timestamps[i]! - delay);
  }
  operator.processWatermark!(Infinity);
  void operator.close();
  return count();
}

/** Counts in an accumulator that is changed in place, as the API's count() does. */
function countSpec(assigner: WindowAssigner<never>): WindowSpec {
  return {
    kind: "window",
    keySelector: (record) => (record as { key: number }).key,
    assigner,
    trigger: undefined,
    evictor: undefined,
    allowedLateness: 0,
    lateOutput: undefined,
    contents: {
      kind: "aggregate",
      aggregate: {
        createAccumulator: () => ({ count: 0 }),
        add(accumulator) {
          (accumulator as { count: number }).count++;
          return accumulator;
        },
        getResult: (accumulator) => (accumulator as { count: number }).count,
        merge(a, b) {
          (a as { count: number }).count += (b as { count: number }).count;
          return a;
        },
      },
      output: { kind: "result", fn: (key, window, count) => ({ key, end: window.end, count }) },
    },
  };
}

function createOperator(assigner: WindowAssigner<never>): { operator: Operator; count: () => number } {
  const clock = new SystemClock();
  let count = 0;
  const store = new HashMapStateBackend().createKeyedStore({
    operator: operatorUid("window"),
    operatorName: "window",
    subtaskIndex: 0,
    parallelism: 1,
    maxParallelism: 128,
    keyGroups: { start: 0, end: 128 },
    clock,
    freeze: false,
  });
  const output = { record: () => void count++, watermark: () => {}, idle: () => {} };
  const context: OperatorContext = {
    runtime: {
      jobId: jobId(new Uint8Array(16)),
      jobName: "bench",
      operatorName: "window",
      operatorUid: operatorUid("window"),
      subtaskIndex: 0,
      parallelism: 1,
      maxParallelism: 128,
      attempt: 0,
      metrics: new MetricRegistry().group("window"),
      args: {},
      now: () => clock.now(),
      getState: (descriptor) => store.getState(descriptor.name ?? "", descriptor),
    },
    clock,
    output,
    sideOutput: () => undefined,
    flow: { blocked: false },
    runCursor: (cursor) => void cursor.advance(),
    hold: () => {},
    mail: (mail) => mail(),
    fail: (error) => {
      throw error;
    },
    poison: (error) => {
      throw error;
    },
    keyedState: store,
    // No function of the cases has operator state.
    operatorState: undefined as never,
    freeze: false,
  };
  const operator = createWindowOperator(countSpec(assigner), context);
  operator.initializeState?.();
  operator.open();
  return { operator, count: () => count };
}

if (import.meta.main) run(printReport);
