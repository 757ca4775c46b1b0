import type { Clock, ClockTimer } from "../../../common/clock/clock.ts";
import { configValue } from "../../../common/config/configuration.ts";
import { CANCELLATION_TIMEOUT } from "../../../common/config/options.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { unreachable } from "../../../common/errors/unreachable.ts";
import type { JobId, VertexId } from "../../../common/ids/ids.ts";
import { slotId } from "../../../common/ids/ids.ts";
import { JOB_TRANSITIONS } from "../../../graph/execution/job-status.ts";
import type { JobStatus } from "../../../graph/execution/job-status.ts";
import { StateMachine } from "../../../graph/execution/state-machine.ts";
import { describeNodes } from "../../../graph/job/fingerprint.ts";
import type { JobGraph } from "../../../graph/job/job-graph.ts";
import type { StreamGraph } from "../../../graph/stream/stream-graph.ts";
import type { SlotConnection } from "../../../protocol/control/control-transport.ts";
import type { ProgramDeployment } from "../../../protocol/control/deployment.ts";
import { fromEnvelope } from "../../../protocol/control/error-envelope.ts";
import { CONTROL_VERSION } from "../../../protocol/control/messages.ts";
import type { FromSlot } from "../../../protocol/control/messages.ts";
import { streamNode } from "../../../runtime/task/chain-layout.ts";
import type { TaskMetrics } from "../../../runtime/task/task-metrics.ts";
import { AlignmentGroups } from "./sources/alignment-groups.ts";
import { ClientResults } from "./client-results.ts";
import { ExecutionTable } from "./execution-table.ts";
import type { Execution } from "./execution-table.ts";
import type { DeploymentPlan } from "./plan-deployment.ts";
import { rootCause } from "./restart/root-cause.ts";
import { SourceCoordinator } from "./sources/source-coordinator.ts";
import type { StandardStreams } from "./standard-streams.ts";

/** How long slots may take to answer a request for metrics, ms. */
const METRICS_TIMEOUT = 2000;

/** What a JobMaster is given. */
export interface JobMasterOptions {
  readonly jobId: JobId;
  readonly streamGraph: StreamGraph;
  readonly jobGraph: JobGraph;
  readonly plan: DeploymentPlan;
  /** One for each slot of the plan, online. */
  readonly slots: readonly SlotConnection[];
  /** The shared memory for each slot, where slots exchange data by rings. */
  readonly rings: readonly unknown[];
  readonly program: ProgramDeployment;
  readonly args: Readonly<Record<string, unknown>>;
  /** All settings, the parallelism among them. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly clock: Clock;
  readonly streams: StandardStreams;
  log(level: "info" | "warn" | "error", message: string): void;
}

/** How a job ended. */
export interface JobOutcome {
  readonly status: "FINISHED" | "CANCELED" | "FAILED";
  readonly error: Error | undefined;
  /** The last metrics of each task that were seen. */
  readonly metrics: ReadonlyMap<string, TaskMetrics>;
}

/**
 * Runs one job: deploys its tasks into slots, follows them through their states, hosts the enumerators of its sources, cancels and fails
 * it. The same object serves every mode; what differs is behind `SlotConnection`.
 */
export class JobMaster {
  readonly jobId: JobId;
  readonly results: ClientResults;
  /** Settles when the job has ended and all its slots have let go of it. Never rejects. */
  readonly done: Promise<JobOutcome>;
  readonly #options: JobMasterOptions;
  readonly #machine: StateMachine<JobStatus>;
  readonly #executions: ExecutionTable;
  readonly #sources = new Map<VertexId, SourceCoordinator>();
  readonly #alignment = new AlignmentGroups();
  readonly #drifts = new Map<string, number>();
  readonly #errors: Error[] = [];
  readonly #metrics = new Map<string, TaskMetrics>();
  readonly #metricRequests = new Map<number, { waiting: number; resolve: () => void }>();
  readonly #lostSlots = new Set<number>();
  readonly #clientTaken = new Map<string, number>();
  readonly #stdoutTaken: number[];
  #watchdog: ClockTimer | undefined;
  #deployed = 0;
  #attempt = 0;
  #nextRequest = 1;
  #resolve!: (outcome: JobOutcome) => void;

