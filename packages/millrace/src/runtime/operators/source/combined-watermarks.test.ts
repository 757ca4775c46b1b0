import { describe, expect, it } from "vitest";
import { seconds } from "../../../common/time/durations.ts";
import { WatermarkStrategy } from "../../../common/watermarks/watermark-strategy.ts";
import type { Output } from "../operator.ts";
import { CombinedWatermarks } from "./combined-watermarks.ts";
import { SplitOutput } from "./split-output.ts";

/** Splits of one source, and what leaves it: "r5" a record, "w4" a watermark, "idle", "active". */
class Source {
  readonly emitted: string[] = [];
  readonly watermarks: CombinedWatermarks<number>;
  readonly #output: Output<unknown> = {
    record: (value) => this.emitted.push(`r${String(value)}`),
    watermark: (watermark) => this.emitted.push(`w${watermark}`),
    idle: (idle) => this.emitted.push(idle ? "idle" : "active"),
  };

  constructor(strategy: WatermarkStrategy<number>) {
    this.watermarks = new CombinedWatermarks(strategy, this.#output);
  }

  split(): SplitOutput<number> {
    const unused = (): never => expect.fail("not used");
    return new SplitOutput<number>(
      {
        flow: { blocked: false },
        output: this.#output,
        assigner: (value) => value,
        forSplit: unused,
        releaseSplit: unused,
        malformed: unused,
        check: undefined,
        refused: unused,
        everyRecord: false,
        flushWatermarks: () => this.watermarks.flush(),
      },
      this.watermarks.add(),
    );
  }
}

const inOrder = WatermarkStrategy.forMonotonousTimestamps<number>();
const idling = inOrder.withIdleness(seconds(1));

describe("CombinedWatermarks", () => {
  it("emits the lowest watermark of all splits, and goes on when the lowest is read", () => {
    const source = new Source(inOrder);
    const [a, b] = [source.split(), source.split()];
    a.collect(10);
    source.watermarks.tick(200);
    b.collect(5);
    source.watermarks.tick(200);
    source.watermarks.remove(b.watermarks);
    source.watermarks.tick(200);
    expect(source.emitted).toEqual(["r10", "r5", "w4", "w9"]);
  });

  it("leaves a quiet split out of account, and the whole source when all are quiet", () => {
    const source = new Source(idling);
    const [a, b] = [source.split(), source.split()];
    a.collect(10);
    source.watermarks.tick(200);
    source.watermarks.tick(800);
    expect(source.emitted).toEqual(["r10", "w9"]);
    source.watermarks.tick(200);
    expect(source.emitted).toEqual(["r10", "w9", "idle"]);
    b.collect(20);
    source.watermarks.tick(200);
    expect(source.emitted).toEqual(["r10", "w9", "idle", "active", "r20", "w19"]);
  });

  it("says that it is active again before the record that makes it so", () => {
    const source = new Source(idling);
    const split = source.split();
    source.watermarks.tick(1000);
    split.collect(3);
    expect(source.emitted).toEqual(["idle", "active", "r3"]);
  });

  it("is idle without splits only after the timeout, and only where there is one", () => {
    const waiting = new Source(idling);
    waiting.watermarks.tick(900);
    expect(waiting.emitted).toEqual([]);
    waiting.watermarks.tick(100);
    expect(waiting.emitted).toEqual(["idle"]);
    waiting.split().collect(7);
    waiting.watermarks.tick(200);
    expect(waiting.emitted).toEqual(["idle", "active", "r7", "w6"]);

    const patient = new Source(inOrder);
    patient.watermarks.tick(100_000);
    expect(patient.emitted).toEqual([]);
  });
});
