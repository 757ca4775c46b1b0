import type { ClockTimer } from "../../../../common/clock/clock.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { unreachable } from "../../../../common/errors/unreachable.ts";
import type { ExecutionId } from "../../../../common/ids/ids.ts";
import { fromEnvelope } from "../../../../protocol/control/error-envelope.ts";
import type { FromSlot } from "../../../../protocol/control/messages.ts";
import type { CheckpointLocation, TaskSnapshot } from "../../../../protocol/control/snapshots.ts";
import type { CompletedCheckpoint } from "../../../../runtime/checkpoint/storage/checkpoint-store.ts";
import type { Execution } from "../units/execution-table.ts";
import type { SubtaskKey } from "../units/subtask-key.ts";
import { assembleMetadata } from "./assemble-metadata.ts";
import { barrierOptions } from "./barrier-options.ts";
import type { CheckpointCoordinatorOptions, SnapshotOrder } from "./checkpoint-coordinator-options.ts";
import { CheckpointHistory } from "./checkpoint-history.ts";
import type { CheckpointStatistics } from "./checkpoint-history.ts";
import { CheckpointStorage } from "./checkpoint-storage.ts";
import { initialState } from "./coordinator-state.ts";
import type {
  CoordinatorAction,
  CoordinatorEvent,
  CoordinatorState,
  SnapshotKind,
  TasksPhase,
} from "./coordinator-state.ts";
import { decide, nextTick } from "./decide.ts";
import { planTrigger } from "./plan-trigger.ts";
import { refusePartlyFinished } from "./refuse-partly-finished.ts";
import type { JobEnd } from "./retained-checkpoints.ts";
import type { SnapshotUnderway } from "./snapshot-underway.ts";
import type { JobInheritance } from "../job-inheritance.ts";

type Acknowledgement = Extract<FromSlot, { readonly type: "checkpointAcknowledged" }>;
/** A subtask of the job. */
type Subtask = Pick<Execution, "vertex" | "subtask">;
type Abort = Extract<CoordinatorAction, { readonly type: "abort" }>;
type Refusal = Extract<FromSlot, { readonly type: "checkpointDeclined" }>;

/** What of a job's checkpoints goes to the next generation. */
type InheritedCheckpoints = Omit<JobInheritance, "firstAttempt" | "failures">;

/** Of a subtask that ended while no checkpoint had to cover its end: nothing of it is needed any more. */
const FINISHED: TaskSnapshot = { operators: [], channels: [], finished: true };

/**
 * Takes a job's checkpoints: `decide` says what is to be done, this does it, and tells it what has come of it. Everything runs on one
 * thread; what takes time is storage.
 */
export class CheckpointCoordinator {
  readonly #options: CheckpointCoordinatorOptions;
  readonly #history: CheckpointHistory;
  readonly #storage: CheckpointStorage;
  readonly #underway = new Map<number, SnapshotUnderway>();
  readonly #recorded = new Map<number, CompletedCheckpoint>();
  readonly #requests = new Map<
    number,
    { readonly order: SnapshotOrder; readonly answer: PromiseWithResolvers<CompletedCheckpoint> }
  >();
  readonly #events: CoordinatorEvent[] = [];
  /** Snapshots of subtasks whose end is part of the last completed checkpoint. */
  readonly #finished: Map<SubtaskKey, TaskSnapshot>;
  #state: CoordinatorState;
  #latest: CompletedCheckpoint | undefined;
  #stoppedBy: CompletedCheckpoint | undefined;
  #endsAs: "FINISHED" | "CANCELED" = "FINISHED";
  /** Whether a checkpoint may build on what tasks were restored from, or on an earlier one of theirs. */
  #incremental: boolean;
  #nextRequest = 1;
  #timer: ClockTimer | undefined;
  #deciding = false;
  #settled: (() => void)[] = [];

  /**
   * @param restored what the job starts from, with the subtasks that need not start; `claimed`: it is the job's own now
   */
  constructor(
    options: CheckpointCoordinatorOptions,
    restored?: {
      readonly checkpoint: CompletedCheckpoint;
      readonly claimed: boolean;
      readonly finished: ReadonlyMap<SubtaskKey, TaskSnapshot>;
    },
    inherited?: InheritedCheckpoints,
  ) {
    this.#options = options;
    this.#history = inherited?.history ?? new CheckpointHistory();
    this.#latest = restored?.checkpoint;
    const lastId = restored?.checkpoint.metadata.checkpointId ?? 0;
    this.#state = initialState(Math.max(lastId, inherited?.lastCheckpointId ?? 0));
    this.#finished = new Map(restored?.finished);
    this.#incremental = inherited?.incremental ?? (restored === undefined || restored.claimed);
    this.#storage = new CheckpointStorage(options, inherited?.retained);
  }

