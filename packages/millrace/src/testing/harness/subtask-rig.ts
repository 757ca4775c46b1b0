import type { ManualClock } from "../../common/clock/manual-clock.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { RuntimeContext } from "../../common/functions/runtime-context.ts";
import { jobId } from "../../common/ids/ids.ts";
import { keyGroupRange } from "../../common/keys/key-groups.ts";
import type { StateDescriptor } from "../../common/state/state.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { StreamNode } from "../../graph/stream/stream-graph.ts";
import { WatermarkValve } from "../../runtime/network/watermark-valve.ts";
import { createOperator } from "../../runtime/operators/create-operator.ts";
import type { Mail, Operator, OperatorContext, Output } from "../../runtime/operators/operator.ts";
import { HashMapStateBackend } from "../../runtime/state/heap/hash-map-state-backend.ts";
import type { SnapshotKeyedStore } from "../../runtime/state/keyed-snapshot.ts";
import type { KeyedStateHandle, StateBytes } from "../../protocol/control/snapshots.ts";
import { createStateFiles } from "../../runtime/checkpoint/storage/create-state-files.ts";
import type { SnapshotOperatorStore } from "../../runtime/state/operator-snapshot.ts";
import type { StateStoreRequest } from "../../runtime/state/state-backend.ts";
import { MetricRegistry } from "../../runtime/task/metric-registry.ts";
import { TaskFlow } from "../../runtime/task/task-flow.ts";
import type { SkippedRecord } from "./harness-events.ts";

/** The job that operators under test believe to be in. */
const HARNESS_JOB = jobId(new Uint8Array(16));

const IN_MEMORY = createStateFiles({ directory: undefined, inlineThreshold: Infinity });

/** What one subtask is made of. */
export interface SubtaskRigOptions {
  readonly node: StreamNode;
  readonly subtask: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly clock: ManualClock;
  readonly args: Readonly<Record<string, unknown>>;
  readonly freeze: boolean;
  readonly autoWatermarkInterval: number;
  /** Inputs that the operator has. */
  readonly inputs: number;
  readonly output: Output<unknown>;
  sideOutput(tagId: string): Output<unknown> | undefined;
  onSkipped(skipped: SkippedRecord): void;
  /** Told of what fails the task from a callback, outside of any call. */
  onFailure(error: unknown): void;
  readonly restored: SubtaskState | undefined;
}

/** What is restored into a subtask. */
export interface SubtaskState {
  /** Of all subtasks: each takes its own key groups. */
  readonly keyed: readonly KeyedStateHandle[];
  /** Of all subtasks: each takes its share. */
  readonly operator: readonly StateBytes[];
}

/** One operator in one subtask, in a task of its own: mails, room behind it, state. What a task does, at the test's command. */
export class SubtaskRig {
  readonly operator: Operator;
  readonly #options: SubtaskRigOptions;
  readonly #flow = new TaskFlow([-1]);
  readonly #backend = new HashMapStateBackend();
  readonly #metrics = new MetricRegistry();
  readonly #valve: WatermarkValve;
  readonly #mails: Mail[] = [];
  #keyed: SnapshotKeyedStore | undefined;
  #operatorState: SnapshotOperatorStore | undefined;
  #held = false;
  #depth = 0;
  #blocked = false;

  constructor(options: SubtaskRigOptions) {
    this.#options = options;
    this.#valve = new WatermarkValve(options.inputs);
    const { node } = options;
    this.operator = createOperator(node.freshSpec?.() ?? node.spec, this.#context());
  }

  /** Whether the operator holds what is above it, or waits for room. */
  get blocked(): boolean {
    return this.#flow.input.blocked;
  }

  get held(): boolean {
    return this.#held;
  }

  get metrics(): Readonly<Record<string, number | string | boolean>> {
    return this.#metrics.values();
  }

  /** Undefined while the operator has not asked for keyed state. */
  get keyed(): SnapshotKeyedStore | undefined {
    return this.#keyed;
  }

  open(): void {
    this.#run(() => {
      this.operator.initializeState?.();
      this.operator.open();
    });
    if (this.#options.restored !== undefined) this.#keyed?.restored();
  }

