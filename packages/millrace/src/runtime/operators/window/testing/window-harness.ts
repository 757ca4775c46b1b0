import { ManualClock } from "../../../../common/clock/manual-clock.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { RuntimeContext } from "../../../../common/functions/runtime-context.ts";
import { jobId, operatorUid } from "../../../../common/ids/ids.ts";
import type { Timestamp } from "../../../../common/time/timestamps.ts";
import type { KeyedStateStore } from "../../../state/keyed-state.ts";
import type { OperatorStateStore } from "../../../state/operator-state.ts";
import { deepFreeze } from "../../../../common/types/deep-freeze.ts";
import { MetricRegistry } from "../../../task/metric-registry.ts";
import type { OutputCursor } from "../../flow.ts";
import type { Mail, Operator, OperatorContext, Output } from "../../operator.ts";

/** Something that an operator emitted. */
export type Emitted =
  | { readonly kind: "record"; readonly value: unknown; readonly timestamp: Timestamp }
  | { readonly kind: "side"; readonly tag: string; readonly value: unknown; readonly timestamp: Timestamp }
  | { readonly kind: "watermark"; readonly time: Timestamp }
  | { readonly kind: "idle"; readonly idle: boolean };

/** A record that a user function failed on, and that the policy let go. */
export interface Poisoned {
  readonly message: string;
  readonly record: unknown;
  readonly timestamp: Timestamp;
}

export interface WindowHarnessOptions {
  readonly store: KeyedStateStore;
  readonly operatorState?: OperatorStateStore;
  readonly clock?: ManualClock;
  /** Whether the flow blocks after the next emission; asked after each. Default: never. */
  readonly blocks?: () => boolean;
  /** What happens to failing records. Default "fail". */
  readonly poison?: "fail" | "skip";
}

/**
 * One window operator in a task of its own: gives it records, watermarks and time, and keeps what it emits. Everything emitted
 * and given is deeply frozen, so that whoever changes a record finds out.
 */
export class WindowHarness {
  readonly emitted: Emitted[] = [];
  readonly poisoned: Poisoned[] = [];
  readonly clock: ManualClock;
  readonly operator: Operator;
  readonly #store: KeyedStateStore;
  readonly #metrics = new MetricRegistry();
  readonly #flow = { blocked: false };
  readonly #mails: Mail[] = [];
  readonly #options: WindowHarnessOptions;
  #cursor: OutputCursor | undefined;

  constructor(create: (context: OperatorContext) => Operator, options: WindowHarnessOptions) {
    this.#options = options;
    this.#store = options.store;
    this.clock = options.clock ?? new ManualClock();
    this.operator = create(this.#context());
    this.operator.initializeState?.();
    this.operator.open();
  }

  /** Whether an output loop waits for room. */
  get blocked(): boolean {
    return this.#cursor !== undefined;
  }

  /** The values of the main output. */
  get values(): unknown[] {
    return this.emitted.filter((item) => item.kind === "record").map((item) => item.value);
  }

  /** The values of a side output. */
  side(tag: string): unknown[] {
    return this.emitted
      .filter((item) => item.kind === "side" && item.tag === tag)
      .map((item) => (item as { value: unknown }).value);
  }

  get lateDropped(): unknown {
    return this.#metrics.values()["window.numLateRecordsDropped"];
  }

  /** Takes what was emitted on the main output since the last call. */
  take(): unknown[] {
    const values = this.values;
    this.emitted.length = 0;
    return values;
  }

  /** Gives a record, even while a loop waits for room: as one call of an upstream function may. */
  recordNow(value: unknown, timestamp: Timestamp): void {
    this.operator.processRecord(deepFreeze(value), timestamp);
  }

  /** Gives a record, once there is room. */
  record(value: unknown, timestamp: Timestamp): void {
    this.settle();
    this.recordNow(value, timestamp);
    this.#flow.blocked = false;
  }

  /** Gives a watermark; its firing may be left waiting for room. */
  watermarkNow(time: Timestamp): void {
    this.settle();
    this.operator.processWatermark!(time);
  }

  watermark(time: Timestamp): void {
    this.watermarkNow(time);
    this.settle();
  }

  /** Moves processing time to `time` and lets mails run. */
  advanceTo(time: Timestamp): void {
    this.clock.advanceTo(time);
    this.settle();
  }

  /** Lets mails run; what they fire may be left waiting for room. */
  runMails(): void {
    for (let mail = this.#mails.shift(); mail !== undefined; mail = this.#mails.shift()) mail();
  }

  /** Makes room until nothing waits any more. */
  settle(): void {
    for (;;) {
      this.#flow.blocked = false;
      if (this.#cursor !== undefined) {
        if (this.#cursor.advance()) this.#cursor = undefined;
        continue;
      }
      const mail = this.#mails.shift();
      if (mail === undefined) return;
      mail();
    }
  }

  #context(): OperatorContext {
    const { clock, emitted, poisoned } = this;
    const outputOf = (tag: string | undefined): Output<unknown> => ({
      record: (value, timestamp) => {
        deepFreeze(value);
        emitted.push(
          tag === undefined ? { kind: "record", value, timestamp } : { kind: "side", tag, value, timestamp },
        );
        this.#afterEmission();
      },
      watermark: (time) => {
        emitted.push({ kind: "watermark", time });
        this.#afterEmission();
      },
      idle: (idle) => {
        emitted.push({ kind: "idle", idle });
      },
    });
    const sides = new Map<string, Output<unknown>>();
    return {
      runtime: this.#runtime(),
      clock,
      output: outputOf(undefined),
      sideOutput: (tag) => {
        if (!sides.has(tag)) sides.set(tag, outputOf(tag));
        return sides.get(tag);
      },
      flow: this.#flow,
      runCursor: (cursor) => {
        if (this.#cursor !== undefined)
          throw new MillraceError("INTERNAL", "an operator runs at most one cursor");
        if (!cursor.advance()) this.#cursor = cursor;
      },
      hold: () => {},
      mail: (mail) => {
        this.#mails.push(mail);
      },
      fail: (error) => {
        throw error;
      },
      poison: (error, record, timestamp) => {
        if (this.#options.poison !== "skip") throw error;
        poisoned.push({ message: (error as Error).message, record, timestamp });
      },
      keyedState: this.#store,
      operatorState: this.#options.operatorState!,
      freeze: true,
    };
  }

  #afterEmission(): void {
    if (this.#options.blocks?.() === true) this.#flow.blocked = true;
  }

  #runtime(): RuntimeContext {
    const { clock } = this;
    const store = this.#store;
    return {
      jobId: jobId(new Uint8Array(16)),
      jobName: "test",
      operatorName: "window",
      operatorUid: operatorUid("window"),
      subtaskIndex: 0,
      parallelism: 1,
      maxParallelism: store.maxParallelism,
      attempt: 0,
      metrics: this.#metrics.group("window"),
      args: {},
      now: () => clock.now(),
      getState: (descriptor) => store.getState(descriptor.name ?? "", descriptor),
    };
  }
}
