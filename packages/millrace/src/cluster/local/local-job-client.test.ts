import { describe, expect, it } from "vitest";
import type { SubtaskMetrics } from "../../api/executor.ts";
import type { RichMapFunction } from "../../common/functions/functions.ts";
import type { RuntimeContext } from "../../common/functions/runtime-context.ts";
import type { Counter } from "../../common/metrics/metrics.ts";
import { discardSink } from "../../connectors/discard/discard-sink.ts";
import { createEnvironment } from "../../root/create-environment.ts";

/** Counts what it sees. */
class Counting implements RichMapFunction<number, number> {
  #seen!: Counter;

  open({ metrics }: RuntimeContext): void {
    this.#seen = metrics.counter("seen");
  }

  map(value: number): number {
    this.#seen.inc();
    return value;
  }
}

describe("the client of a job", () => {
  it("tells the metrics of each subtask, those of functions among them", async () => {
    const env = createEnvironment();
    env
      .fromSequence(1, 10)
      .keyBy((n) => n)
      .map(new Counting())
      .name("count")
      .setParallelism(2)
      .sinkTo(discardSink())
      .setParallelism(2);
    const client = await env.executeAsync();
    await client.result();
    const metrics = await client.metrics();
    const of = (task: string): readonly SubtaskMetrics[] => metrics.filter((it) => it.task.startsWith(task));

    expect(of("Source")).toMatchObject([{ subtask: 0, values: { numRecordsIn: 10, numRecordsOut: 10 } }]);
    expect(of("count").map(({ subtask }) => subtask)).toEqual([0, 1]);
    const sum = (name: string): number =>
      of("count").reduce((total, { values }) => total + Number(values[name]), 0);
    expect([sum("numRecordsIn"), sum("count.seen"), sum("numRecordsToSinks")]).toEqual([10, 10, 10]);
  });
});
