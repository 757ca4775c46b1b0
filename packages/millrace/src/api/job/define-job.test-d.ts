/* oxlint-disable vitest/expect-expect -- what is refused here is checked by the compiler */
import { describe, expectTypeOf, it } from "vitest";
import { minutes } from "../../common/time/durations.ts";
import type { BuiltinConnectors } from "../builtin-connectors.ts";
import type { StreamExecutionEnvironment } from "../environment/stream-execution-environment.ts";
import { arg } from "./arg.ts";
import { defineJob, type JobDefinition } from "./define-job.ts";

declare const connectors: BuiltinConnectors;

describe("jobs", () => {
  it("infer their arguments", () => {
    const job = defineJob(
      { url: "file:///job.ts" },
      "delays",
      {
        args: {
          input: arg.path(),
          top: arg.int().default(10),
          since: arg.string().optional(),
          format: arg.oneOf("json", "csv").default("json"),
          gap: arg.duration().default(minutes(5)),
          verbose: arg.boolean().describe("says more"),
          ratio: arg.number(),
        },
      },
      (env, args) => {
        expectTypeOf(env).toEqualTypeOf<StreamExecutionEnvironment>();
        expectTypeOf(args).toEqualTypeOf<{
          readonly input: string;
          readonly top: number;
          readonly since: string | undefined;
          readonly format: "json" | "csv";
          readonly gap: number;
          readonly verbose: boolean;
          readonly ratio: number;
        }>();
        // @ts-expect-error no such argument
        void args.inptu;
        // @ts-expect-error arguments don't change
        args.top = 3;
      },
      connectors,
    );
    expectTypeOf(job).toExtend<JobDefinition>();
  });

  it("need no arguments", () => {
    defineJob({ url: "file:///job.ts" }, "hello", {}, (env) => void env.fromItems([1]).print(), connectors);
  });

  it("refuse asynchronous builders and unknown settings", () => {
    // @ts-expect-error a builder is synchronous
    defineJob({ url: "file:///job.ts" }, "hello", {}, async () => undefined, connectors);
    const meta = { url: "file:///job.ts" };
    // @ts-expect-error no such option
    defineJob(meta, "hello", { config: { "pipeline.max-paralelism": 3 } }, () => undefined, connectors);
    // @ts-expect-error the default must be one of the values
    arg.oneOf("json", "csv").default("xml");
  });
});