  constructor(options: JobMasterOptions) {
    this.#options = options;
    this.jobId = options.jobId;
    this.#machine = new StateMachine<JobStatus>(
      `job "${options.jobGraph.jobName}"`,
      JOB_TRANSITIONS,
      "INITIALIZING",
    );
    this.#executions = new ExecutionTable(options.plan);
    this.#stdoutTaken = options.slots.map(() => 0);
    this.done = new Promise((resolve) => (this.#resolve = resolve));
    this.results = new ClientResults((execution, count) => {
      const taken = (this.#clientTaken.get(execution) ?? 0) + count;
      this.#clientTaken.set(execution, taken);
      const slot = this.#executions.get(execution)?.slot;
      if (slot !== undefined) this.#send(slot, { type: "clientTaken", execution, count: taken });
    });
    this.#makeSources();
    this.#machine.to("CREATED");
  }

  get status(): JobStatus {
    return this.#machine.state;
  }

  /** Deploys everything; tasks start when all slots have rebuilt the program. */
  start(): void {
    const { plan, slots, rings, jobGraph, streamGraph, program, args, config, jobId } = this.#options;
    this.#machine.to("RUNNING");
    for (const { machine } of this.#executions.all) {
      machine.to("SCHEDULED");
      machine.to("DEPLOYING");
    }
    slots.forEach((connection, slot) => {
      connection.onMessage = (message) => this.#receive(slot, message);
      connection.onClose = (error) => this.#slotLost(slot, error);
      connection.send({
        type: "deploy",
        version: CONTROL_VERSION,
        deployment: {
          token: { epoch: 0, jobId, attempt: this.#attempt },
          jobName: jobGraph.jobName,
          slot,
          slotId: slotId(`local/${slot}`),
          program,
          args,
          captured: streamGraph.captured,
          config,
          checkpoints: { periodic: false, location: { directory: undefined, inlineThreshold: 0 } },
          fingerprint: jobGraph.fingerprint,
          nodes: describeNodes(streamGraph),
          tasks: plan.slots[slot]?.tasks ?? [],
          channels: plan.channels.filter(
            ({ producer, consumer }) => producer.slot === slot || consumer.slot === slot,
          ),
          rings: rings[slot],
        },
      });
    });
  }

  /** Stops the job without finishing it. Safe to call at any time. */
  cancel(): void {
    if (!this.#machine.can("CANCELLING")) return;
    this.#machine.to("CANCELLING");
    this.#cancelAll();
  }

  /**
   * Fails the job for a reason outside its tasks. A job that is being cancelled stays cancelled: tasks that notice that their neighbours are
   * gone fail before they hear of the cancellation themselves.
   */
  fail(error: Error): void {
    this.#errors.push(error);
    if (!this.#machine.can("FAILING")) return;
    this.#machine.to("FAILING");
    this.#cancelAll();
  }

  /** The tasks' metrics as of now, by execution. Tasks of slots that don't answer in time keep their last ones. */
  async metrics(): Promise<ReadonlyMap<string, TaskMetrics>> {
    if (!this.#machine.terminal) await this.#pollMetrics();
    return this.#metrics;
  }

  /** Asks every slot for its tasks' metrics; those that don't answer in time are left out. */
  async #pollMetrics(): Promise<void> {
    const request = this.#nextRequest++;
    const slots = this.#options.slots.map((_, slot) => slot).filter((slot) => !this.#lostSlots.has(slot));
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.schedule(METRICS_TIMEOUT, resolve);
      this.#metricRequests.set(request, {
        waiting: slots.length,
        resolve: () => {
          timer.cancel();
          resolve();
        },
      });
      if (slots.length === 0) this.#answered(request);
      for (const slot of slots) this.#send(slot, { type: "reportMetrics", request });
    });
    this.#metricRequests.delete(request);
  }

  #receive(slot: number, message: FromSlot): void {
    switch (message.type) {
      case "online":
        return;
      case "deployed":
        if (++this.#deployed === this.#options.slots.length) this.#startTasks();
        return;
      case "taskState":
        return this.#taskState(message);
      case "checkpointAcknowledged":
      case "checkpointDeclined":
      case "endOfData":
        return;
      case "requestSplit":
        return this.#ofSource(message.execution, (source, subtask) => source.requestSplit(subtask));
      case "sourceEvent":
        return this.#ofSource(message.execution, (source, subtask) =>
          source.handleEvent(subtask, message.event),
        );
      case "reportWatermark":
        return this.#align(message.group, message.execution, message.watermark);
      case "stdout":
        return this.#write(slot, message.stream, message.bytes);
      case "clientBatch":
        return this.results.deliver(message.execution, message.channel, message.batch, message.count);
      case "stdinRequest":
        return this.#options.streams.read((chunk) =>
          this.#send(slot, { type: "stdin", execution: message.execution, chunk }),
        );
      case "metrics":
        for (const [execution, metrics] of Object.entries(message.tasks))
          this.#metrics.set(execution, metrics as TaskMetrics);
        return this.#answered(message.request);
      case "log":
        return this.#options.log(message.level, message.message);
      case "slotFailed":
        return this.#slotFailed(slot, fromEnvelope(message.error));
      default:
        return unreachable(message, "message from a slot");
    }
  }

