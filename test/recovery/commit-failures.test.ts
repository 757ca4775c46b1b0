import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createSource, MillraceError, seconds, Types, WatermarkStrategy } from "millrace";
import type { ConfigValues, JobClient, StreamExecutionEnvironment } from "millrace";
import { miniCluster } from "millrace/testing";
import type { MiniCluster } from "millrace/testing";
import { Ledger } from "./testing/ledger.ts";
import type { CommitAttempt, Moment } from "./testing/ledger.ts";

const COUNT = 350;
const MOMENTS: readonly Moment[] = ["before", "in the middle of", "after"];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-commits-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const config = (more: ConfigValues = {}): ConfigValues => ({
  "execution.checkpointing.interval": "1 s",
  "execution.checkpointing.dir": join(folder, "checkpoints"),
  "execution.checkpointing.savepoint-dir": join(folder, "savepoints"),
  "restart-strategy.type": "fixed-delay",
  "restart-strategy.fixed-delay.attempts": 4,
  "restart-strategy.fixed-delay.delay": "100 ms",
  ...more,
});

/** Counts by last digit, 100 numbers a second; `chained` numbers as they are: each sink is a part of the job that fails alone. */
function program(env: StreamExecutionEnvironment, ledger: Ledger, chained: boolean): void {
  const numbers = env.generate({ generate: (i) => i, count: COUNT, ratePerSecond: 100 }).uid("numbers");
  const lines = chained
    ? numbers.map((n) => `number ${n}`)
    : numbers
        .keyBy((n) => n % 10)
        .aggregate(
          (a) => ({ n: a.count() }),
          (digit, { n }) => `${digit} ${n}`,
        )
        .uid("counts");
  lines.sinkTo(ledger.sink()).uid("ledger");
}

const expected = (chained: boolean): readonly string[] =>
  Array.from({ length: COUNT }, (_, i) =>
    chained ? `number ${i}` : `${i % 10} ${Math.floor(i / 10) + 1}`,
  ).sort();

async function failureOf(client: JobClient): Promise<MillraceError> {
  const error: unknown = await client.result().catch((thrown: unknown) => thrown);
  if (MillraceError.is(error, "JOB_FAILED")) return error;
  return expect.fail(`expected a job that failed, got ${String(error)}`);
}

/** What a stop answers whose commit fails. */
async function stopFailure(cluster: MiniCluster, client: JobClient, drain: boolean): Promise<MillraceError> {
  const stopping = client.stopWithSavepoint({ drain }).catch((thrown: unknown) => thrown);
  await cluster.advance(seconds(10));
  const error = await stopping;
  expect(await failureOf(client)).toMatchObject({ cause: error });
  if (MillraceError.is(error, "JOB_FAILED")) return error;
  return expect.fail(`expected a stop that failed, got ${String(error)}`);
}

/** Goes wrong once, at the first commit for which it holds. */
const once = (moment: Moment, when: (commit: CommitAttempt) => boolean): Ledger["fault"] => {
  let done = false;
  return (commit) => {
    if (done || !when(commit)) return undefined;
    done = true;
    return moment;
  };
};

/** When commits fail: the last one of a subtask has the last of its records. */
const WHEN: readonly (readonly [string, (commit: CommitAttempt) => boolean])[] = [
  ["the first commit", ({ subtask, before }) => subtask === 1 && before === 0],
  ["a later commit", ({ subtask, before }) => subtask === 0 && before === 2],
  ["the commit at the end of input", ({ entries }) => entries.some(({ lines }) => lines.some(isLast))],
  ["the commit of a restart", ({ attempt }) => attempt === 1],
];
const isLast = (line: string): boolean => line === `number ${COUNT - 1}` || line === `9 ${COUNT / 10}`;

