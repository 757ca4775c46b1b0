import { ManualClock } from "../../common/clock/manual-clock.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { OutputTag } from "../../common/outputs/output-tag.ts";
import type { StateDescriptor, StateHandle } from "../../common/state/state.ts";
import { MAX_WATERMARK, NO_TIMESTAMP, type Timestamp } from "../../common/time/timestamps.ts";
import { WatermarkValve } from "../../runtime/network/watermark-valve.ts";
import type { Output } from "../../runtime/operators/operator.ts";
import type { HarnessEvent, HarnessRecord, SkippedRecord } from "./harness-events.ts";
import type { HarnessSettings } from "./harness-options.ts";
import { restoredState, type HarnessState, type RestoredState } from "./harness-state.ts";
import { HarnessRouter } from "./harness-router.ts";
import type { OperatorHarness } from "./operator-harness.ts";
import { recordCopier, type RecordCopier } from "./record-copier.ts";
import { recordOperator, type BuildOperator, type RecordedOperator } from "./recorded-operator.ts";
import { SubtaskRig } from "./subtask-rig.ts";

/** How often `settle` looks again whether something is still underway. */
const SETTLE_TURNS = 20;

/** What a harness keeps to be made again. */
interface HarnessRecipe {
  readonly build: BuildOperator;
  readonly operator: RecordedOperator;
  readonly options: HarnessSettings;
}

/** A harness at work: the operator's subtasks, and what came out of them. */
export class RunningHarness<A, B, Out> implements OperatorHarness<A, B, Out> {
  readonly #recipe: HarnessRecipe;
  readonly #clock: ManualClock;
  readonly #subtasks: readonly SubtaskRig[];
  readonly #routers: readonly HarnessRouter[];
  readonly #copyInput: readonly RecordCopier[];
  readonly #events: HarnessEvent<Out>[] = [];
  readonly #sides = new Map<string, HarnessRecord<unknown>[]>();
  readonly #skipped: SkippedRecord[] = [];
  readonly #failures: unknown[] = [];
  readonly #watermarks: WatermarkValve;
  #checkpoint = 0;
  #closed = false;

