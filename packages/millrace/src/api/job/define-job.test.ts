import { describe, expect, it } from "vitest";
import { isJobProgram } from "../../graph/stream/job-program.ts";
import { builtinConnectors } from "../../root/builtin-connectors.ts";
import { arg } from "./arg.ts";
import { defineJob, type JobBuilder, type JobDefinition } from "./define-job.ts";

const meta = { url: "file:///jobs/count.ts" };
const nothing = (): undefined => undefined;
const request = { args: {}, config: {}, captured: undefined };

describe("defineJob", () => {
  it("makes a program that can be built again and again, each time anew", () => {
    const job = defineJob(
      meta,
      "count",
      {
        args: { top: arg.int().default(3) },
        description: "counts",
        config: { "parallelism.default": 2, "pipeline.max-parallelism": 64 },
      },
      (env, args) => {
        env
          .fromItems([args.top])
          .map((n) => n + env.capture("plus", () => 1))
          .print();
      },
      builtinConnectors,
    );
    expect(isJobProgram(job)).toBe(true);
    expect(job).toMatchObject({
      name: "count",
      url: meta.url,
      description: "counts",
      args: [{ name: "top", kind: "int" }],
    });
    const args = job.parseArgs({ argv: ["--top", "5"] });
    const graph = job.buildStreamGraph({ args, config: { "parallelism.default": 8 }, captured: undefined });
    expect(graph).toMatchObject({
      jobName: "count",
      config: { "parallelism.default": 8, "pipeline.max-parallelism": 64 },
    });
    const again = job.buildStreamGraph({ args, config: {}, captured: graph.captured });
    expect(again.nodes.map(({ uid }) => uid)).toEqual(graph.nodes.map(({ uid }) => uid));
    expect(again.nodes[1]!.spec).not.toBe(graph.nodes[1]!.spec);
    expect(again.config).toEqual({ "parallelism.default": 2, "pipeline.max-parallelism": 64 });
  });

  it("gives the builder its arguments, frozen", () => {
    let seen: unknown;
    const job = defineJob(
      meta,
      "job",
      { args: { input: arg.string() } },
      (env, args) => {
        seen = [args, env.args];
        env.fromItems([1]).print();
      },
      builtinConnectors,
    );
    job.buildStreamGraph({ ...request, args: job.parseArgs({ values: { input: "x" } }) });
    expect(seen).toEqual([{ input: "x" }, { input: "x" }]);
  });

  it("refuses builders that are asynchronous or record nothing", () => {
    const job = (build: JobBuilder<{}>): JobDefinition<{}> =>
      defineJob(meta, "job", {}, build, builtinConnectors);
    const later = (async () => {
      throw new TypeError("never seen");
    }) as never;
    expect(() => job(later).buildStreamGraph(request)).toThrow(/the builder of job "job" is asynchronous/u);
    expect(() => job(() => undefined).buildStreamGraph(request)).toThrow(/job "job" does nothing/u);
  });

  it.each([
    [[undefined, "job", {}, nothing], /job takes import.meta first, got undefined/u],
    [[meta, "", {}, nothing], /job takes the job's name second, got ""/u],
    [[meta, "job", undefined, nothing], /job takes its options third/u],
    [[meta, "job", {}, undefined], /job takes its builder last/u],
    [[meta, "job", { args: { top: 3 } }, nothing], /the argument top must be made by arg/u],
    [[meta, "job", { config: { "paralelism.default": 3 } }, nothing], /did you mean parallelism.default/u],
  ])("refuses %j", (args, message) => {
    expect(() =>
      defineJob(...(args as unknown as [typeof meta, string, {}, () => undefined]), builtinConnectors),
    ).toThrow(message);
  });

  it("knows what is no job", () => {
    expect([undefined, null, {}, () => 1, { "~millrace": "job" }].map(isJobProgram)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});
