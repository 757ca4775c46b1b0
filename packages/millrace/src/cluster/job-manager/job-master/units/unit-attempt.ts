import type { Clock, ClockTimer } from "../../../../common/clock/clock.ts";
import { configValue } from "../../../../common/config/configuration.ts";
import { CANCELLATION_TIMEOUT, NETWORK_MEMORY } from "../../../../common/config/options.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { ExecutionId, VertexId } from "../../../../common/ids/ids.ts";
import { describeNodes } from "../../../../graph/job/fingerprint.ts";
import type { CheckpointDeployment, FencingToken } from "../../../../protocol/control/deployment.ts";
import { fromEnvelope } from "../../../../protocol/control/error-envelope.ts";
import { CONTROL_VERSION } from "../../../../protocol/control/messages.ts";
import type { FromSlot, ToSlot } from "../../../../protocol/control/messages.ts";
import type { TaskRestore } from "../../../../protocol/control/snapshots.ts";
import { threadEnd } from "../../../task-manager/thread-end.ts";
import type { JobMasterOptions } from "../job-master-options.ts";
import type { FailurePlace } from "../job-observer.ts";
import { ExecutionTable } from "./execution-table.ts";
import type { Execution } from "./execution-table.ts";
import type { FailoverUnit } from "./plan-units.ts";
import { SlotMetrics } from "./slot-metrics.ts";
import type { OpenedSlot, SlotLocation } from "./slot-provider.ts";

/** Of slots in the client's own process. Those in a cluster come with their errors in words. */
const PROCESS_HEAP = { bytes: undefined, setting: "" };

/** What an attempt is deployed with. */
export interface AttemptDeployment {
  readonly attempt: number;
  readonly checkpoints: CheckpointDeployment;
  /** What each subtask starts from. */
  readonly restore: (vertex: VertexId, subtask: number) => TaskRestore | undefined;
}

/** Messages of slots that are the job's matter, not the attempt's. */
export type JobMessage = Exclude<
  FromSlot,
  { readonly type: "online" | "deployed" | "taskState" | "slotFailed" | "metrics" }
>;

/** Who follows an attempt. Called on later turns than the calls that lead to it, but for `over` on one whose slots never came. */
export interface AttemptListener {
  /** All slots have rebuilt the program; tasks start when this has returned. */
  deployed(attempt: UnitAttempt): void;
  /** After an execution has changed its state. */
  changed(attempt: UnitAttempt, execution: Execution): void;
  /** Something failed, for the first time or again; the attempt goes on until it is cancelled. `at`: what it was, where that is known. */
  failed(attempt: UnitAttempt, error: Error, at: FailurePlace | undefined): void;
  message(attempt: UnitAttempt, slot: number, message: JobMessage): void;
  /** All its executions are over. Once. */
  over(attempt: UnitAttempt): void;
}

/**
 * One attempt of one failover unit, from opening its slots to closing them: deploys its tasks, follows their states, cancels them. Never
 * starts anything again: a failed attempt is followed by another.
 */
export class UnitAttempt {
  readonly unit: FailoverUnit;
  readonly number: number;
  readonly executions: ExecutionTable;
  /** What failed it, in the order in which it was heard. */
  readonly errors: Error[] = [];
  readonly metrics: SlotMetrics;
  readonly #options: JobMasterOptions;
  readonly #deployment: AttemptDeployment;
  readonly #listener: AttemptListener;
  readonly #clock: Clock;
  readonly #lost = new Set<number>();
  readonly #abandoned = new AbortController();
  #started: Promise<void> = Promise.resolve();
  #slots: readonly OpenedSlot[] = [];
  #deployed = 0;
  #listening = false;
  #watchdog: ClockTimer | undefined;
  #cancelled = false;
  #over = false;

  constructor(
    unit: FailoverUnit,
    options: JobMasterOptions,
    deployment: AttemptDeployment,
    listener: AttemptListener,
  ) {
    this.unit = unit;
    this.number = deployment.attempt;
    this.executions = new ExecutionTable(unit, deployment.attempt, () => options.clock.now());
    this.#options = options;
    this.#deployment = deployment;
    this.#listener = listener;
    this.#clock = options.clock;
    this.metrics = new SlotMetrics(options.clock, (request) => {
      const slots = this.#slots.map((_, slot) => slot).filter((slot) => !this.#lost.has(slot));
      for (const slot of slots) this.send(slot, { type: "reportMetrics", request });
      return slots.length;
    });
  }

