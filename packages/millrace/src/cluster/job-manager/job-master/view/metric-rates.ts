import type { TaskMetrics } from "../../../../runtime/task/task-metrics.ts";

/** A subtask's metrics by the names that Flink's users know. */
export type FlinkMetrics = Readonly<Record<string, number | string | boolean>>;

/** What was seen of an execution at some time. */
interface Seen {
  /** Monotonic, ms. */
  readonly at: number;
  readonly metrics: TaskMetrics;
}

/**
 * Turns totals, polled now and then, into Flink's metrics: totals under their names, and rates over the time between the last two polls.
 */
export class MetricRates {
  readonly #last = new Map<string, { readonly before: Seen | undefined; readonly now: Seen }>();

  /** What was polled. Executions that are not among it are forgotten. @param at monotonic, ms */
  polled(all: ReadonlyMap<string, TaskMetrics>, at: number): void {
    for (const execution of this.#last.keys()) if (!all.has(execution)) this.#last.delete(execution);
    for (const [execution, metrics] of all) {
      const known = this.#last.get(execution)?.now;
      // Slots that don't answer say what they said before: their rates stay, too.
      if (known?.metrics === metrics) continue;
      this.#last.set(execution, { before: known, now: { at, metrics } });
    }
  }

  /** Of an execution; empty before the first poll. */
  of(execution: string): FlinkMetrics {
    const seen = this.#last.get(execution);
    return seen === undefined ? {} : flinkMetrics(seen.now, seen.before);
  }
}

function flinkMetrics({ at, metrics }: Seen, before: Seen | undefined): FlinkMetrics {
  const seconds = before === undefined ? 0 : (at - before.at) / 1000;
  const rate = (read: (metrics: TaskMetrics) => number): number =>
    before === undefined || seconds <= 0 ? 0 : Math.max(0, (read(metrics) - read(before.metrics)) / seconds);
  const share = (read: (metrics: TaskMetrics) => number): number => Math.min(1000, Math.round(rate(read)));
  return {
    numRecordsIn: metrics.numRecordsIn,
    numRecordsOut: metrics.numRecordsOut,
    numBytesIn: metrics.numBytesIn,
    numBytesOut: metrics.numBytesOut,
    numRecordsSend: metrics.numRecordsToSinks,
    numRecordsSkipped: metrics.numRecordsSkipped,
    numRecordsInPerSecond: rate(({ numRecordsIn }) => numRecordsIn),
    numRecordsOutPerSecond: rate(({ numRecordsOut }) => numRecordsOut),
    numBytesInPerSecond: rate(({ numBytesIn }) => numBytesIn),
    numBytesOutPerSecond: rate(({ numBytesOut }) => numBytesOut),
    numRecordsSendPerSecond: rate(({ numRecordsToSinks }) => numRecordsToSinks),
    busyTimeMsPerSecond: share(({ busyTime }) => busyTime),
    idleTimeMsPerSecond: share(({ idleTime }) => idleTime),
    backPressuredTimeMsPerSecond: share(({ backPressuredTime }) => backPressuredTime),
    accumulateBusyTimeMs: metrics.busyTime,
    accumulateIdleTimeMs: metrics.idleTime,
    accumulateBackPressuredTimeMs: metrics.backPressuredTime,
    currentInputWatermark: metrics.currentWatermark,
    "buffers.inputQueueLength": metrics.inputQueued,
    outputBacklog: metrics.outputBacklog,
    ...metrics.user,
  };
}
