import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  discardSink,
  fileSink,
  MillraceError,
  perSubtask,
  seconds,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from "millrace";
import type {
  ConfigValues,
  JobClient,
  RichMapFunction,
  RuntimeContext,
  StreamExecutionEnvironment,
} from "millrace";
import { miniCluster } from "millrace/testing";
import type { MiniCluster } from "millrace/testing";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-recovery-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const CHECKPOINTS = {
  "execution.checkpointing.interval": "1 s",
  "restart-strategy.type": "fixed-delay",
  "restart-strategy.fixed-delay.attempts": 1,
} as const;

const inFiles = (more: ConfigValues = {}): ConfigValues => ({
  ...CHECKPOINTS,
  "execution.checkpointing.dir": join(folder, "checkpoints"),
  "execution.checkpointing.data-inline-threshold": 0,
  ...more,
});

/** Fails at the first record for which it holds. */
function failingOnce<T>(when: (value: T) => boolean): (value: T) => T {
  let failed = false;
  return (value) => {
    if (!failed && when(value)) {
      failed = true;
      throw new RangeError("once");
    }
    return value;
  };
}

/** Counts the numbers from 0 to 599 by their last digit, 100 a second: "3 60" in the end. */
function counts(env: StreamExecutionEnvironment, check: (n: number) => number = (n) => n) {
  return env
    .generate({ generate: (i) => i, count: 600, ratePerSecond: 100 })
    .keyBy((n) => n % 10)
    .map(check)
    .keyBy((n) => n % 10)
    .aggregate(
      (a) => ({ n: a.count() }),
      (digit, { n }) => `${digit} ${n}`,
    )
    .uid("counts");
}

const EXPECTED = Array.from({ length: 10 }, (_, digit) =>
  Array.from({ length: 60 }, (_, n) => `${digit} ${n + 1}`),
).flat();

const sorted = (lines: readonly string[]): readonly string[] => [...lines].sort();

/** The checkpoints in the folder, by name. */
function checkpointsIn(path = join(folder, "checkpoints")): readonly string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith("_metadata"))
    .sort()
    .map((file) => join(path, file, ".."));
}

async function failureOf(client: JobClient): Promise<MillraceError> {
  const error: unknown = await client.result().catch((thrown: unknown) => thrown);
  if (MillraceError.is(error, "JOB_FAILED")) return error;
  return expect.fail(`expected a job that failed, got ${String(error)}`);
}

