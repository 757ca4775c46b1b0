import type { Clock } from "../../common/clock/clock.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { unreachable } from "../../common/errors/unreachable.ts";
import type { ExecutionId } from "../../common/ids/ids.ts";
import type { SourceSplit } from "../../common/connector/source.ts";
import { describeNodes, firstDifference } from "../../graph/job/fingerprint.ts";
import type { MasterConnection } from "../../protocol/control/control-transport.ts";
import type { SlotDeployment, TaskDeployment } from "../../protocol/control/deployment.ts";
import { toEnvelope } from "../../protocol/control/error-envelope.ts";
import { CONTROL_VERSION } from "../../protocol/control/messages.ts";
import type { ToSlot } from "../../protocol/control/messages.ts";
import type { CheckpointLocation } from "../../protocol/control/snapshots.ts";
import type { LocalCopies, LocalFolders } from "../../runtime/checkpoint/local/local-copies.ts";
import { LocalStateFiles } from "../../runtime/checkpoint/local/local-state-files.ts";
import { RestoredBytes } from "../../runtime/checkpoint/local/restored-bytes.ts";
import type { StateFiles } from "../../runtime/checkpoint/storage/state-files.ts";
import type { StateBackendFactory } from "../../runtime/state/backend-module.ts";
import { createStateFiles } from "../../runtime/checkpoint/storage/create-state-files.ts";
import { createTask } from "../../runtime/task/create-task.ts";
import { SlotScheduler } from "../../runtime/task/slot-scheduler.ts";
import type { TaskMetrics } from "../../runtime/task/task-metrics.ts";
import type { TaskServices } from "../../runtime/task/task-services.ts";
import type { Task } from "../../runtime/task/task.ts";
import type { BackendLoader } from "./load-state-backend.ts";
import { openLocalCopies } from "./open-local-copies.ts";
import type { BuiltProgram, ProgramLoader } from "./program.ts";
import { SlotChannels } from "./slot-channels.ts";
import type { OpenRings } from "./slot-channels.ts";
import { SlotStreams } from "./slot-streams.ts";
import { taskSettings } from "./task-settings.ts";

type TriggerCheckpoint = Extract<ToSlot, { readonly type: "triggerCheckpoint" }>;

/** What a slot is made of; the same in every mode. */
export interface SlotHostOptions {
  readonly connection: MasterConnection;
  readonly clock: Clock;
  readonly loadProgram: ProgramLoader;
  readonly loadBackend: BackendLoader;
  /** Opens the shared memory of a deployment; undefined in slots without peers. */
  readonly openRings: OpenRings | undefined;
  /** Where copies of state may be kept on this machine, as known when it is deployed. Default: nowhere. */
  readonly localFolders?: () => LocalFolders | undefined;
}

/**
 * One slot: takes a deployment, rebuilds the program, runs its share of the tasks, reports their states. Lives for one attempt of one
 * job; a fresh one (in a fresh thread) runs the next.
 */
export class SlotHost {
  readonly #options: SlotHostOptions;
  readonly #tasks = new Map<ExecutionId, Task>();
  readonly #streams: SlotStreams;
  readonly #clientBacklog = new Map<ExecutionId, { sent: number; taken: number }>();
  /** A task has one for each of its sinks. */
  readonly #backlogListeners = new Map<ExecutionId, (() => void)[]>();
  readonly #restored = new Map<ExecutionId, RestoredBytes>();
  #deployment: SlotDeployment | undefined;
  #copies: LocalCopies | undefined;
  #scheduler: SlotScheduler | undefined;