  #startTasks(): void {
    if (this.#machine.state !== "RUNNING") return;
    for (const source of this.#sources.values()) source.start();
    this.#options.slots.forEach((_, slot) => this.#send(slot, { type: "start", attempt: this.#attempt }));
  }

  #taskState(message: Extract<FromSlot, { type: "taskState" }>): void {
    const execution = this.#executions.get(message.execution);
    // A message of an earlier attempt, or one that crossed with the loss of its slot.
    if (execution === undefined || execution.machine.terminal) return;
    const { machine } = execution;
    if (machine.state === "CANCELING" && (message.state === "INITIALIZING" || message.state === "RUNNING"))
      return;
    machine.to(message.state);
    switch (message.state) {
      case "INITIALIZING":
        this.#ofSource(execution.id, (source, subtask) => source.register(subtask));
        return;
      case "RUNNING":
        return;
      case "FAILED":
        this.#ofSource(execution.id, (source, subtask) => source.readerFailed(subtask));
        this.fail(
          message.error === undefined
            ? new MillraceError("INTERNAL", `execution ${execution.id} failed without a reason`)
            : fromEnvelope(message.error),
        );
        break;
      case "FINISHED":
      case "CANCELED":
        break;
      default:
        unreachable(message.state, "task state");
    }
    this.#finishIfOver();
  }