  record(input: 0 | 1, value: unknown, timestamp: Timestamp): void {
    this.#run(() => {
      if (input === 0) this.operator.processRecord(value, timestamp);
      else this.operator.processRecord2?.(value, timestamp);
    });
  }

  watermark(watermark: Timestamp, input: 0 | 1): void {
    if (this.#valve.advance(input, watermark)) this.#run(() => this.#forwardWatermark());
  }

  idle(idle: boolean, input: 0 | 1): void {
    this.#run(() => {
      const before = this.#valve.idle;
      if (this.#valve.setIdle(input, idle)) this.#forwardWatermark();
      if (this.#valve.idle === before) return;
      if (this.operator.processIdle === undefined) this.#options.output.idle(!before);
      else this.operator.processIdle(!before);
    });
  }

  /** Takes away, or gives, room behind the operator. */
  block(blocked: boolean): void {
    if (blocked === this.#blocked) return;
    this.#blocked = blocked;
    this.#flow.writersBlocked(0, blocked);
    this.settleMails();
  }

  /** Runs what is in the mailbox, and output loops as far as there is room. */
  settleMails(): void {
    this.#run(() => {});
  }

  async finish(): Promise<void> {
    for (let input = 0; input < this.#options.inputs; input++) {
      this.#run(() => this.operator.endInput?.(input as 0 | 1));
    }
    const finished = this.#run(() => this.operator.finish?.());
    await finished;
    this.settleMails();
  }

  prepareSnapshot(checkpointId: number): void {
    if (this.#flow.hasPending) {
      throw new MillraceError("STATE_MISUSE", "a snapshot is not taken while an output loop waits for room", {
        help: "Give room first: harness.setBlocked(false).",
      });
    }
    this.#run(() => void this.operator.prepareSnapshot?.(checkpointId, false));
  }

  /** The state at this moment; with nothing to wait for, all of it is read before this returns. */
  async captureKeyed(checkpointId: number): Promise<KeyedStateHandle | undefined> {
    const request = { checkpointId, files: IN_MEMORY, canonical: true, incremental: false };
    return this.#keyed?.snapshot(request).write({ over: false, async next() {} });
  }

  captureOperator(): StateBytes | undefined {
    const bytes = this.#operatorState?.snapshot();
    return bytes === undefined ? undefined : { kind: "inline", bytes };
  }

  async close(): Promise<void> {
    await this.operator.close();
    this.#mails.length = 0;
    this.#backend.dispose();
  }

  #forwardWatermark(): void {
    const { watermark } = this.#valve;
    if (this.operator.processWatermark === undefined) this.#options.output.watermark(watermark);
    else this.operator.processWatermark(watermark);
  }

  /** Runs `work`, and what it put into the mailbox, as a task would between two records. */
  #run<R>(work: () => R): R {
    this.#depth++;
    try {
      const result = work();
      if (this.#depth === 1) this.#drain();
      return result;
    } finally {
      this.#depth--;
    }
  }

  #drain(): void {
    do {
      for (let mail = this.#mails.shift(); mail !== undefined; mail = this.#mails.shift()) mail();
      if (this.#flow.hasPending) this.#flow.advancePending();
    } while (this.#mails.length > 0);
  }

  #context(): OperatorContext {
    const { clock, output, freeze, autoWatermarkInterval } = this.#options;
    const keyed = (): SnapshotKeyedStore => this.#keyedStore();
    const operatorState = (): SnapshotOperatorStore => this.#operatorStore();
    return {
      runtime: this.#runtime(),
      clock,
      output,
      sideOutput: (tagId) => this.#options.sideOutput(tagId),
      flow: this.#flow.of(0),
      runCursor: (cursor) => this.#flow.run(0, cursor),
      hold: (held) => {
        this.#held = held;
        this.#flow.hold(0, held);
      },
      mail: (mail) => {
        this.#mails.push(mail);
        if (this.#depth === 0) this.#runMailed();
      },
      fail: (error) => this.#options.onFailure(error),
      poison: (error, record, timestamp) => this.poison(error, record, timestamp),
      get keyedState() {
        return keyed();
      },
      get operatorState() {
        return operatorState();
      },
      freeze,
      autoWatermarkInterval,
    };
  }

  /** From a callback, nobody but the task hears of what a mail throws. */
  #runMailed(): void {
    try {
      this.settleMails();
    } catch (error) {
      this.#options.onFailure(error);
    }
  }

  /** The operator's policy for a record that a function failed on. */
  poison(error: unknown, record: unknown, timestamp: Timestamp): void {
    const { node } = this.#options;
    if (node.poison.kind === "fail" || MillraceError.is(error, "ASYNC_FUNCTION")) throw error;
    this.#options.onSkipped({ error, record, timestamp });
    if (node.poison.kind !== "deadLetter") return;
    const letter = {
      record,
      error: error instanceof Error ? error.message : String(error),
      operator: node.name,
    };
    this.#options.sideOutput(node.poison.tag.id)?.record(letter, timestamp);
  }

  #runtime(): RuntimeContext {
    const { node, subtask, parallelism, maxParallelism, clock, args } = this.#options;
    const isKeyed = "keySelector" in node.spec || "keySelectors" in node.spec;
    return {
      jobId: HARNESS_JOB,
      jobName: "harness",
      operatorName: node.name,
      operatorUid: node.uid,
      subtaskIndex: subtask,
      parallelism,
      maxParallelism,
      attempt: 0,
      metrics: this.#metrics.group(node.name),
      args,
      now: () => clock.now(),
      getState: <D extends StateDescriptor>(descriptor: D) => {
        if (!isKeyed || descriptor.name === undefined) {
          const why = isKeyed ? "the state has no name" : `operator "${node.name}" has no key`;
          throw new MillraceError("STATE_MISUSE", `getState: ${why}`);
        }
        return this.#keyedStore().getState(descriptor.name, descriptor);
      },
    };
  }

  #keyedStore(): SnapshotKeyedStore {
    if (this.#keyed === undefined) {
      this.#keyed = this.#backend.createKeyedStore(this.#request());
      const { restored } = this.#options;
      // In memory it is done when this returns.
      if (restored !== undefined)
        this.#keyed
          .restore(restored.keyed, IN_MEMORY)
          .catch((error: unknown) => this.#options.onFailure(error));
    }
    return this.#keyed;
  }

  #operatorStore(): SnapshotOperatorStore {
    if (this.#operatorState === undefined) {
      this.#operatorState = this.#backend.createOperatorStore(this.#request());
      const { restored } = this.#options;
      if (restored !== undefined) this.#operatorState.restore(restored.operator, IN_MEMORY);
    }
    return this.#operatorState;
  }

  #request(): StateStoreRequest {
    const { node, subtask, parallelism, maxParallelism, clock, freeze } = this.#options;
    return {
      operator: node.uid,
      operatorName: node.name,
      subtaskIndex: subtask,
      parallelism,
      maxParallelism,
      keyGroups: keyGroupRange(maxParallelism, parallelism, subtask),
      clock,
      freeze,
    };
  }
}