  /** Whether all its executions are over. */
  get over(): boolean {
    return this.#over;
  }

  /** Settles when its slots are open and have been told what to do, or when that has failed. Never rejects. */
  get started(): Promise<void> {
    return this.#started;
  }

  /** Opens slots and deploys; what fails is told to the listener. */
  start(): void {
    this.#started = this.#open();
  }

  async #open(): Promise<void> {
    for (const { machine } of this.executions.all) machine.to("SCHEDULED");
    const { slots, config, jobGraph } = this.#options;
    const { channels, firstSlot } = this.unit;
    try {
      this.#slots = await slots.open({
        token: this.#token,
        jobName: jobGraph.jobName,
        count: this.unit.slots,
        firstSlot,
        channels: channels
          .filter(({ producer, consumer }) => producer.slot !== consumer.slot)
          .map(({ id, producer, consumer }) => ({
            id,
            producerSlot: producer.slot,
            consumerSlot: consumer.slot,
          })),
        networkMemory: configValue(config, NETWORK_MEMORY),
        abandoned: this.#abandoned.signal,
      });
      if (this.#over) void this.close();
      else this.#deploy();
    } catch (error) {
      if (this.#over) return;
      this.#failed(error instanceof Error ? error : new MillraceError("INTERNAL", String(error)));
      this.#endTasks(() => true);
    }
  }

  /** Whether its slots are still waited for. */
  get waiting(): boolean {
    return this.#slots.length === 0 && !this.#over;
  }

  /** Where a slot is; undefined before it is open. */
  location(slot: number): SlotLocation | undefined {
    return this.#slots[slot]?.location;
  }

  get #token(): FencingToken {
    const { epoch, jobId } = this.#options;
    return { epoch, jobId, attempt: this.number };
  }

  /** Lets all tasks go. Those that don't in time lose their slots. */
  cancel(): void {
    if (this.#cancelled || this.#over) return;
    this.#cancelled = true;
    if (this.waiting) this.#abandoned.abort();
    const bySlot = new Map<number, ExecutionId[]>();
    for (const execution of this.executions.all) {
      const { machine, slot, id } = execution;
      if (machine.terminal) continue;
      if (machine.can("CANCELING")) {
        machine.to("CANCELING");
        bySlot.set(slot, [...(bySlot.get(slot) ?? []), id]);
      } else machine.to("CANCELED");
      this.#listener.changed(this, execution);
    }
    this.#watchCancellation();
    for (const [slot, executions] of bySlot)
      this.send(slot, { type: "cancel", attempt: this.number, executions });
    this.#checkOver();
  }

  send(slot: number, message: ToSlot): void {
    if (!this.#lost.has(slot)) this.#slots[slot]?.connection.send(message);
  }

  broadcast(message: ToSlot): void {
    this.#slots.forEach((_, slot) => this.send(slot, message));
  }

  /** Takes the last metrics, then lets the slots go. Never rejects. */
  async close(): Promise<void> {
    // Slots that came too late run nothing, and listen to nobody.
    if (this.#listening) await this.metrics.poll();
    const alive = this.#slots.filter((_, slot) => !this.#lost.has(slot));
    this.#slots.forEach((_, slot) => this.#lost.add(slot));
    await Promise.allSettled(alive.map(({ connection }) => connection.close()));
  }

  #deploy(): void {
    const { streamGraph, jobGraph, program, args, config } = this.#options;
    const { unit } = this;
    const { checkpoints, restore } = this.#deployment;
    for (const { machine } of this.executions.all) machine.to("DEPLOYING");
    const nodes = describeNodes(streamGraph);
    this.#listening = true;
    this.#slots.forEach(({ connection, location, exchange }, slot) => {
      connection.onMessage = (message) => this.#receive(slot, message);
      connection.onClose = (error) => this.#slotLost(slot, error);
      connection.send({
        type: "deploy",
        version: CONTROL_VERSION,
        deployment: {
          token: this.#token,
          jobName: jobGraph.jobName,
          slot,
          slotId: location.slotId,
          program,
          args,
          captured: streamGraph.captured,
          config,
          checkpoints,
          fingerprint: jobGraph.fingerprint,
          nodes,
          tasks: this.executions.all
            .filter((execution) => execution.slot === slot)
            .map(({ id, vertex, subtask }) => ({
              execution: id,
              vertex,
              subtask,
              restore: restore(vertex, subtask),
            })),
          channels: unit.channels.filter(
            ({ producer, consumer }) => producer.slot === slot || consumer.slot === slot,
          ),
          rings: exchange,
        },
      });
    });
  }

  #receive(slot: number, message: FromSlot): void {
    switch (message.type) {
      case "online":
        return;
      case "deployed":
        if (message.attempt === this.number && ++this.#deployed === this.#slots.length) this.#startTasks();
        return;
      case "taskState":
        return this.#taskState(message);
      case "metrics":
        return this.metrics.answered(message.request, message.tasks);
      case "slotFailed":
        // Its thread lives, but can't run its tasks.
        this.#failed(fromEnvelope(message.error), { slot, execution: undefined });
        return this.#endTasks((execution) => execution.slot === slot);
      default:
        return this.#listener.message(this, slot, message);
    }
  }

  #startTasks(): void {
    if (this.#cancelled || this.#over) return;
    this.#listener.deployed(this);
    this.broadcast({ type: "start", attempt: this.number });
  }

  #taskState(message: Extract<FromSlot, { type: "taskState" }>): void {
    const execution = this.executions.get(message.execution);
    // A message of another attempt, or one that crossed with the loss of its slot.
    if (execution === undefined || execution.machine.terminal) return;
    const { machine } = execution;
    if (machine.state === "CANCELING" && (message.state === "INITIALIZING" || message.state === "RUNNING"))
      return;
    machine.to(message.state);
    this.#listener.changed(this, execution);
    if (message.state === "FAILED") {
      this.#failed(
        message.error === undefined
          ? new MillraceError("INTERNAL", `execution ${execution.id} failed without a reason`)
          : fromEnvelope(message.error),
        { slot: execution.slot, execution },
      );
    }
    this.#checkOver();
  }

  #slotLost(slot: number, error: Error | undefined): void {
    if (this.#lost.has(slot)) return;
    this.#lost.add(slot);
    this.metrics.lost();
    if (this.#over) return;
    this.#failed(
      new MillraceError(
        "SLOT_LOST",
        `slot ${this.unit.firstSlot + slot} ended while it ran tasks of job "${this.#options.jobGraph.jobName}"${error === undefined ? "" : `: ${threadEnd(error, PROCESS_HEAP)}`}`,
        {
          cause: error,
          retryable: true,
          help:
            (MillraceError.is(error) ? error.help : undefined) ??
            "A slot is one worker thread: it ends when it runs out of memory, when user code calls process.exit, or throws where nobody catches it.",
        },
      ),
      { slot, execution: undefined },
    );
    this.#endTasks((execution) => execution.slot === slot);
  }

  #failed(error: Error, at?: FailurePlace): void {
    this.errors.push(error);
    this.#listener.failed(this, error, at);
  }

  #endTasks(which: (execution: Execution) => boolean): void {
    for (const execution of this.executions.all) {
      if (!which(execution) || execution.machine.terminal) continue;
      execution.machine.to("FAILED");
      this.#listener.changed(this, execution);
    }
    this.#checkOver();
  }

  /** A function that never returns, or a close that never settles, must not keep the job for ever: its slot is ended. */
  #watchCancellation(): void {
    const timeout = configValue(this.#options.config, CANCELLATION_TIMEOUT) ?? 0;
    if (timeout === 0) return;
    this.#watchdog = this.#clock.schedule(timeout, () => {
      const stuck = new Set(
        this.executions.all.filter(({ machine }) => !machine.terminal).map(({ slot }) => slot),
      );
      for (const slot of stuck) {
        this.#options.log(
          "error",
          `slot ${this.unit.firstSlot + slot} did not let go of its tasks within ${timeout} ms: it is ended`,
        );
        this.#lost.add(slot);
        this.metrics.lost();
        void this.#slots[slot]?.connection.close();
        this.#endTasks((execution) => execution.slot === slot);
      }
    });
  }

  #checkOver(): void {
    if (this.#over || !this.executions.allTerminal) return;
    this.#over = true;
    this.#watchdog?.cancel();
    this.#listener.over(this);
  }
}