  /** A slot can't run its tasks, but its thread lives. */
  #slotFailed(slot: number, error: Error): void {
    this.fail(error);
    this.#endTasksOf(slot);
  }

  #slotLost(slot: number, error: Error | undefined): void {
    if (this.#lostSlots.has(slot)) return;
    this.#lostSlots.add(slot);
    for (const request of this.#metricRequests.keys()) this.#answered(request);
    if (this.#machine.terminal) return;
    this.fail(
      new MillraceError(
        "SLOT_LOST",
        `slot ${slot} ended while it ran tasks of job "${this.#options.jobGraph.jobName}"${error === undefined ? "" : `: ${error.message}`}`,
        {
          cause: error,
          retryable: true,
          help: "A slot is one worker thread: it ends when it runs out of memory, or when user code calls process.exit.",
        },
      ),
    );
    this.#endTasksOf(slot);
  }

  #endTasksOf(slot: number): void {
    for (const execution of this.#executions.all) {
      if (execution.slot === slot && !execution.machine.terminal) execution.machine.to("FAILED");
    }
    this.#finishIfOver();
  }

  #cancelAll(): void {
    const bySlot = new Map<number, Execution[]>();
    for (const execution of this.#executions.all) {
      const { machine } = execution;
      if (machine.terminal || machine.state === "CANCELING") continue;
      machine.to(machine.can("CANCELING") ? "CANCELING" : "CANCELED");
      bySlot.set(execution.slot, [...(bySlot.get(execution.slot) ?? []), execution]);
    }
    this.#watchCancellation();
    for (const [slot, executions] of bySlot) {
      this.#send(slot, {
        type: "cancel",
        attempt: this.#attempt,
        executions: executions.map(({ id }) => id),
      });
    }
    this.#finishIfOver();
  }

  /** A function that never returns, or a close that never settles, must not keep the job for ever: its slot is ended. */
  #watchCancellation(): void {
    const timeout = configValue(this.#options.config, CANCELLATION_TIMEOUT) ?? 0;
    if (timeout === 0 || this.#watchdog !== undefined) return;
    this.#watchdog = this.#options.clock.schedule(timeout, () => {
      const stuck = new Set(
        this.#executions.all.filter(({ machine }) => !machine.terminal).map(({ slot }) => slot),
      );
      for (const slot of stuck) {
        this.#options.log(
          "error",
          `slot ${slot} did not let go of its tasks within ${timeout} ms: it is ended`,
        );
        this.#lostSlots.add(slot);
        void this.#options.slots[slot]?.close();
        this.#endTasksOf(slot);
      }
    });
  }

  #finishIfOver(): void {
    if (this.#machine.terminal || !this.#executions.allTerminal) return;
    const status =
      this.#machine.state === "FAILING"
        ? "FAILED"
        : this.#machine.state === "CANCELLING"
          ? "CANCELED"
          : "FINISHED";
    this.#machine.to(status);
    this.#watchdog?.cancel();
    for (const source of this.#sources.values()) source.close();
    this.#options.streams.close();
    void this.#wrapUp(status);
  }

  /** Takes the last metrics, then lets the slots go. */
  async #wrapUp(status: JobOutcome["status"]): Promise<void> {
    await this.#pollMetrics();
    const alive = this.#options.slots.filter((_, slot) => !this.#lostSlots.has(slot));
    await Promise.allSettled(alive.map((slot) => slot.close()));
    this.#resolve({
      status,
      error: status === "FAILED" ? rootCause(this.#errors) : undefined,
      metrics: this.#metrics,
    });
  }

  #makeSources(): void {
    const { jobGraph, streamGraph, clock } = this.#options;
    for (const vertex of jobGraph.vertices) {
      const node = streamNode(streamGraph, vertex.nodes[0] as number);
      if (node.spec.kind !== "source") continue;
      const { alignment } = node.spec.watermarks;
      const at = (subtask: number): Execution | undefined =>
        this.#executions.all.find(
          (execution) => execution.vertex === vertex.id && execution.subtask === subtask,
        );
      if (alignment !== undefined) {
        this.#drifts.set(alignment.group, alignment.maxDrift);
        for (let subtask = 0; subtask < vertex.parallelism; subtask++)
          this.#alignment.join(alignment.group, at(subtask)?.id ?? "");
      }
      const tell = (
        subtask: number,
        message: (execution: Execution) => Parameters<SlotConnection["send"]>[0],
      ): void => {
        const execution = at(subtask);
        if (execution !== undefined && !execution.machine.terminal)
          this.#send(execution.slot, message(execution));
      };
      const coordinator = new SourceCoordinator(node.spec.source, {
        operatorName: node.name,
        parallelism: vertex.parallelism,
        clock,
        assignSplits: (subtask, splits) =>
          tell(subtask, ({ id }) => ({ type: "addSplits", execution: id, splits })),
        noMoreSplits: (subtask) => tell(subtask, ({ id }) => ({ type: "noMoreSplits", execution: id })),
        sendEvent: (subtask, event) =>
          tell(subtask, ({ id }) => ({ type: "sourceEvent", execution: id, event })),
        fail: (error) => this.fail(error),
      });
      this.#sources.set(vertex.id, coordinator);
    }
  }

  #ofSource(id: Execution["id"], use: (source: SourceCoordinator, subtask: number) => void): void {
    const execution = this.#executions.get(id);
    const source = execution === undefined ? undefined : this.#sources.get(execution.vertex);
    if (execution !== undefined && source !== undefined) use(source, execution.subtask);
  }

  #align(group: string, member: string, watermark: number): void {
    const slowest = this.#alignment.report(group, member, watermark);
    const limit = slowest + (this.#drifts.get(group) ?? 0);
    this.#options.slots.forEach((_, slot) => this.#send(slot, { type: "alignment", group, limit }));
  }

  #write(slot: number, stream: "stdout" | "stderr", bytes: Uint8Array): void {
    this.#options.streams.write(stream, bytes, () => {
      this.#stdoutTaken[slot] = (this.#stdoutTaken[slot] ?? 0) + bytes.byteLength;
      this.#send(slot, { type: "stdoutTaken", bytes: this.#stdoutTaken[slot] });
    });
  }

  #answered(request: number): void {
    const pending = this.#metricRequests.get(request);
    if (pending !== undefined && --pending.waiting <= 0) pending.resolve();
  }

  #send(slot: number, message: Parameters<SlotConnection["send"]>[0]): void {
    if (!this.#lostSlots.has(slot)) this.#options.slots[slot]?.send(message);
  }
}