it("a subtask starts again with what it had prepared itself when another has finished and left nothing", async () => {
  await using cluster = await miniCluster({ parallelism: 3, config: config() });
  const ledger = new Ledger();
  // Its siblings' lie before and behind, and go on.
  ledger.fault = once("before", ({ subtask, before }) => subtask === 1 && before === 4);
  const env = cluster.environment();
  const lengths = [3, 70, 70];
  env
    .fromSource(
      createSource<string, { splitId: string; length: number }>({
        name: "parts",
        boundedness: "bounded",
        schema: Types.string,
        splits: () => lengths.map((length, part) => ({ splitId: `part ${part}`, length })),
        read: async function* ({ splitId, length }, _, { clock, signal }) {
          for (let i = 0; i < length && !signal.aborted; i++) {
            yield `${splitId} ${i}`;
            await new Promise<void>((resolve) => {
              const timer = clock.schedule(100, resolve);
              signal.addEventListener("abort", () => {
                timer.cancel();
                resolve();
              });
            });
          }
        },
      }),
      WatermarkStrategy.noWatermarks(),
      "parts",
    )
    .sinkTo(ledger.sink());
  const client = await env.executeAsync();
  await cluster.advance(seconds(30));
  await client.result();
  expect([ledger.failures, client.checkpoints().restored]).toEqual([1, 1]);
  expect(ledger.lines).toEqual(
    lengths.flatMap((length, part) => Array.from({ length }, (_, i) => `part ${part} ${i}`)).sort(),
  );
});