  constructor(options: SlotHostOptions) {
    this.#options = options;
    const { connection } = options;
    this.#streams = new SlotStreams((message) => connection.send(message));
    connection.onMessage = (message) => {
      this.#receive(message).catch((error: unknown) =>
        connection.send({ type: "slotFailed", error: toEnvelope(error) }),
      );
    };
    connection.send({ type: "online", version: CONTROL_VERSION });
  }

  /** Something was put into shared memory for this slot. */
  bell(): void {
    this.#scheduler?.bell();
  }

  /** User code prints, by itself. */
  print(bytes: Uint8Array, stream: "stdout" | "stderr"): void {
    this.#streams.write(bytes, stream);
  }

  /** Whether its tasks have been started and have nothing to do at the moment. */
  get quiet(): boolean {
    if ([...this.#tasks.values()].some((task) => task.underway)) return false;
    return this.#scheduler?.quiet ?? this.#deployment === undefined;
  }

  /** Ends all tasks at once. */
  close(): void {
    for (const task of this.#tasks.values()) task.cancel();
    this.#scheduler?.close();
  }

  async #receive(message: ToSlot): Promise<void> {
    switch (message.type) {
      case "deploy":
        return this.#deploy(message.version, message.deployment);
      case "start":
        for (const task of this.#tasks.values()) if (!task.terminal) task.start();
        return;
      case "cancel":
        return this.#cancel(message.executions);
      case "addSplits":
        return this.#onSource(message.execution, (task) =>
          task.source?.addSplits(message.splits as readonly SourceSplit[]),
        );
      case "noMoreSplits":
        return this.#onSource(message.execution, (task) => task.source?.notifyNoMoreSplits());
      case "sourceEvent":
        return this.#onSource(message.execution, (task) => task.source?.handleEvent(message.event));
      case "alignment":
        return this.#align(message.group, message.limit);
      case "stdoutTaken":
        this.#streams.taken(message.bytes);
        for (const listeners of this.#backlogListeners.values()) for (const listener of listeners) listener();
        return;
      case "clientTaken": {
        const backlog = this.#clientBacklog.get(message.execution);
        if (backlog !== undefined) backlog.taken = message.count;
        for (const listener of this.#backlogListeners.get(message.execution) ?? []) listener();
        return;
      }
      case "stdin":
        return this.#streams.chunk(message.execution, message.chunk);
      case "triggerCheckpoint":
        return this.#trigger(message);
      case "checkpointComplete":
        for (const task of this.#tasks.values()) task.checkpointComplete(message.checkpointId);
        return this.#copies?.completed(message.checkpointId);
      case "checkpointAborted":
        for (const task of this.#tasks.values()) task.checkpointAborted(message.checkpointId);
        return this.#copies?.aborted(message.checkpointId);
      case "commitAtEnd":
        for (const execution of message.executions) this.#tasks.get(execution)?.commitAtEnd();
        return;
      case "reportMetrics":
        return this.#reportMetrics(message.request);
      case "shutdown":
        return this.close();
      default:
        return unreachable(message, "message to a slot");
    }
  }

  async #deploy(version: number, deployment: SlotDeployment): Promise<void> {
    if (version !== CONTROL_VERSION || this.#deployment !== undefined) {
      throw new MillraceError(
        "PROTOCOL_VIOLATION",
        `a slot takes one deployment of version ${CONTROL_VERSION}, got another of version ${version}`,
      );
    }
    this.#deployment = deployment;
    const program = await this.#options.loadProgram(deployment);
    // One build for each subtask index: the tasks of one slice are of different vertices, so they share no function.
    const builds = new Map<number, BuiltProgram>();
    for (const { subtask } of deployment.tasks) {
      if (builds.has(subtask)) continue;
      const built = program.build(deployment);
      checkFingerprint(built, deployment);
      builds.set(subtask, built);
    }
    const createBackend = await this.#options.loadBackend(deployment);
    this.#copies = await openLocalCopies(deployment, this.#options.localFolders?.(), (level, text) =>
      this.#options.connection.send({ type: "log", level, message: text }),
    );
    const settings = taskSettings(deployment.config);
    const channels = new SlotChannels(deployment, settings, this.#options.openRings);
    this.#scheduler = new SlotScheduler(this.#options.clock, channels.network);
    for (const task of deployment.tasks)
      this.#createTask(task, builds.get(task.subtask) as BuiltProgram, channels, deployment, createBackend);
    this.#options.connection.send({ type: "deployed", attempt: deployment.token.attempt });
  }

  #createTask(
    task: TaskDeployment,
    built: BuiltProgram,
    channels: SlotChannels,
    deployment: SlotDeployment,
    createBackend: StateBackendFactory,
  ): void {
    const { connection, clock } = this.#options;
    const { streamGraph, jobGraph } = built;
    const vertex = jobGraph.vertices.find(({ id }) => id === task.vertex);
    if (vertex === undefined)
      throw new MillraceError("INTERNAL", `the job graph has no vertex ${task.vertex}`);
    const scheduler = this.#scheduler as SlotScheduler;
    const services = this.#services(task.execution);
    const restored = new RestoredBytes();
    this.#restored.set(task.execution, restored);
    const created = createTask({
      deployment: task,
      graph: streamGraph,
      vertex,
      jobId: deployment.token.jobId,
      attempt: deployment.token.attempt,
      checkpoints: deployment.checkpoints,
      stateFiles: (location) => this.#stateFiles(location, deployment.checkpoints.location, restored),
      args: deployment.args,
      settings: taskSettings(deployment.config),
      clock,
      backend: createBackend(),
      services,
      openWriters: (flowOf) => channels.openWriters(task, built, flowOf),
      inputs: channels.openInputs(task, built),
      places: channels.inputPlaces(task, built),
      wake: (it) => scheduler.wake(it),
      onState: (_, state, error) => {
        connection.send({
          type: "taskState",
          execution: task.execution,
          state,
          error: error === undefined ? undefined : toEnvelope(error),
        });
        const { local, remote } = restored;
        if (state === "RUNNING" && this.#copies !== undefined && local + remote > 0)
          services.log(
            "info",
            `task ${task.execution} has restored ${local} bytes from local copies, ${remote} bytes from checkpoint ${task.restore?.checkpointId} itself`,
          );
      },
    });
    this.#tasks.set(task.execution, created);
  }

  #services(execution: ExecutionId): TaskServices {
    const { connection } = this.#options;
    const backlog = { sent: 0, taken: 0 };
    this.#clientBacklog.set(execution, backlog);
    const listeners: (() => void)[] = [];
    this.#backlogListeners.set(execution, listeners);
    return {
      requestSplit: () => connection.send({ type: "requestSplit", execution }),
      sendSourceEvent: (event) => connection.send({ type: "sourceEvent", execution, event }),
      reportWatermark: (group, watermark) =>
        connection.send({ type: "reportWatermark", execution, group, watermark }),
      openStdin: () => this.#streams.openStdin(execution),
      stdout: (bytes, stream) => this.#streams.write(bytes, stream),
      stdoutBacklog: () => this.#streams.backlog,
      sendToClient: (channel, batch, count) => {
        backlog.sent += count;
        connection.send({ type: "clientBatch", execution, channel, batch, count });
      },
      clientBacklog: () => backlog.sent - backlog.taken,
      onBacklog: (callback) => listeners.push(callback),
      acknowledgeCheckpoint: (checkpointId, snapshot, metrics) => {
        const acknowledge = (): void =>
          connection.send({ type: "checkpointAcknowledged", execution, checkpointId, snapshot, metrics });
        const copied = this.#copies?.acknowledged(checkpointId, snapshot);
        if (copied === undefined) acknowledge();
        else void copied.then(acknowledge);
      },
      declineCheckpoint: (checkpointId, error) => this.#decline(execution, checkpointId, error),
      endOfData: () => connection.send({ type: "endOfData", execution }),
      log: (level, message) => connection.send({ type: "log", level, message }),
    };
  }

  #cancel(executions: readonly ExecutionId[]): void {
    for (const execution of executions) {
      const task = this.#tasks.get(execution);
      if (task !== undefined) task.cancel();
      // Cancelled before it was created: the deployment is still loading, or has failed.
      else
        this.#options.connection.send({ type: "taskState", execution, state: "CANCELED", error: undefined });
    }
  }

  #onSource(execution: ExecutionId, call: (task: Task) => void): void {
    const task = this.#tasks.get(execution);
    task?.mail(() => call(task));
  }

  #align(group: string, limit: number): void {
    for (const task of this.#tasks.values()) {
      task.mail(() => {
        if (task.source?.alignmentGroup === group) task.source.setAlignmentLimit(limit);
      });
    }
  }

  #trigger({ executions, checkpointId, timestamp, options }: TriggerCheckpoint): void {
    for (const execution of executions) {
      const task = this.#tasks.get(execution);
      if (task !== undefined) {
        task.triggerCheckpoint({ checkpointId, timestamp, options });
        continue;
      }
      const error = new MillraceError("CHECKPOINT_FAILED", `there is no task ${execution}`, {
        retryable: true,
      });
      this.#decline(execution, checkpointId, error);
    }
  }

  #decline(execution: ExecutionId, checkpointId: number, error: MillraceError): void {
    const { connection } = this.#options;
    connection.send({ type: "checkpointDeclined", execution, checkpointId, error: toEnvelope(error) });
  }

  /** Those of the job's own checkpoints are copied; nobody recovers from a savepoint. */
  #stateFiles(location: CheckpointLocation, own: CheckpointLocation, restored: RestoredBytes): StateFiles {
    const originals = createStateFiles(location);
    const copies = this.#copies;
    if (copies === undefined || location.directory !== own.directory) return originals;
    return new LocalStateFiles({ originals, copies, inlineThreshold: location.inlineThreshold, restored });
  }

  #metrics(execution: ExecutionId, task: Task): TaskMetrics {
    const metrics = task.metrics();
    const restored = this.#restored.get(execution);
    if (this.#copies === undefined || restored === undefined) return metrics;
    const { local: restoredLocalBytes, remote: restoredRemoteBytes } = restored;
    return { ...metrics, user: { restoredLocalBytes, restoredRemoteBytes, ...metrics.user } };
  }

  #reportMetrics(request: number): void {
    const tasks = Object.fromEntries(
      [...this.#tasks].map(([execution, task]) => [execution, this.#metrics(execution, task)]),
    );
    this.#options.connection.send({ type: "metrics", request, tasks });
  }
}

function checkFingerprint({ jobGraph, streamGraph }: BuiltProgram, deployment: SlotDeployment): void {
  if (jobGraph.fingerprint === deployment.fingerprint) return;
  const difference = firstDifference(deployment.nodes, describeNodes(streamGraph)) ?? "the settings differ";
  throw new MillraceError(
    "JOB_NOT_DETERMINISTIC",
    `job "${deployment.jobName}" built another graph in its slot than at submission: ${difference}`,
    {
      help: "A job's builder must give the same graph each time: take what differs (time, environment, files) as arguments, or through env.capture(name, () => value).",
    },
  );
}
