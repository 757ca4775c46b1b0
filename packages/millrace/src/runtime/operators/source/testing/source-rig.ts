import { ManualClock } from "../../../../common/clock/manual-clock.ts";
import { PollStatus, type Source, type SourceSplit } from "../../../../common/connector/source.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { jobId, operatorUid } from "../../../../common/ids/ids.ts";
import type { Timestamp } from "../../../../common/time/timestamps.ts";
import type { WatermarkStrategy } from "../../../../common/watermarks/watermark-strategy.ts";
import type { SplitSnapshot } from "../../../../protocol/control/split-snapshot.ts";
import type { TaskServices } from "../../../task/task-services.ts";
import { MetricRegistry } from "../../../task/metric-registry.ts";
import type { OperatorContext } from "../../operator.ts";
import { SourceOperator } from "../source-operator.ts";

/** What left a source operator. */
export type SourceEvent =
  | { readonly kind: "record"; readonly value: unknown; readonly timestamp: Timestamp }
  | { readonly kind: "watermark"; readonly watermark: Timestamp }
  | { readonly kind: "idle"; readonly idle: boolean };

const unused = (): never => {
  throw new MillraceError("INTERNAL", "the rig has none");
};

/** A source operator without a task around it. Time stands still unless it is told to move. */
export class SourceRig<T> {
  readonly events: SourceEvent[] = [];
  readonly clock = new ManualClock();
  readonly #operator: SourceOperator;

  constructor(source: Source<T>, watermarks: WatermarkStrategy<T>) {
    const context: Partial<OperatorContext> = {
      runtime: {
        jobId: jobId(new Uint8Array(16)),
        jobName: "test",
        operatorName: "source",
        operatorUid: operatorUid("source"),
        subtaskIndex: 0,
        parallelism: 1,
        maxParallelism: 128,
        attempt: 0,
        metrics: new MetricRegistry().group("source"),
        args: {},
        now: () => this.clock.now(),
        getState: unused,
      },
      clock: this.clock,
      flow: { blocked: false },
      output: {
        record: (value, timestamp) => void this.events.push({ kind: "record", value, timestamp }),
        watermark: (watermark) => void this.events.push({ kind: "watermark", watermark }),
        idle: (idle) => void this.events.push({ kind: "idle", idle }),
      },
      mail: (mail) => mail(),
    };
    this.#operator = new SourceOperator(
      {
        kind: "source",
        source: source as Source<unknown>,
        watermarks: watermarks as WatermarkStrategy<unknown>,
      },
      context as OperatorContext,
      { requestSplit() {}, reportWatermark() {}, openStdin: unused } satisfies Partial<TaskServices> as never,
      { autoWatermarkInterval: 200 },
    );
    this.#operator.open();
  }

  /** The last watermark that left. */
  get watermark(): Timestamp {
    return this.events.reduce(
      (last, event) => (event.kind === "watermark" ? event.watermark : last),
      -Infinity,
    );
  }

  /** Records that came when a watermark of their time, or a later one, had left. */
  get late(): readonly unknown[] {
    let watermark = -Infinity;
    const late: unknown[] = [];
    for (const event of this.events) {
      if (event.kind === "watermark") watermark = event.watermark;
      else if (event.kind === "record" && event.timestamp <= watermark) late.push(event.value);
    }
    return late;
  }

  add(...splits: readonly (SourceSplit | SplitSnapshot)[]): this {
    this.#operator.addSplits(splits);
    return this;
  }

  /** @returns whether the source has ended */
  poll(limit: number): boolean {
    return this.#operator.poll(limit) === PollStatus.END;
  }

  end(): void {
    this.#operator.notifyNoMoreSplits();
  }

  snapshot(): readonly SplitSnapshot[] {
    return this.#operator.snapshotSplits(1);
  }

  close(): void {
    this.#operator.close();
  }
}
