import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import {
  createSource,
  mapState,
  MillraceError,
  outputTag,
  seconds,
  TumblingEventTimeWindows,
  Types,
  valueState,
  WatermarkStrategy,
} from "millrace";
import type { ConfigValues, DataStream, StreamExecutionEnvironment } from "millrace";
import { miniCluster } from "millrace/testing";
import { Ledger } from "./testing/ledger.ts";

/** Numbers of the longest source: 100 a second. */
const LONG = 300;
const SHORT = 60;

const SAVEPOINTS = mkdtempSync(join(tmpdir(), "millrace-topologies-"));
afterAll(() => rmSync(SAVEPOINTS, { recursive: true, force: true }));

/** How it is run, and what goes wrong. */
const histories = fc.record({
  parallelism: fc.integer({ min: 1, max: 3 }),
  /** Numbers at which the job fails, each once. */
  failures: fc.uniqueArray(fc.nat(LONG - 1), { minLength: 1, maxLength: 3 }),
  /** Commits that fail, counted over all of them. */
  commits: fc.uniqueArray(fc.nat(12), { maxLength: 2 }),
  interval: fc.constantFrom(40, 150, 500),
  concurrent: fc.integer({ min: 1, max: 2 }),
  mode: fc.constantFrom("aligned", "unaligned", "timeout"),
  chaining: fc.boolean(),
  /** When the job is stopped with a savepoint and started from it with other subtasks, ms. */
  stop: fc.option(fc.integer({ min: 200, max: 2500 }), { nil: undefined }),
});
type History = typeof histories extends fc.Arbitrary<infer T> ? T : never;

const configOf = ({ interval, concurrent, mode, chaining }: History): ConfigValues => ({
  "execution.checkpointing.interval": interval,
  "execution.checkpointing.max-concurrent-checkpoints": mode === "aligned" ? concurrent : 1,
  "execution.checkpointing.unaligned.enabled": mode !== "aligned",
  "execution.checkpointing.aligned-checkpoint-timeout": mode === "timeout" ? 20 : 0,
  "pipeline.operator-chaining.enabled": chaining,
  "restart-strategy.type": "fixed-delay",
  "restart-strategy.fixed-delay.attempts": 10,
  "restart-strategy.fixed-delay.delay": 70,
});

/** What programs are made of. */
interface Parts {
  readonly env: StreamExecutionEnvironment;
  /** Numbers from 0 on with 10 ms of event time between them, 100 a second; may fail on the way. */
  readonly numbers: (name: string, count: number) => DataStream<number>;
  /** A number is processed: may fail. */
  readonly check: (n: number) => number;
  readonly sink: (stream: DataStream<string>, name: string) => void;
}