describe.each([
  ["chained to the source", true],
  ["behind a shuffle", false],
])("a sink %s", (_, chained) => {
  describe.each(WHEN)("%s", (name, when) => {
    it.each(MOMENTS)("fails once, %s it: everything becomes visible once", async (moment) => {
      await using cluster = await miniCluster({ config: config() });
      const ledger = new Ledger();
      const first = once("before", ({ before }) => before === 1);
      const fault = once(moment, when);
      // For a restart there must be a failure.
      ledger.fault = (commit) => (name.includes("restart") && first(commit)) || fault(commit);
      const env = cluster.environment();
      program(env, ledger, chained);
      const client = await env.executeAsync();
      await cluster.advance(seconds(30));
      await client.result();
      expect(ledger.failures).toBe(name.includes("restart") ? 2 : 1);
      expect(ledger.lines).toEqual(expected(chained));
    });

    it.each(MOMENTS)("always fails, %s it: the job fails, and nothing is visible twice", async (moment) => {
      await using cluster = await miniCluster({
        config: config({
          "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        }),
      });
      const ledger = new Ledger();
      const first = once("before", ({ before }) => before === 1);
      let broken = false;
      ledger.fault = (commit) => {
        if (name.includes("restart") && first(commit) !== undefined) return "before";
        broken ||= when(commit);
        return broken ? moment : undefined;
      };
      const env = cluster.environment();
      program(env, ledger, chained);
      const client = await env.executeAsync();
      await cluster.advance(seconds(30));
      const { message } = await failureOf(client);
      expect(message).toMatch(
        /the ledger is closed[^]*It was not started again: it was started again 4 times/u,
      );
      expect(new Set(ledger.lines).size).toBe(ledger.lines.length);
      // Its last checkpoint is there: when the world is mended, an operator starts the job from it, and nothing is lost.
      const path = client.checkpoints().history.find(({ status }) => status === "COMPLETED")?.path as string;
      ledger.fault = () => undefined;
      const again = cluster.environment({ restore: { path } });
      program(again, ledger, chained);
      const second = await again.executeAsync();
      await cluster.advance(seconds(30));
      await second.result();
      expect(ledger.lines).toEqual(expected(chained));
    });
  });

  it.each(MOMENTS)(
    "whose commit fails %s it when the job is stopped: the savepoint has the rest",
    async (moment) => {
      await using cluster = await miniCluster({ config: config() });
      const ledger = new Ledger();
      const env = cluster.environment();
      program(env, ledger, chained);
      const client = await env.executeAsync();
      await cluster.advance(seconds(1.7));
      ledger.fault = once(moment, () => true);
      const error = await stopFailure(cluster, client, false);
      expect(error.message).toMatch(
        /stopped with a savepoint.*failed before it had ended.*the ledger is closed/u,
      );
      expect(error.help).toMatch(/starting the job from it commits it/u);
      const path = error.details["savepoint"] as string;
      expect(ledger.failures).toBe(1);
      expect(new Set(ledger.lines).size).toBe(ledger.lines.length);
      const again = cluster.environment({ restore: { path } });
      program(again, ledger, chained);
      const second = await again.executeAsync();
      await cluster.advance(seconds(30));
      await second.result();
      expect(ledger.lines).toEqual(expected(chained));
    },
  );

  it.each(MOMENTS)("whose commit fails %s it when the job is drained: the report says so", async (moment) => {
    await using cluster = await miniCluster({ config: config() });
    const ledger = new Ledger();
    const env = cluster.environment();
    program(env, ledger, chained);
    const client = await env.executeAsync();
    await cluster.advance(seconds(1.7));
    ledger.fault = once(moment, () => true);
    const error = await stopFailure(cluster, client, true);
    expect(error.help).toMatch(/may not be committed yet.*no job can be started/u);
    expect(ledger.failures).toBe(1);
    expect(new Set(ledger.lines).size).toBe(ledger.lines.length);
  });

  it.each(MOMENTS)(
    "without checkpoints, whose commit fails %s it: the job is not started again",
    async (moment) => {
      await using cluster = await miniCluster({
        config: { "restart-strategy.type": "fixed-delay", "restart-strategy.fixed-delay.delay": "0 s" },
      });
      const ledger = new Ledger();
      ledger.fault = once(moment, ({ subtask }) => subtask === 1);
      const env = cluster.environment();
      program(env, ledger, chained);
      const client = await env.executeAsync();
      await cluster.advance(seconds(30));
      expect((await failureOf(client)).message).toMatch(/its sinks were committing their last output/u);
      expect(new Set(ledger.lines).size).toBe(ledger.lines.length);
    },
  );

  it("commits slowly: later checkpoints and the end of the job wait for nothing but their own", async () => {
    await using cluster = await miniCluster({ config: config() });
    const ledger = new Ledger();
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    ledger.slow = ({ subtask, before }) => (subtask === 0 && before === 0 ? held : undefined);
    const env = cluster.environment();
    program(env, ledger, chained);
    const client = await env.executeAsync();
    await cluster.advance(seconds(20));
    expect(client.checkpoints().completed).toBeGreaterThan(3);
    expect(client.status()).toBe("RUNNING");
    release();
    await cluster.advance(seconds(1));
    await client.result();
    expect(ledger.lines).toEqual(expected(chained));
  });

  it("fails while commits of several checkpoints wait: all of them are done after the restart", async () => {
    await using cluster = await miniCluster({ config: config() });
    const ledger = new Ledger();
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    ledger.slow = ({ subtask, before }) => (subtask === 0 && before === 0 ? held : undefined);
    ledger.fault = once("in the middle of", ({ subtask, before }) => subtask === 0 && before === 0);
    const env = cluster.environment();
    program(env, ledger, chained);
    const client = await env.executeAsync();
    await cluster.advance(seconds(3.2));
    release();
    await cluster.advance(seconds(30));
    await client.result();
    expect(ledger.failures).toBe(1);
    expect(ledger.lines).toEqual(expected(chained));
  });

  it("is cancelled while a commit hangs", async () => {
    await using cluster = await miniCluster({ config: config() });
    const ledger = new Ledger();
    ledger.slow = ({ before }) => (before === 1 ? new Promise(() => {}) : undefined);
    const env = cluster.environment();
    program(env, ledger, chained);
    const client = await env.executeAsync();
    await cluster.advance(seconds(2.5));
    await client.cancel();
    expect(client.status()).toBe("CANCELED");
  });
});