describe("a job that fails once", () => {
  it.each([
    ["in memory", () => CHECKPOINTS],
    ["in files", () => inFiles()],
  ])("collects every record once, checkpoints %s", async (_, config) => {
    await using cluster = await miniCluster({ config: config() });
    const lines = counts(
      cluster.environment(),
      failingOnce((n) => n > 250),
    ).executeAndCollect();
    const all = lines.toArray();
    await cluster.advance(seconds(20));
    expect(sorted(await all)).toEqual(sorted(EXPECTED));
    expect(cluster.stderr).toMatch(/starting again from checkpoint 2/u);
    expect(checkpointsIn()).toEqual([]);
  });

  it("writes every record once into files that appear with checkpoints", async () => {
    await using cluster = await miniCluster({ config: CHECKPOINTS });
    const env = cluster.environment();
    const output = join(folder, "output");
    counts(
      env,
      failingOnce((n) => n > 250),
    ).sinkTo(fileSink({ path: output, format: "lines" }));
    const client = await env.executeAsync();
    // The disk takes its own time.
    while (client.status() !== "FINISHED") {
      await cluster.advance(100);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await client.result();
    const files = readdirSync(output).map((file) => readFileSync(join(output, file), "utf8"));
    expect(sorted(files.join("").trimEnd().split("\n"))).toEqual(sorted(EXPECTED));
  });

  it("starts from the beginning where no checkpoint is complete", async () => {
    await using cluster = await miniCluster({ config: CHECKPOINTS });
    const all = counts(
      cluster.environment(),
      failingOnce((n) => n > 50),
    )
      .executeAndCollect()
      .toArray();
    await cluster.advance(seconds(20));
    expect(sorted(await all)).toEqual(sorted(EXPECTED));
    expect(cluster.stderr).toMatch(/starting again from the beginning/u);
  });

  it("fails for good when it fails more often than its strategy allows, and says so", async () => {
    await using cluster = await miniCluster({ config: CHECKPOINTS });
    const env = cluster.environment();
    const poison = (n: number): number => {
      if (n === 333) throw new RangeError("poison");
      return n;
    };
    counts(env, poison).print();
    const client = await env.executeAsync();
    await cluster.advance(seconds(3.5));
    expect(client.status()).toBe("RESTARTING");
    await cluster.advance(seconds(20));
    const { message } = await failureOf(client);
    expect(message).toMatch(/RangeError: poison/u);
    expect(message).toMatch(/It was not started again: it was started again 1 time, as often as/u);
  });

  it("goes on beside it where nothing passes between the two", async () => {
    await using cluster = await miniCluster({ config: CHECKPOINTS, parallelism: 2 });
    const env = cluster.environment();
    const attempts: string[] = [];
    const processed: number[] = [];
    let failed = false;
    class Watched implements RichMapFunction<number, number> {
      #subtask = 0;
      open({ subtaskIndex, attempt }: RuntimeContext): void {
        this.#subtask = subtaskIndex;
        attempts.push(`${subtaskIndex}#${attempt}`);
      }
      map(n: number): number {
        if (!failed && this.#subtask === 1 && n > 250) {
          failed = true;
          throw new RangeError("once");
        }
        processed.push(n);
        return n;
      }
    }
    env
      .generate({ generate: (i) => i, count: 600, ratePerSecond: 100 })
      .map(perSubtask(() => new Watched()))
      .sinkTo(discardSink());
    const client = await env.executeAsync();
    await cluster.advance(seconds(20));
    await client.result();
    expect(attempts).toEqual(["0#0", "1#0", "1#1"]);
    expect(new Set(processed).size).toBe(600);
    // Those of the second attempt, since the last checkpoint.
    expect(processed.length - 600).toBeGreaterThan(0);
    expect(processed.length - 600).toBeLessThan(50);
    expect(cluster.stderr).toMatch(/a part of the job \(subtasks \w+\/1\) failed/u);
  });

  it("does not go back to an older checkpoint when the newest is damaged", async () => {
    await using cluster = await miniCluster({
      config: inFiles({
        "execution.checkpointing.num-retained": 3,
        "execution.checkpointing.externalized-checkpoint-retention": "DELETE_ON_CANCELLATION",
      }),
    });
    const env = cluster.environment();
    const damage = (n: number): number => {
      if (n < 350) return n;
      const [shared] = readdirSync(join(folder, "checkpoints"), { recursive: true, encoding: "utf8" }).filter(
        (file) => file.endsWith("shared"),
      ) as [string];
      const path = join(folder, "checkpoints", shared);
      for (const file of readdirSync(path)) {
        const bytes = readFileSync(join(path, file));
        bytes[bytes.length >> 1]! ^= 0xff;
        writeFileSync(join(path, file), bytes);
      }
      throw new RangeError("once");
    };
    counts(env, damage).print();
    const client = await env.executeAsync();
    await cluster.advance(seconds(20));
    const { message } = await failureOf(client);
    expect(message).toMatch(
      /It was not started again: what failed it \(CHECKPOINT_CORRUPT\) would fail it again/u,
    );
    // What is left is for an operator to decide.
    expect(checkpointsIn()).toHaveLength(3);
  });
});

describe("checkpoints that fail", () => {
  /** Puts a file where tasks write their state, so that nothing can be written there; answers what undoes it. */
  function breakStorage(): () => void {
    const job = readdirSync(join(folder, "checkpoints"))[0] as string;
    const shared = join(folder, "checkpoints", job, "shared");
    renameSync(shared, `${shared}-aside`);
    writeFileSync(shared, "");
    return () => {
      rmSync(shared);
      renameSync(`${shared}-aside`, shared);
    };
  }

  it("are borne as often as is said, and the next builds on the last that was complete", async () => {
    await using cluster = await miniCluster({
      config: inFiles({ "execution.checkpointing.tolerable-failed-checkpoints": 2 }),
    });
    const results = counts(
      cluster.environment(),
      failingOnce((n) => n > 550),
    ).executeAndCollect();
    const all = results.toArray();
    await cluster.advance(seconds(2.5));
    const mend = breakStorage();
    await cluster.advance(seconds(2));
    mend();
    await cluster.advance(seconds(20));
    expect(sorted(await all)).toEqual(sorted(EXPECTED));
    expect(cluster.stderr.match(/checkpoint \d+ (was declined by|can't be recorded)/gu)).toHaveLength(2);
  });

  it("fail the job beyond that", async () => {
    await using cluster = await miniCluster({ config: inFiles({ "restart-strategy.type": "none" }) });
    const env = cluster.environment();
    counts(env).print();
    const client = await env.executeAsync();
    await cluster.advance(seconds(1.5));
    breakStorage();
    await cluster.advance(seconds(1));
    const error = await failureOf(client);
    expect(MillraceError.is(error.cause, "CHECKPOINT_FAILED")).toBe(true);
    expect(error.message).toMatch(/a checkpoint failed: .*state could not be written/u);
    expect(error.help).toMatch(/tolerable-failed-checkpoints/u);
  });

  it("are told before anything starts where there is no place for them", async () => {
    writeFileSync(join(folder, "checkpoints"), "");
    await using cluster = await miniCluster({ config: inFiles() });
    const env = cluster.environment();
    counts(env).print();
    await expect(env.executeAsync()).rejects.toMatchObject({ code: "CHECKPOINT_STORAGE_FAILED" });
  });
});

describe("what becomes of checkpoints when the job ends", () => {
  const RETENTION = "execution.checkpointing.externalized-checkpoint-retention";

  async function cancelled(cluster: MiniCluster): Promise<void> {
    const env = cluster.environment();
    counts(env).print();
    const client = await env.executeAsync();
    await cluster.advance(seconds(2.5));
    expect(checkpointsIn()).toHaveLength(1);
    await client.cancel();
  }

  it.each([
    ["DELETE_ON_CANCELLATION", 0, 1],
    ["RETAIN_ON_CANCELLATION", 1, 1],
    ["NO_EXTERNALIZED_CHECKPOINTS", 0, 0],
  ] as const)(
    "%s keeps %i after a cancellation and %i after a failure",
    async (retention, cancelledKeeps, failedKeeps) => {
      await using cluster = await miniCluster({
        config: inFiles({ [RETENTION]: retention, "restart-strategy.type": "none" }),
      });
      await cancelled(cluster);
      expect(checkpointsIn()).toHaveLength(cancelledKeeps);
      rmSync(join(folder, "checkpoints"), { recursive: true, force: true });
      const env = cluster.environment();
      counts(
        env,
        failingOnce((n) => n > 250),
      ).print();
      const client = await env.executeAsync();
      await cluster.advance(seconds(5));
      await failureOf(client);
      expect(checkpointsIn()).toHaveLength(failedKeeps);
    },
  );

  it("a kept one starts the job again, at another parallelism, too", async () => {
    const config = inFiles({ [RETENTION]: "RETAIN_ON_CANCELLATION" });
    const early: string[] = [];
    {
      await using cluster = await miniCluster({ config });
      const env = cluster.environment();
      const collected = counts(env).collectAsync();
      const client = await env.executeAsync();
      void (async () => {
        for await (const line of collected) early.push(line);
      })().catch(() => {});
      await cluster.advance(seconds(2.5));
      await client.cancel();
    }
    const [path] = checkpointsIn() as [string];
    await using cluster = await miniCluster({ config, parallelism: 3 });
    const late = counts(cluster.environment({ restore: { path } }))
      .executeAndCollect()
      .toArray();
    await cluster.advance(seconds(20));
    expect(early.length).toBeGreaterThan(0);
    expect(sorted([...early, ...(await late)])).toEqual(sorted(EXPECTED));
    // It was left alone.
    expect(checkpointsIn()).toEqual([path]);
  });
});

describe("savepoints", () => {
  const savepoints = (): string => join(folder, "savepoints");

  /** Windows of a second over numbers that are 10 ms apart; of 605 numbers the last five wait for the end. */
  function windows(env: StreamExecutionEnvironment) {
    return env
      .generate<number>(
        { generate: (i) => i, count: 605, ratePerSecond: 100 },
        { watermarks: WatermarkStrategy.forMonotonousTimestamps<number>().withTimestamps((n) => n * 10) },
      )
      .keyBy((n) => n % 2)
      .window(TumblingEventTimeWindows.of(1000))
      .aggregate(
        (a) => ({ n: a.count() }),
        (key, window, { n }) => `${key} ${window.start} ${n}`,
      );
  }

  async function stop(drain: boolean): Promise<{ readonly path: string; readonly lines: readonly string[] }> {
    await using cluster = await miniCluster();
    const env = cluster.environment();
    const collected = windows(env).collectAsync();
    const client = await env.executeAsync();
    const all = collected.toArray();
    await cluster.advance(seconds(2.5));
    const path = client.stopWithSavepoint({ directory: savepoints(), drain });
    await cluster.settle();
    expect(client.status()).toBe("FINISHED");
    return { path: await path, lines: await all };
  }

  it("stop a job without finishing anything: what is open goes on", async () => {
    const { path, lines } = await stop(false);
    expect(sorted(lines)).toEqual(["0 0 50", "0 1000 50", "1 0 50", "1 1000 50"]);
    await using cluster = await miniCluster({ parallelism: 3 });
    const rest = windows(cluster.environment({ restore: { path } }))
      .executeAndCollect()
      .toArray();
    await cluster.advance(seconds(20));
    expect(sorted([...lines, ...(await rest)])).toEqual(
      sorted(
        [0, 1].flatMap((key) =>
          [0, 1, 2, 3, 4, 5].map((s) => `${key} ${s * 1000} 50`).concat(key === 0 ? "0 6000 3" : "1 6000 2"),
        ),
      ),
    );
  });

  it("drain a job: everything that is open is finished, and it can't be started from", async () => {
    const { path, lines } = await stop(true);
    expect(lines.filter((line) => / 2000 /u.test(line))).toHaveLength(2);
    await using cluster = await miniCluster();
    await expect(
      windows(cluster.environment({ restore: { path } }))
        .executeAndCollect()
        .toArray(),
    ).rejects.toMatchObject({ code: "RESTORE_REFUSED" });
  });

  it("leave a job as it is, and are taken from where the settings say", async () => {
    await using cluster = await miniCluster({
      config: { "execution.checkpointing.savepoint-dir": savepoints() },
    });
    const env = cluster.environment();
    const collected = counts(env).collectAsync();
    const client = await env.executeAsync();
    const all = collected.toArray();
    await cluster.advance(seconds(2.5));
    const taking = client.triggerSavepoint();
    await cluster.settle();
    const path = await taking;
    expect(path.startsWith(savepoints())).toBe(true);
    expect(client.checkpoints()).toMatchObject({
      completed: 1,
      history: [{ kind: "savepoint", status: "COMPLETED", path }],
    });
    await cluster.advance(seconds(20));
    expect(sorted(await all)).toEqual(sorted(EXPECTED));
    // The job is over, and its savepoint is there.
    expect(checkpointsIn(savepoints())).toEqual([path]);
    const again = miniCluster({ config: { "execution.state-recovery.path": path } });
    await using other = await again;
    const rest = counts(other.environment()).executeAndCollect().toArray();
    await other.advance(seconds(20));
    const lines = await rest;
    expect(lines.length).toBeLessThan(600);
    expect(EXPECTED).toEqual(expect.arrayContaining([...lines]));
  });

  it("need a folder", async () => {
    await using cluster = await miniCluster();
    const env = cluster.environment();
    counts(env).print();
    const client = await env.executeAsync();
    await expect(client.triggerSavepoint()).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it.each(["CLAIM", "NO_CLAIM"] as const)(
    "are removed when they were claimed and a checkpoint replaces them: %s",
    async (claimMode) => {
      let path: string;
      {
        await using cluster = await miniCluster({ config: inFiles() });
        const env = cluster.environment();
        counts(env).print();
        const client = await env.executeAsync();
        await cluster.advance(seconds(2.5));
        const stopping = client.stopWithSavepoint({ directory: savepoints() });
        await cluster.settle();
        path = await stopping;
      }
      await using cluster = await miniCluster({ config: inFiles() });
      const env = cluster.environment({ restore: { path, claimMode } });
      counts(env).print();
      const client = await env.executeAsync();
      await cluster.advance(500);
      expect(existsSync(join(path, "_metadata"))).toBe(true);
      await cluster.advance(seconds(2));
      expect(client.checkpoints().completed).toBe(2);
      expect(existsSync(join(path, "_metadata"))).toBe(claimMode === "NO_CLAIM");
    },
  );

  it("that don't fit are refused before anything runs, with all reasons", async () => {
    const { path } = await stop(false);
    await using cluster = await miniCluster();
    const env = cluster.environment({ restore: { path } });
    let made = 0;
    env.generate({ generate: (i) => (made++, i), count: 10 }).print();
    await expect(env.executeAsync()).rejects.toMatchObject({ code: "RESTORE_REFUSED" });
    expect(made).toBe(0);
  });

  it("give the job the key groups that its state has", async () => {
    let path: string;
    {
      await using cluster = await miniCluster({ config: { "pipeline.max-parallelism": 64 } });
      const env = cluster.environment();
      counts(env).print();
      const client = await env.executeAsync();
      await cluster.advance(seconds(2.5));
      const stopping = client.stopWithSavepoint({ directory: savepoints() });
      await cluster.settle();
      path = await stopping;
    }
    await using cluster = await miniCluster({ parallelism: 3 });
    const rest = counts(cluster.environment({ restore: { path } }))
      .executeAndCollect()
      .toArray();
    await cluster.advance(seconds(20));
    const last = (await rest).filter((line) => line.endsWith(" 60"));
    expect(last).toHaveLength(10);
    await using strict = await miniCluster({ config: { "pipeline.max-parallelism": 128 } });
    await expect(
      counts(strict.environment({ restore: { path } }))
        .executeAndCollect()
        .toArray(),
    ).rejects.toMatchObject({ code: "RESTORE_REFUSED" });
  });
});