  constructor(
    build: BuildOperator,
    operator: RecordedOperator,
    options: HarnessSettings,
    restored: RestoredState | undefined,
  ) {
    this.#recipe = { build, operator, options };
    const { parallelism = 1, maxParallelism = 128, processingTime = 0 } = options;
    const carry = { copy: options.copyRecords ?? true, freeze: options.freeze ?? true };
    this.#clock = new ManualClock(processingTime);
    this.#watermarks = new WatermarkValve(parallelism);
    this.#routers = operator.partitioners.map((p) => new HarnessRouter(p, parallelism, maxParallelism));
    this.#copyInput = operator.inputTypes.map((type, i) => recordCopier(type, `input-${i}`, carry));
    const copyOutput = recordCopier(operator.node.outputType, "output", carry);
    this.#subtasks = Array.from({ length: parallelism }, (_, subtask) => {
      // Each subtask has function objects of its own.
      const { node } = subtask === 0 ? operator : recordOperator(build, operator.inputTypes);
      return new SubtaskRig({
        node,
        subtask,
        parallelism,
        maxParallelism,
        clock: this.#clock,
        args: options.args ?? {},
        freeze: carry.freeze,
        autoWatermarkInterval: options.autoWatermarkInterval ?? 200,
        inputs: operator.partitioners.length,
        output: this.#output(subtask, copyOutput),
        sideOutput: (tagId) => this.#sideOutput(tagId, carry),
        onSkipped: (skipped) => this.#skipped.push(skipped),
        onFailure: (error) => this.#failures.push(error),
        restored,
      });
    });
  }

  /** Opens the operator; `harnessFor` and `restart` have done so already. */
  async open(): Promise<void> {
    try {
      for (const subtask of this.#subtasks) subtask.open();
      // What opening began asynchronously.
      await this.settle();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  get events(): readonly HarnessEvent<Out>[] {
    return this.#events;
  }

  get records(): readonly HarnessRecord<Out>[] {
    return this.#events.flatMap((event) =>
      event.kind === "record" ? [{ value: event.value, timestamp: event.timestamp }] : [],
    );
  }

  get output(): readonly Out[] {
    return this.records.map(({ value }) => value);
  }

  takeOutput(): Out[] {
    const values = this.output;
    this.#events.length = 0;
    return [...values];
  }

  sideOutput<T>(tag: OutputTag<T>): readonly HarnessRecord<T>[] {
    return (this.#sides.get(tag.id) ?? []) as readonly HarnessRecord<T>[];
  }

  get skipped(): readonly SkippedRecord[] {
    return this.#skipped;
  }

  get processingTime(): Timestamp {
    return this.#clock.now();
  }

  get watermark(): Timestamp {
    return this.#watermarks.watermark;
  }

  get blocked(): boolean {
    return this.#subtasks.some((subtask) => subtask.blocked);
  }

  get keyCount(): number {
    return this.#subtasks.reduce((count, { keyed }) => count + (keyed?.keyCount ?? 0), 0);
  }

  get metrics(): Readonly<Record<string, number | string | boolean>> {
    const all: Record<string, number | string | boolean> = {};
    for (const subtask of this.#subtasks) {
      for (const [name, value] of Object.entries(subtask.metrics)) {
        const before = all[name];
        all[name] = typeof value === "number" && typeof before === "number" ? before + value : value;
      }
    }
    return all;
  }

  processRecord(value: A, timestamp: Timestamp = NO_TIMESTAMP): void {
    this.#process(0, value, timestamp);
  }

  processRecord2(value: B, timestamp: Timestamp = NO_TIMESTAMP): void {
    this.#process(1, value, timestamp);
  }

  processRecords(values: Iterable<A>, timeOf?: (value: A) => Timestamp): void {
    for (const value of values) this.processRecord(value, timeOf?.(value));
  }

  processWatermark(watermark: Timestamp, input?: 1 | 2): void {
    for (const at of this.#inputs(input)) {
      for (const subtask of this.#subtasks) subtask.watermark(watermark, at);
    }
    this.#check();
  }

  processIdle(idle: boolean, input?: 1 | 2): void {
    for (const at of this.#inputs(input)) {
      for (const subtask of this.#subtasks) subtask.idle(idle, at);
    }
    this.#check();
  }

  setProcessingTime(time: Timestamp): void {
    this.#clock.advanceTo(time);
    this.#check();
  }

  advanceProcessingTime(ms: number): void {
    this.setProcessingTime(this.#clock.now() + ms);
  }

  setBlocked(blocked: boolean): void {
    for (const subtask of this.#subtasks) subtask.block(blocked);
    this.#check();
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < SETTLE_TURNS; turn++) {
      await new Promise<void>((resolve) => this.#clock.yield(resolve));
      for (const subtask of this.#subtasks) subtask.settleMails();
      this.#check();
    }
  }

  state<D extends StateDescriptor>(key: unknown, name: string, descriptor: D): StateHandle<D> {
    const subtask = this.#subtasks[this.#keyRouter().subtaskOfKey(key)];
    const store = subtask?.keyed;
    if (store === undefined)
      throw new MillraceError("STATE_MISUSE", "the operator under test has no keyed state");
    store.setCurrentKey(key);
    return store.getState(name, descriptor);
  }

  snapshot(): HarnessState {
    this.#checkpoint++;
    for (const subtask of this.#subtasks) subtask.prepareSnapshot(this.#checkpoint);
    this.#check();
    const checkpoint = this.#checkpoint;
    const taken = Promise.all(this.#subtasks.map((subtask) => subtask.captureKeyed(checkpoint)));
    const keyed = taken.then((handles) => handles.filter((handle) => handle !== undefined));
    // Whoever restores from it hears of what failed.
    keyed.catch(() => {});
    return {
      "~millrace": "harness-snapshot",
      keyed,
      operator: this.#subtasks.flatMap((subtask) => subtask.captureOperator() ?? []),
    };
  }

  async restart(changes: Omit<HarnessSettings, "restore"> = {}): Promise<RunningHarness<A, B, Out>> {
    const { build, operator, options } = this.#recipe;
    const snapshot = this.snapshot();
    const restored = await restoredState(snapshot);
    await this.close();
    const fresh = recordOperator(build, operator.inputTypes);
    const processingTime = this.#clock.now();
    const settings = { ...options, processingTime, ...changes, restore: snapshot };
    const next = new RunningHarness<A, B, Out>(build, fresh, settings, restored);
    await next.open();
    return next;
  }

  async finish(): Promise<void> {
    this.processWatermark(MAX_WATERMARK);
    for (const subtask of this.#subtasks) await subtask.finish();
    this.#check();
    await this.close();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const subtask of this.#subtasks) await subtask.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #process(input: 0 | 1, value: unknown, timestamp: Timestamp): void {
    const router = this.#routers[input];
    if (router === undefined)
      throw new MillraceError("INVALID_ARGUMENT", "the operator under test has one input only");
    const record = this.#copyInput[input]!(value);
    for (const subtask of router.subtasks(record)) {
      const rig = this.#subtasks[subtask]!;
      try {
        rig.record(input, record, timestamp);
      } catch (error) {
        rig.poison(error, record, timestamp);
      }
    }
    this.#check();
  }

  #inputs(input: 1 | 2 | undefined): readonly (0 | 1)[] {
    if (input !== undefined) return [input === 1 ? 0 : 1];
    return this.#routers.length === 2 ? [0, 1] : [0];
  }

  #keyRouter(): HarnessRouter {
    return this.#routers[0]!;
  }

  /** Lets fire what was set for times that have passed, and throws what failed the task outside of any call. */
  #check(): void {
    this.#clock.advance(0);
    const [failure] = this.#failures.splice(0);
    if (failure !== undefined) throw failure as Error;
  }

  #output(subtask: number, copy: RecordCopier): Output<unknown> {
    return {
      record: (value, timestamp) =>
        void this.#events.push({ kind: "record", value: copy(value) as Out, timestamp }),
      watermark: (watermark) => {
        if (!this.#watermarks.advance(subtask, watermark)) return;
        this.#events.push({ kind: "watermark", watermark: this.#watermarks.watermark });
      },
      idle: (idle) => {
        const before = this.#watermarks.idle;
        if (this.#watermarks.setIdle(subtask, idle)) {
          this.#events.push({ kind: "watermark", watermark: this.#watermarks.watermark });
        }
        if (this.#watermarks.idle !== before) this.#events.push({ kind: "idle", idle: !before });
      },
    };
  }

  #sideOutput(tagId: string, carry: { readonly copy: boolean; readonly freeze: boolean }): Output<unknown> {
    const { node } = this.#recipe.operator;
    const copy = recordCopier(node.sideOutputTypes.get(tagId), `side-${tagId}`, carry);
    const records = this.#sides.get(tagId) ?? [];
    this.#sides.set(tagId, records);
    return {
      record: (value, timestamp) => void records.push({ value: copy(value), timestamp }),
      watermark() {},
      idle() {},
    };
  }
}