interface Topology {
  readonly build: (parts: Parts) => void;
  readonly expected: () => readonly string[];
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

/** Counts numbers by their last digit. */
const counts = (stream: DataStream<number>, name: string): DataStream<string> =>
  stream
    .keyBy((n) => n % 10)
    .aggregate(
      (a) => ({ n: a.count() }),
      (digit, { n }) => `${name} ${digit} ${n}`,
    )
    .uid(`${name} counts`);
const counted = (numbers: readonly number[], name: string): readonly string[] =>
  [...Map.groupBy(numbers, (n) => n % 10)].flatMap(([digit, list]) =>
    list.map((_, i) => `${name} ${digit} ${i + 1}`),
  );

/** Sums of windows of half a second. */
const sums = (stream: DataStream<number>, name: string): DataStream<string> =>
  stream
    .keyBy((n) => n % 3)
    .window(TumblingEventTimeWindows.of(500))
    .aggregate(
      (a) => ({ sum: a.sum((n) => n) }),
      (key, { start }, { sum }) => `${name} ${key} ${start} ${sum}`,
    )
    .uid(`${name} sums`);
const summed = (numbers: readonly number[], name: string): readonly string[] =>
  [...Map.groupBy(numbers, (n) => `${n % 3} ${Math.floor((n * 10) / 500) * 500}`)].map(
    ([key, list]) => `${name} ${key} ${list.reduce((a, b) => a + b, 0)}`,
  );

const ODD = outputTag<number>("odd", Types.int);

const TOPOLOGIES: Readonly<Record<string, Topology>> = {
  "two sinks and a side output": {
    build({ numbers, check, sink }) {
      const split = numbers("numbers", LONG)
        .map(check)
        .uid("check")
        .process({
          outputs: { odd: ODD },
          onRecord(n, ctx) {
            if (n % 2 === 0) return n;
            ctx.output(ctx.outputs.odd, n);
            return undefined;
          },
        })
        .uid("split");
      sink(
        split.map((n) => `even ${n}`),
        "even",
      );
      sink(counts(split.getSideOutput(ODD), "odd"), "odd");
    },
    expected: () => [
      ...upTo(LONG).flatMap((n) => (n % 2 === 0 ? [`even ${n}`] : [])),
      ...counted(
        upTo(LONG).filter((n) => n % 2 === 1),
        "odd",
      ),
    ],
  },
  "a diamond": {
    build({ numbers, check, sink }) {
      const all = numbers("numbers", LONG);
      const left = all
        .keyBy((n) => n % 7)
        .map((n) => n * 2)
        .uid("left");
      const right = all
        .rebalance()
        .map(check)
        .map((n) => n * 2 + 1)
        .uid("right");
      const both = left.union(right);
      sink(counts(both, "both"), "counts");
      sink(
        both.rebalance().map((n) => `number ${n}`),
        "numbers",
      );
    },
    expected: () => [...counted(upTo(2 * LONG), "both"), ...upTo(2 * LONG).map((n) => `number ${n}`)],
  },
  "a union of which one source ends early": {
    build({ numbers, check, sink }) {
      const short = numbers("short", SHORT);
      // This sink has committed everything, and finished, long before the job does.
      sink(
        short.map((n) => `short ${n}`),
        "short",
      );
      const both = short.union(numbers("long", LONG).map(check).uid("check"));
      sink(counts(both, "both"), "counts");
      sink(sums(both, "both"), "sums");
    },
    expected: () => [
      ...upTo(SHORT).map((n) => `short ${n}`),
      ...counted([...upTo(SHORT), ...upTo(LONG)], "both"),
      ...summed([...upTo(SHORT), ...upTo(LONG)], "both"),
    ],
  },
  "a source without records beside another": {
    build({ env, numbers, check, sink }) {
      const none = env
        .fromSource(
          createSource<number>({ name: "none", boundedness: "bounded", schema: Types.int, read: () => [] }),
          WatermarkStrategy.forMonotonousTimestamps<number>().withTimestamps((n) => n),
          "none",
        )
        .uid("none");
      const both = numbers("numbers", LONG).map(check).uid("check").union(none);
      sink(sums(both, "both"), "sums");
      sink(
        none.map((n) => `none ${n}`),
        "none",
      );
    },
    expected: () => summed(upTo(LONG), "both"),
  },
  "a source that is idle for most of the time": {
    build({ env, numbers, check, sink }) {
      const idle = env
        .fromSource(
          createSource<number>({
            name: "idle",
            boundedness: "bounded",
            schema: Types.int,
            read: async function* (_split, _position, { clock, signal }) {
              yield 0;
              await new Promise<void>((resolve) => {
                const timer = clock.schedule(seconds(4), resolve);
                signal.addEventListener("abort", () => {
                  timer.cancel();
                  resolve();
                });
              });
              yield 2 * LONG;
            },
          }),
          WatermarkStrategy.forMonotonousTimestamps<number>()
            .withTimestamps((n) => n * 10)
            .withIdleness(100),
          "idle",
        )
        .uid("idle");
      const both = numbers("numbers", LONG).map(check).uid("check").union(idle);
      sink(sums(both, "both"), "sums");
      sink(counts(both, "both"), "counts");
    },
    expected: () => [
      ...summed([...upTo(LONG), 0, 2 * LONG], "both"),
      ...counted([...upTo(LONG), 0, 2 * LONG], "both"),
    ],
  },
  "broadcast state, and a stream with timers": {
    build({ numbers, check, sink }) {
      const rules = numbers("rules", SHORT);
      const keyed = numbers("numbers", LONG)
        .map(check)
        .uid("check")
        .keyBy((n) => n % 5)
        .connect(rules.broadcast({ seen: mapState(Types.int, Types.int) }))
        .process({
          state: { count: valueState(Types.int, { defaultValue: () => 0 }) },
          onRecord(_, ctx) {
            ctx.state.count.update(ctx.state.count.value() + 1);
            ctx.timers.registerEventTimeTimer(1_000_000);
          },
          onBroadcast(n, ctx) {
            ctx.broadcast.seen.put(n % 5, (ctx.broadcast.seen.get(n % 5) ?? 0) + 1);
          },
          onTimer: (_, ctx) =>
            `${ctx.currentKey}: ${ctx.state.count.value()} of ${ctx.broadcast.seen.get(ctx.currentKey) ?? 0}`,
        })
        .uid("rules applied");
      sink(keyed, "rules");
    },
    expected: () => upTo(5).map((key) => `${key}: ${LONG / 5} of ${SHORT / 5}`),
  },
};

/** The savepoint that a job was stopped with, although its last commit failed. */
const savepointOf = (error: unknown): string | undefined =>
  MillraceError.is(error, "JOB_FAILED") ? (error.details["savepoint"] as string) : undefined;

describe.each(Object.entries(TOPOLOGIES))("%s", (_, { build, expected }) => {
  it("writes each record once, whatever fails", async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        const ledgers = new Map<string, Ledger>();
        const failures = new Set(history.failures);
        let commits = 0;
        const run = (env: StreamExecutionEnvironment): void =>
          build({
            env,
            check: (n) => {
              if (failures.delete(n)) throw new RangeError(`number ${n}`);
              return n;
            },
            numbers: (name, count) =>
              env
                .generate<number>(
                  { generate: (i) => i, count, ratePerSecond: 100 },
                  {
                    watermarks: WatermarkStrategy.forMonotonousTimestamps<number>().withTimestamps(
                      (n) => n * 10,
                    ),
                  },
                )
                .uid(name),
            sink(stream, name) {
              const ledger = ledgers.get(name) ?? new Ledger();
              ledgers.set(name, ledger);
              ledger.fault = () => (history.commits.includes(commits++) ? "in the middle of" : undefined);
              stream.sinkTo(ledger.sink()).uid(`sink of ${name}`);
            },
          });
        const config = configOf(history);
        let restore: { path: string } | undefined;
        let status = "";
        let log = "";
        for (const last of history.stop === undefined ? [true] : [false, true]) {
          await using cluster = await miniCluster({
            parallelism: restore === undefined ? history.parallelism : 4 - history.parallelism,
            config,
          });
          const env = cluster.environment(restore === undefined ? {} : { restore });
          run(env);
          const client = await env.executeAsync();
          restore = undefined;
          if (!last) {
            await cluster.advance(history.stop ?? 0);
            const stopping = client.stopWithSavepoint({ directory: SAVEPOINTS }).catch(savepointOf);
            await cluster.advance(seconds(60));
            const path = await stopping;
            if (path !== undefined) restore = { path };
          } else {
            await cluster.advance(seconds(60));
          }
          log += cluster.stderr;
          if (restore !== undefined) continue;
          // Where no savepoint came of it, it met a failure, or the end of the job.
          status = client.status();
          break;
        }
        expect(status, log).toBe("FINISHED");
        expect([...ledgers.values()].flatMap(({ lines }) => lines).sort(), log).toEqual(
          [...expected()].sort(),
        );
      }),
      { numRuns: 8 },
    );
  });
});