  /** What the coordinator of the next generation is given, once this one is closed. */
  get inheritance(): InheritedCheckpoints {
    return {
      lastCheckpointId: this.#state.nextId - 1,
      retained: this.#storage.retained,
      incremental: this.#incremental,
      history: this.#history,
    };
  }

  /** What is remembered of checkpoints. */
  get history(): CheckpointHistory {
    return this.#history;
  }

  /** What the job would start again from: the last completed checkpoint, or what it was started from. */
  get latest(): CompletedCheckpoint | undefined {
    return this.#latest;
  }

  /** The savepoint that the job was stopped with. */
  get stoppedBy(): CompletedCheckpoint | undefined {
    return this.#stoppedBy;
  }

  /** What the job has come to when all its tasks have ended. */
  get endsAs(): "FINISHED" | "CANCELED" {
    return this.#endsAs;
  }

  get statistics(): CheckpointStatistics {
    return this.#history.statistics;
  }

  /** Whether storage is at work. */
  get busy(): boolean {
    return this.#storage.busy;
  }

  /** Whether the job is being stopped with a savepoint, or has been. */
  get stopping(): boolean {
    return (
      this.#stoppedBy !== undefined ||
      this.#state.pending.some(({ kind }) => kind === "stop" || kind === "drain")
    );
  }

  /** Whether a subtask's end is part of the last completed checkpoint. */
  hasFinished(key: SubtaskKey): boolean {
    return this.#finished.has(key);
  }

  /** Where the job's checkpoints go; opens the storage. @throws CHECKPOINT_STORAGE_FAILED */
  async location(): Promise<CheckpointLocation> {
    return this.#storage.ofCheckpoints();
  }

  /** Whether the job has a place for checkpoints, which another process may take over. */
  get owned(): boolean {
    return this.#storage.opened;
  }

  /** Sees that no other process has. @throws FENCED; CHECKPOINT_STORAGE_FAILED where that can't be found out */
  async checkOwner(): Promise<void> {
    await this.#storage.checkOwner();
  }

  /** The restored checkpoint is the job's own from now on: it goes when later ones replace it. */
  async claim(checkpoint: CompletedCheckpoint): Promise<void> {
    await this.#storage.claim(checkpoint);
  }

  /** The job, or a part of it, starts from a checkpoint. */
  restored(at: number): void {
    this.#history.restored(this.#latest, at);
  }

  /** How the job's tasks are. */
  tasks(tasks: TasksPhase): void {
    this.#on({ type: "tasks", tasks });
  }

