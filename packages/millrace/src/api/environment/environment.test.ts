import { describe, expect, it } from "vitest";
import { Types } from "../../common/types/types.ts";
import { builtinConnectors } from "../../root/builtin-connectors.ts";
import { createEnvironment } from "../../root/create-environment.ts";
import { StreamExecutionEnvironment } from "./stream-execution-environment.ts";

const recording = (
  parts: Partial<ConstructorParameters<typeof StreamExecutionEnvironment>[0]> = {},
): StreamExecutionEnvironment =>
  new StreamExecutionEnvironment({ connectors: builtinConnectors, executor: undefined, ...parts });

describe("settings", () => {
  it("are the program's, under those of who runs it", () => {
    const env = recording({ config: { "parallelism.default": 8 } });
    env.setParallelism(2).setMaxParallelism(64).configure({ "pipeline.auto-watermark-interval": "50 ms" });
    env.fromItems([1]).print();
    const { config, jobName } = env.getStreamGraph("numbers");
    expect(config).toEqual({
      "parallelism.default": 8,
      "pipeline.max-parallelism": 64,
      "pipeline.auto-watermark-interval": 50,
    });
    expect(jobName).toBe("numbers");
    expect(() => env.setParallelism(0)).toThrow(/parallelism.default must be a whole number/u);
    env.configure({ "pipeline.name": "other" });
    expect(env.getStreamGraph("numbers").jobName).toBe("other");
  });
});

describe("capture", () => {
  it("reads once, at submission, and travels from then on", () => {
    let reads = 0;
    const program = (env: StreamExecutionEnvironment): unknown => {
      const region = env.capture("region", () => ({ name: "eu", n: ++reads }));
      env.fromItems([region.name]).print();
      return region;
    };
    const first = recording();
    const region = program(first);
    const { captured } = first.getStreamGraph();
    expect(captured).toEqual({ region: { name: "eu", n: 1 } });
    expect(Object.isFrozen(region)).toBe(true);
    expect(program(recording({ captured }))).toEqual({ name: "eu", n: 1 });
    expect(reads).toBe(1);
  });

  it("refuses a name taken twice, what is no plain data, and what was not captured at submission", () => {
    const env = recording();
    env.capture("a", () => 1);
    expect(() => env.capture("a", () => 2)).toThrow(/two values are captured as "a"/u);
    expect(() => env.capture("f", () => () => 1)).toThrow(/must answer plain data/u);
    expect(() => env.capture("", () => 1)).toThrow(/a name that is not empty/u);
    expect(() => recording({ captured: {} }).capture("now", () => 1)).toThrow(
      /captures "now", which it did not when it was submitted/u,
    );
  });
});

describe("a builder's environment", () => {
  it("executes nothing", async () => {
    const env = recording();
    env.fromItems([1]).print();
    await expect(env.execute()).rejects.toThrow(/a job's builder only records/u);
    expect(() => env.fromItems([1]).executeAndCollect()).toThrow(/a job's builder only records/u);
    // The refused collection has left nothing behind.
    expect(env.getStreamGraph().nodes.map(({ name }) => name)).toEqual([
      "Source: items source",
      "Sink: print sink",
    ]);
  });
});

describe("executions", () => {
  it("run what leads to the sinks recorded since the last one", async () => {
    const env = createEnvironment();
    const numbers = env.fromItems([1, 2, 3]).map((n) => n * 2);
    const halves = numbers.map((n) => n / 2);
    expect(await numbers.executeAndCollect().toArray()).toEqual([2, 4, 6]);
    expect(await halves.executeAndCollect().toArray()).toEqual([1, 2, 3]);
    expect(env.getStreamGraph.bind(env)).toThrow(/does nothing/u);
  });

  it("hand over several streams of one job", async () => {
    const env = createEnvironment();
    const numbers = env.fromItems([1, 2, 3, 4], { type: Types.int });
    const even = numbers.filter((n) => n % 2 === 0).collectAsync();
    const odd = numbers.filter((n) => n % 2 === 1).collectAsync();
    await expect(env.execute()).rejects.toThrow(
      /waits for the end of a job whose collected records nobody takes/u,
    );
    const client = await env.executeAsync("parity");
    expect(await Promise.all([even.toArray(), odd.toArray()])).toEqual([
      [2, 4],
      [1, 3],
    ]);
    expect((await client.result()).jobName).toBe("parity");
    expect(client.status()).toBe("FINISHED");
  });

  it("refuse forgotten sinks, and run without them where one stream is collected", async () => {
    const env = createEnvironment();
    const numbers = env.fromItems([1, 2, 3]);
    numbers.map((n) => n).name("forgotten");
    expect(
      await numbers
        .map((n) => -n)
        .executeAndCollect()
        .toArray(),
    ).toEqual([-1, -2, -3]);
    await expect(env.execute()).rejects.toThrow(/the output of "forgotten" \(node 1\) goes nowhere/u);
  });
});

describe("collected records", () => {
  it("end the job when the consumer has had enough", async () => {
    const env = createEnvironment();
    const endless = env.generate({ generate: (i) => i });
    const some: number[] = [];
    for await (const n of endless.executeAndCollect()) {
      some.push(n);
      if (some.length === 3) break;
    }
    expect(some).toEqual([0, 1, 2]);
    expect(await endless.executeAndCollect().toArray(2)).toEqual([0, 1]);
  });

  it("throw what failed the job", async () => {
    const env = createEnvironment();
    const failing = env.fromItems([1, 2, 3]).map((n) => {
      if (n === 3) throw new RangeError("no threes");
      return n;
    });
    const records: number[] = [];
    const walk = async (): Promise<void> => {
      for await (const n of failing.executeAndCollect()) records.push(n);
    };
    await expect(walk()).rejects.toMatchObject({
      code: "JOB_FAILED",
      message: expect.stringMatching(/no threes/u) as string,
    });
  });

  it("can be walked once, and only when the job was started", async () => {
    const env = createEnvironment();
    const early = env.fromItems([1]).collectAsync();
    await expect(early.toArray()).rejects.toThrow(/a job that was not started yet/u);
    await env.executeAsync();
    expect(await early.toArray()).toEqual([1]);
    await expect(early.toArray()).rejects.toThrow(/can be walked only once/u);
  });

  it("are let go by await using", async () => {
    const env = createEnvironment();
    {
      await using endless = env.generate({ generate: (i) => i }).executeAndCollect();
      for await (const n of endless) if (n > 5) break;
    }
    {
      await using untouched = env.generate({ generate: (i) => i }).executeAndCollect();
      void untouched;
    }
    expect(await env.fromItems([1]).executeAndCollect().toArray(0)).toEqual([]);
  });
});
