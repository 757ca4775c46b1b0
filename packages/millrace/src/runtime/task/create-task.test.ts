import { describe, expect, it } from "vitest";
import type { DataStream } from "../../api/streams/streams.ts";
import { createSink } from "../../connectors/custom/create-sink.ts";
import { discardSink } from "../../connectors/discard/discard-sink.ts";
import { WatermarkStrategy } from "../../common/watermarks/watermark-strategy.ts";
import { job } from "../../root/job.ts";
import { run } from "../../root/run.ts";
import type { StreamExecutionEnvironment } from "../../api/environment/stream-execution-environment.ts";

const inline = (build: (env: StreamExecutionEnvironment) => void, compiled = true): Promise<unknown> =>
  run(job({ url: import.meta.url }, "test", {}, build), {
    mode: "inline",
    config: { "pipeline.compiled-chains": compiled },
    log: () => {},
  });

/** Fails for 3. */
const fragile = (n: number): number => {
  if (n === 3) throw new Error("no threes");
  return n;
};

/** 1 to 5, emitted by timers whose operator skips what it fails on. */
const byTimers = (env: StreamExecutionEnvironment): DataStream<number> =>
  env
    .fromSequence(1, 5, {
      watermarks: WatermarkStrategy.forMonotonousTimestamps<number>().withTimestamps((n) => n),
    })
    .keyBy((n) => n)
    .process({
      onRecord(n, { timers }) {
        timers.registerEventTimeTimer(n);
      },
      onTimer: (time) => time,
    })
    .onPoisonRecord("skip");

describe("createTask", () => {
  it.each([true, false])(
    "does not let an operator skip what fails below its timers (compiled: %s)",
    async (compiled) => {
      const running = inline(
        (env) => void byTimers(env).map(fragile).name("fragile").sinkTo(discardSink()),
        compiled,
      );
      await expect(running).rejects.toThrow(/operator "fragile".*no threes/su);
    },
  );

  it.each([true, false])(
    "skips what fails in a timer after the watermark has gone through operators below (compiled: %s)",
    async (compiled) => {
      const seen: number[] = [];
      await inline((env) => {
        env
          .fromSequence(1, 5, {
            watermarks: WatermarkStrategy.forMonotonousTimestamps<number>().withTimestamps((n) => n),
          })
          .keyBy((n) => n)
          .process({
            onRecord(n, { timers }) {
              timers.registerEventTimeTimer(n);
            },
            onTimer: (time) => fragile(time),
          })
          .onPoisonRecord("skip")
          .map((n) => n)
          .sinkTo(createSink({ name: "seen", write: (n) => void seen.push(n) }));
      }, compiled);
      expect(seen).toEqual([1, 2, 4, 5]);
    },
  );

  it("lets nothing be emitted by timers once the operators below have begun to finish", async () => {
    const events: string[] = [];
    await inline((env) => {
      env
        .fromSequence(1, 3)
        .keyBy((n) => n)
        .process({
          onRecord(_, { timers }) {
            timers.registerProcessingTimeTimer(0);
            timers.registerProcessingTimeTimer(Date.now() + 20);
          },
          onTimer: () => "tick",
        })
        .sinkTo(
          createSink({
            name: "slow to finish",
            write: () => void events.push("record"),
            flush: async () => {
              events.push("flush");
              // Until the timers were due.
              await new Promise((resolve) => setTimeout(resolve, 60));
            },
          }),
        );
    });
    expect(events.at(-1)).toBe("flush");
  });
});