  /** Tasks failed, and start again or don't. */
  tasksLost(error: Error): void {
    this.#on({
      type: "tasksLost",
      error: new MillraceError("CHECKPOINT_FAILED", `tasks of the job failed: ${error.message}`, {
        cause: error,
        retryable: true,
      }),
    });
  }

  /** A task has ended by itself. */
  taskEnded(execution: ExecutionId): void {
    this.#on({ type: "taskEnded", execution });
  }

  /** A task has ended whose end is part of a completed checkpoint: what its sinks had prepared is committed, and need not be again. */
  taskCommitted(key: SubtaskKey): void {
    const snapshot = this.#finished.get(key);
    if (snapshot === undefined) return;
    const { nodes } = this.#options.job.streamGraph;
    const sinks = new Set(nodes.filter(({ spec }) => spec.kind === "sink").map(({ uid }) => uid));
    this.#finished.set(key, {
      ...snapshot,
      operators: snapshot.operators.filter(({ uid }) => !sinks.has(uid)),
    });
  }

  /** @param key the subtask of the execution, which is of a current attempt */
  acknowledged({ execution, checkpointId, snapshot, metrics }: Acknowledgement, key: SubtaskKey): void {
    const underway = this.#underway.get(checkpointId);
    const waiting = this.#state.pending.find(({ id }) => id === checkpointId)?.waiting.has(execution);
    // Too late, or from who has no part in it.
    if (underway === undefined || waiting !== true) {
      void this.#storage.clean([snapshot]);
      return;
    }
    underway.snapshots.set(key, snapshot);
    this.#history.wrote(checkpointId, metrics, key, this.#options.clock.now());
    this.#on({ type: "acknowledged", id: checkpointId, execution });
  }

  /** @param subtask the one that the execution is of */
  declined({ checkpointId, error: envelope }: Refusal, subtask: Subtask): void {
    const cause = fromEnvelope(envelope);
    const error = new MillraceError(
      "CHECKPOINT_FAILED",
      `${this.#nameOf(checkpointId)} was declined by ${this.#taskOf(subtask)}: ${cause.message}`,
      {
        cause,
        retryable: true,
        ...(MillraceError.is(cause) && cause.help !== undefined ? { help: cause.help } : {}),
      },
    );
    this.#on({ type: "declined", id: checkpointId, error });
  }

  /**
   * Takes a snapshot as soon as that is possible.
   *
   * @throws CHECKPOINT_FAILED, CHECKPOINT_EXPIRED, CHECKPOINT_STORAGE_FAILED
   */
  async request(order: SnapshotOrder): Promise<CompletedCheckpoint> {
    const request = this.#nextRequest++;
    const answer = Promise.withResolvers<CompletedCheckpoint>();
    this.#requests.set(request, { order, answer });
    this.#on({ type: "requested", request, kind: order.kind });
    return answer.promise;
  }

  /** Settles when it is known of every checkpoint that all tasks have acknowledged whether it is complete. */
  async settled(): Promise<void> {
    if (this.#isSettled()) return;
    await new Promise<void>((resolve) => this.#settled.push(resolve));
  }

  /** Nothing begins any more, what is underway is given up. */
  jobEnds(error: MillraceError): void {
    this.#on({ type: "jobOver", error });
  }

  /** The job has ended: keeps or removes its checkpoints. Never rejects. @param timeout as `CheckpointStorage.close` */
  async close(how: JobEnd, timeout: number): Promise<void> {
    const settled = async (): Promise<boolean> => {
      await this.settled();
      return this.#underway.size === 0;
    };
    await this.#storage.close(how, settled, timeout);
    this.#timer?.cancel();
  }

  #on(event: CoordinatorEvent): void {
    this.#events.push(event);
    if (this.#deciding) return;
    this.#deciding = true;
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
      const { state, actions } = decide(
        this.#options.settings,
        this.#state,
        next,
        this.#options.clock.monotonic(),
      );
      this.#state = state;
      for (const action of actions) this.#do(action);
    }
    this.#deciding = false;
    this.#setTimer();
    if (this.#isSettled()) for (const resolve of this.#settled.splice(0)) resolve();
  }

  #isSettled(): boolean {
    return this.#state.pending.every(
      ({ phase, givenUp }) => givenUp || (phase !== "ready" && phase !== "recording"),
    );
  }

  #setTimer(): void {
    this.#timer?.cancel();
    const next = nextTick(this.#options.settings, this.#state);
    if (next === undefined) return;
    const delay = Math.max(0, next - this.#options.clock.monotonic());
    this.#timer = this.#options.clock.schedule(Math.ceil(delay), () => this.#on({ type: "tick" }));
  }

  #do(action: CoordinatorAction): void {
    switch (action.type) {
      case "begin":
        return this.#begin(action.id, action.kind, action.request);
      case "record":
        void this.#record(action.id);
        return;
      case "complete":
        return this.#complete(action.id, action.kind);
      case "abort":
        return this.#abort(action);
      case "discard":
        void this.#discard(action.id);
        return;
      case "answer":
        return this.#answer(action.request, ({ resolve }) =>
          resolve((this.#recorded.get(action.id) ?? this.#latest) as CompletedCheckpoint),
        );
      case "refuse":
        return this.#answer(action.request, ({ reject }) => reject(action.error));
      case "resume":
        return this.#options.resume(action.error);
      case "failJob":
        return this.#options.failJob(action.error);
      default:
        return unreachable(action, "action of checkpoints");
    }
  }

  #answer(request: number, with_: (answer: PromiseWithResolvers<CompletedCheckpoint>) => void): void {
    const waiting = this.#requests.get(request);
    this.#requests.delete(request);
    if (waiting !== undefined) with_(waiting.answer);
  }

  #begin(id: number, kind: SnapshotKind, request: number | undefined): void {
    const { clock, settings } = this.#options;
    const triggeredAt = clock.now();
    const order = request === undefined ? undefined : this.#requests.get(request)?.order;
    this.#underway.set(id, {
      id,
      kind,
      cancels: order?.cancels === true,
      triggeredAt,
      startedAt: clock.monotonic(),
      location: undefined,
      enumerators: new Map(),
      snapshots: new Map(),
      recording: false,
      ended: Promise.withResolvers(),
    });
    this.#history.began(id, kind === "checkpoint" ? "checkpoint" : "savepoint", triggeredAt, kind);
    // Tasks know where periodic checkpoints go: these begin without a wait.
    if (kind === "checkpoint" && settings.interval !== undefined) this.#trigger(id, undefined);
    else void this.#place(id, order);
  }

  /** Finds out where a snapshot goes, then triggers it. */
  async #place(id: number, order: SnapshotOrder | undefined): Promise<void> {
    try {
      const checkpoint = order === undefined || order.kind === "checkpoint";
      this.#trigger(
        id,
        await (checkpoint ? this.#storage.ofCheckpoints() : this.#storage.ofSavepoint(order.target)),
      );
    } catch (error) {
      this.#on({ type: "declined", id, error: failure(`${this.#nameOf(id)} can't be written`, error) });
    }
  }

  #trigger(id: number, location: CheckpointLocation | undefined): void {
    const underway = this.#underway.get(id);
    // Given up while its place was made.
    if (underway === undefined) return;
    const { settings, sources, living, ended, producers, sendTo } = this.#options;
    underway.location = location;
    try {
      underway.enumerators = sources.snapshot(id, underway.kind === "checkpoint");
    } catch (error) {
      sources.release();
      this.#on({ type: "declined", id, error: failure(`${this.#nameOf(id)}: a source failed`, error) });
      return;
    }
    const { trigger, acknowledge } = planTrigger(living(), (key) => this.#finished.has(key), producers);
    for (const key of ended()) underway.snapshots.set(key, FINISHED);
    for (const [key, snapshot] of this.#finished) underway.snapshots.set(key, snapshot);
    const options = barrierOptions(settings, underway.kind, location, this.#incremental);
    sendTo(
      trigger.map(({ execution }) => execution),
      (executions) => ({
        type: "triggerCheckpoint",
        executions,
        checkpointId: id,
        timestamp: underway.triggeredAt,
        options,
      }),
    );
    sources.release();
    this.#history.triggered(
      id,
      acknowledge.map(({ key }) => key),
    );
    const waiting = new Set(acknowledge.map(({ execution }) => execution));
    this.#on({ type: "triggered", id, waiting });
  }

  async #record(id: number): Promise<void> {
    const underway = this.#underway.get(id) as SnapshotUnderway;
    const { kind, snapshots } = underway;
    underway.recording = true;
    const { job, clock } = this.#options;
    try {
      refusePartlyFinished(job.jobGraph, snapshots);
      const metadata = assembleMetadata(job, underway, clock.now());
      const checkpoint = await this.#storage.record(metadata, underway.location);
      if (kind === "checkpoint") await this.#options.recorded?.();
      this.#recorded.set(id, checkpoint);
      const tasksEnd =
        kind !== "savepoint" &&
        [...snapshots].some(([key, { finished }]) => finished && !this.#finished.has(key));
      this.#on({ type: "recorded", id, tasksEnd });
    } catch (error) {
      await this.#storage.clean([...snapshots.values()]);
      // However many failures are tolerated: there is no next one.
      if (MillraceError.is(error, "FENCED")) this.#options.failJob(error);
      this.#on({ type: "recordFailed", id, error: failure(`${this.#nameOf(id)} can't be recorded`, error) });
      this.#forget(underway);
    }
  }

  #complete(id: number, kind: SnapshotKind): void {
    const underway = this.#underway.get(id) as SnapshotUnderway;
    const checkpoint = this.#recorded.get(id) as CompletedCheckpoint;
    this.#forget(underway);
    const durationMs = this.#options.clock.monotonic() - underway.startedAt;
    this.#history.completed(id, durationMs, checkpoint.path);
    const { stateBytes = 0, writtenBytes = 0 } = this.#history.find(id) ?? {};
    this.#options.log(
      "info",
      `${nameOfKind(kind)} ${id} completed in ${Math.round(durationMs)} ms: ${stateBytes} bytes of state, ${writtenBytes} written${checkpoint.path === undefined ? "" : `, ${checkpoint.path}`}`,
    );
    // Whoever asked for it is answered within the same decision.
    queueMicrotask(() => this.#recorded.delete(id));
    if (kind === "savepoint") return;
    // What it had not sent yet is sent by now, or part of its readers' snapshots from the next checkpoint on.
    for (const [key, snapshot] of underway.snapshots)
      if (snapshot.finished) this.#finished.set(key, { ...snapshot, channels: [] });
    if (kind === "checkpoint") {
      this.#latest = checkpoint;
      this.#incremental = true;
      void this.#storage.retain(checkpoint, () => this.#unused());
    } else {
      this.#stoppedBy = checkpoint;
      this.#endsAs = underway.cancels ? "CANCELED" : "FINISHED";
    }
    const { stopped } = this.#options;
    if (kind === "checkpoint" || stopped === undefined) this.#commit(id, checkpoint);
    else void stopped(checkpoint).then(() => this.#commit(id, checkpoint));
  }

  #commit(id: number, checkpoint: CompletedCheckpoint): void {
    this.#options.broadcast({ type: "checkpointComplete", checkpointId: id });
    this.#options.sources.checkpointComplete(id);
    this.#options.completed(checkpoint);
  }

  /**
   * Settles when all tasks have heard of the last completed checkpoint, and what they began before that has ended: until then their snapshots
   * may build on an older one.
   */
  async #unused(): Promise<void> {
    await this.#options.heard();
    const before = [...this.#underway.values()].filter(({ kind }) => kind === "checkpoint");
    await Promise.all(before.map(({ ended }) => ended.promise));
  }

  #abort({ id, kind, asked, error, outcome }: Abort): void {
    const underway = this.#underway.get(id) as SnapshotUnderway;
    if (!underway.recording) {
      this.#forget(underway);
      void this.#storage.clean([...underway.snapshots.values()]);
    }
    this.#options.broadcast({ type: "checkpointAborted", checkpointId: id });
    const name = `${nameOfKind(kind)} ${id}`;
    if (outcome !== "failed") {
      this.#history.dropped(id);
      if (outcome === "jobOver") this.#options.log("info", `${name} was given up: ${error.message}`);
      return;
    }
    this.#history.failed(id, this.#options.clock.monotonic() - underway.startedAt, error.message);
    const text = error.message.startsWith(`${name} `) ? error.message : `${name} failed: ${error.message}`;
    // Who asked for it is told.
    this.#options.log(asked ? "info" : "warn", text);
    void this.#failIfFenced();
  }

  /** What tasks could not write may be gone because its folder has another owner. */
  async #failIfFenced(): Promise<void> {
    try {
      await this.#storage.checkOwner();
    } catch (error) {
      if (MillraceError.is(error, "FENCED")) this.#options.failJob(error);
    }
  }

  /** It was recorded although it had been given up. */
  async #discard(id: number): Promise<void> {
    const checkpoint = this.#recorded.get(id);
    this.#recorded.delete(id);
    if (checkpoint !== undefined) await this.#storage.discard(checkpoint);
    const underway = this.#underway.get(id);
    if (underway !== undefined) this.#forget(underway);
  }

  #forget(underway: SnapshotUnderway): void {
    this.#underway.delete(underway.id);
    underway.ended.resolve();
  }

  /** "count" (subtask 1 of 4) */
  #taskOf({ vertex, subtask }: Subtask): string {
    const found = this.#options.job.jobGraph.vertices.find(({ id }) => id === vertex);
    return `"${found?.name ?? vertex}" (subtask ${subtask + 1} of ${found?.parallelism ?? "?"})`;
  }

  #nameOf(id: number): string {
    const kind = this.#underway.get(id)?.kind;
    return `${nameOfKind(kind ?? "checkpoint")} ${id}`;
  }
}

const nameOfKind = (kind: SnapshotKind): string => (kind === "checkpoint" ? "checkpoint" : "savepoint");

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function failure(what: string, error: unknown): MillraceError {
  return new MillraceError(
    MillraceError.is(error) ? error.code : "CHECKPOINT_FAILED",
    `${what}: ${textOf(error)}`,
    {
      cause: error,
      retryable: true,
      ...(MillraceError.is(error) && error.help !== undefined ? { help: error.help } : {}),
    },
  );
}
