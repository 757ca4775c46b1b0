import type { Counter } from "../../../common/metrics/metrics.ts";
import type { KeySelector } from "../../../common/functions/functions.ts";
import type { OutputTag } from "../../../common/outputs/output-tag.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { TimeDomain } from "../../../common/windows/window-assigner.ts";
import type { WindowSpec } from "../../../graph/stream/operator-spec.ts";
import { SideOutputs } from "../function/side-outputs.ts";
import type { OperatorContext } from "../operator.ts";
import { FiringOperator } from "../timers/firing-operator.ts";
import type { WindowResults } from "./window-results.ts";

/**
 * What all window operators share: their results' life, late records, and that processing time fires once it has passed a window.
 *
 * Duties of subclasses: those of a FiringOperator.
 */
export abstract class WindowOperatorBase extends FiringOperator {
  protected readonly keyOf: KeySelector<unknown, unknown>;
  readonly #lateTag: OutputTag<unknown> | undefined;
  readonly #sideOutputs: SideOutputs;
  readonly #lateDropped: Counter;

  constructor(spec: WindowSpec, context: OperatorContext, progressDomain?: TimeDomain) {
    super(context, progressDomain);
    this.keyOf = spec.keySelector;
    this.#lateTag = spec.lateOutput;
    this.#sideOutputs = new SideOutputs(context);
    this.#lateDropped = context.runtime.metrics.counter("numLateRecordsDropped");
  }

  protected abstract readonly results: WindowResults;

  override initializeState(): void {
    super.initializeState();
    this.results.initializeState();
  }

  open(): void {
    this.results.open();
  }

  prepareSnapshot(checkpointId: number): void {
    this.results.prepareSnapshot(checkpointId);
  }

  notifyCheckpointComplete(checkpointId: number): void {
    this.results.notifyCheckpointComplete(checkpointId);
  }

  override close(): void {
    super.close();
    this.results.close();
  }

  /** The time that has passed: the millisecond before now. */
  protected override processingTime(): Timestamp {
    return this.context.clock.now() - 1;
  }

  /**
   * Fires processing time once it has passed `time`: not in its millisecond but after it, when no record can come any more that
   * belongs to it (as a watermark says no more than that). Infinity is never.
   */
  protected wakeAfter(time: Timestamp): void {
    this.wakeAt(time + 1);
  }

  /** A record that none of its windows takes any more. */
  protected late(value: unknown, timestamp: Timestamp): void {
    if (this.#lateTag === undefined) this.#lateDropped.inc();
    else this.#sideOutputs.record(this.#lateTag, value, timestamp);
  }
}
