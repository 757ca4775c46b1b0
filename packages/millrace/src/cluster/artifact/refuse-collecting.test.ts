import { collectSink, job, type StreamExecutionEnvironment } from "millrace";
import { describe, expect, it } from "vitest";
import { jobId } from "../../common/ids/ids.ts";
import { firstBuild } from "../job-manager/job-master/worker/prepare-job.ts";

const submission = {
  jobId: jobId(new Uint8Array(16)),
  artifact: { sha256: "0", bytes: 1, originalUrl: "file:///job.ts" },
  args: {},
  config: {},
  parallelism: undefined,
  restore: undefined,
  submittedAt: 0,
};
const built = (end: (env: StreamExecutionEnvironment) => unknown) =>
  firstBuild(
    job(import.meta, "collecting", {}, (env) => void end(env)),
    submission,
  );

describe("a job that nobody runs by a program", () => {
  it.for([
    ["collectAsync", (env: StreamExecutionEnvironment) => env.fromItems([1]).collectAsync(), "Sink: Collect"],
    [
      "collectSink",
      (env: StreamExecutionEnvironment) => env.fromItems([1]).sinkTo(collectSink("out"), "results"),
      "Sink: results",
    ],
  ] as const)("is refused where it ends in %s", ([, end, name]) => {
    expect(() => built(end)).toThrow(
      expect.objectContaining({
        code: "INVALID_GRAPH",
        message: expect.stringContaining(`"${name}" hands its records to the program`),
      }),
    );
  });

  it("may print", () => {
    expect(built((env) => env.fromItems([1]).print()).jobGraph.vertices).toHaveLength(1);
  });
});
