import { CANCELLATION_TIMEOUT } from "../../../common/config/options.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { unreachable } from "../../../common/errors/unreachable.ts";
import type { JobId } from "../../../common/ids/ids.ts";
import { JOB_TRANSITIONS } from "../../../graph/execution/job-status.ts";
import type { JobStatus } from "../../../graph/execution/job-status.ts";
import { StateMachine } from "../../../graph/execution/state-machine.ts";
import type { CheckpointDeployment } from "../../../protocol/control/deployment.ts";
import type { CompletedCheckpoint } from "../../../runtime/checkpoint/storage/checkpoint-store.ts";
import type { TaskMetrics } from "../../../runtime/task/task-metrics.ts";
import { engineVersion } from "../../engine-version.ts";
import { CheckpointCoordinator } from "./checkpoints/checkpoint-coordinator.ts";
import type { SnapshotOrder } from "./checkpoints/checkpoint-coordinator-options.ts";
import type { CheckpointHistory, CheckpointStatistics } from "./checkpoints/checkpoint-history.ts";
import { checkpointSettings } from "./checkpoints/checkpoint-settings.ts";
import type { CheckpointSettings } from "./checkpoints/checkpoint-settings.ts";
import { ClientResults } from "./client-results.ts";
import type { JobInheritance } from "./job-inheritance.ts";
import type { JobMasterOptions, MasterOutcome } from "./job-master-options.ts";
import type { FailurePlace } from "./job-observer.ts";
import { Failover } from "./restart/failover.ts";
import { restartStrategy } from "./restart/restart-settings.ts";
import type { RestartHistory } from "./restart/restart-strategy.ts";
import { rootCause } from "./restart/root-cause.ts";
import { RestoreSource } from "./restart/restore-source.ts";
import { JobSources } from "./sources/job-sources.ts";
import { setting } from "./setting.ts";
import { SlotStandardStreams } from "./slot-standard-streams.ts";
import type { Execution } from "./units/execution-table.ts";
import { JobUnits } from "./units/job-units.ts";
import type { JobUnit } from "./units/job-units.ts";
import { TaskMetricsBook } from "./units/task-metrics-book.ts";
import { UnitAttempt } from "./units/unit-attempt.ts";
import type { AttemptListener, JobMessage } from "./units/unit-attempt.ts";

/**
 * Runs one job: deploys its failover units into slots, follows their tasks, hosts the enumerators of its sources, takes its checkpoints, starts
 * again what fails, cancels and fails it. The same object serves every mode; what differs is behind `SlotProvider`.
 */
export class JobMaster implements AttemptListener {
  readonly jobId: JobId;
  readonly results: ClientResults;
  /** Settles when the job has ended, or was suspended, and all its slots have let go of it. Never rejects. */
  readonly done: Promise<MasterOutcome>;
  readonly #options: JobMasterOptions;
  readonly #settings: CheckpointSettings;
  readonly #machine: StateMachine<JobStatus>;
  readonly #units: JobUnits;
  readonly #sources: JobSources;
  readonly #checkpoints: CheckpointCoordinator;
  readonly #restore: RestoreSource;
  readonly #failover: Failover;
  readonly #streams: SlotStandardStreams;
  readonly #metrics = new TaskMetricsBook();
  #deployment: CheckpointDeployment = {
    periodic: false,
    location: { directory: undefined, inlineThreshold: 0 },
  };
  #errors: readonly Error[] = [];
  #givenUp: string | undefined;
  /** Whether all tasks were told to commit and end: what follows can't be undone. */
  #committing = false;
  /** Whether the job has come to its outcome. */
  #over = false;
  #resolve!: (outcome: MasterOutcome) => void;

  constructor(options: JobMasterOptions) {
    const { jobId, jobGraph, streamGraph, clock, config, random, slots } = options;
    const log: JobMasterOptions["log"] = (level, message) => options.log(level, message);
    this.#options = options;
    this.jobId = jobId;
    this.#settings = checkpointSettings(config);
    this.#machine = new StateMachine<JobStatus>(
      `job "${jobGraph.jobName}"`,
      JOB_TRANSITIONS,
      "INITIALIZING",
      (status) => options.observer?.status(status),
    );
    this.done = new Promise((resolve) => (this.#resolve = resolve));
    this.#units = new JobUnits(jobGraph, options.packed);
    const units = this.#units;
    this.#sources = new JobSources({
      jobGraph,
      streamGraph,
      clock,
      send: (key, message) => units.send(key, message),
      broadcast: (message) => units.broadcast(message),
      fail: (error) => this.#jobFailed(error, true),
    });
    this.#restore = new RestoreSource(options);
    this.#checkpoints = new CheckpointCoordinator(
      {
        settings: this.#settings,
        job: {
          jobId,
          jobGraph,
          streamGraph,
          restored: options.restore?.checkpoint.metadata,
          writer: engineVersion,
        },
        clock,
        sources: this.#sources,
        producers: units.producers,
        openStore: async () => {
          const store = await options.createStore();
          await store.open(jobId);
          return store;
        },
        living: () => units.living(),
        ended: () => units.ended(),
        sendTo: (executions, message) => units.sendTo(executions, message),
        broadcast: (message) => units.broadcast(message),
        heard: () => this.#heard(),
        stopped:
          options.committing === undefined
            ? undefined
            : async ({ path, metadata }) =>
                options.committing?.({ savepoint: path, drained: metadata.stop === "drain" }),
        recorded: options.checkpointed,
        completed: ({ metadata }) => this.results.completed(metadata.checkpointId),
        failJob: (error) => this.#jobFailed(error, true),
        resume: (error) => this.#resume(error),
        log,
      },
      this.#restore.initial,
      options.inheritance,
    );
    const machine = this.#machine;
    this.#failover = new Failover({
      strategy: restartStrategy(config),
      clock,
      random,
      units,
      checkpoints: this.#checkpoints,
      slots,
      forbidden: () => this.#forbidden(),
      get restarting() {
        return machine.state === "RESTARTING";
      },
      onRestarting: () => {
        if (machine.can("RESTARTING")) machine.to("RESTARTING");
      },
      onLost: (unit) => {
        for (const { vertex, subtask } of unit.unit.tasks) this.#sources.subtaskLost(vertex, subtask);
      },
      fail: (errors, why) => this.#fail(errors, why),
      replan: () => options.replans?.() === true && this.suspend(),
      failures: options.inheritance?.failures,
      onCounted: () => options.observer?.counted?.(),
      restart: (some, all) => this.#restart(some, all),
      log,
    });
    this.#streams = new SlotStandardStreams(options.streams);
    this.results = new ClientResults((execution, count) =>
      units.sendTo([execution], () => ({ type: "clientTaken", execution, count })),
    );
    this.#machine.to("CREATED");
  }

  get status(): JobStatus {
    return this.#machine.state;
  }

  /** Whether storage is at work: then the job is not quiet, although its tasks are. */
  get busy(): boolean {
    return this.#checkpoints.busy;
  }

  /** How often it, or a part of it, was started again. */
  get restarts(): number {
    return this.#failover.restarts;
  }

  /** What the restart strategy remembers. */
  get failures(): RestartHistory {
    return this.#failover.failures;
  }

  get checkpoints(): CheckpointStatistics {
    return this.#checkpoints.statistics;
  }

  /**
   * Deploys everything; tasks start when all slots of their unit have rebuilt the program.
   *
   * @throws CHECKPOINT_STORAGE_FAILED when there is no place for checkpoints
   */
  async start(): Promise<void> {
    const { interval, afterTasksFinish, mode } = this.#settings;
    if (interval !== undefined || this.#options.restore?.claim === true) {
      const location = await this.#checkpoints.location();
      // Where checkpoints end with the first task, no task's end is part of one.
      this.#deployment = { periodic: interval !== undefined && afterTasksFinish, location };
      this.results.holding = interval !== undefined && mode === "exactly-once";
    }
    if (this.#options.restore?.claim === true)
      await this.#checkpoints.claim(this.#options.restore.checkpoint);
    if (this.#machine.state !== "CREATED") return;
    this.#machine.to("RUNNING");
    this.#deploy(this.#units.all, true);
    await Promise.all(this.#units.attempts.map(({ started }) => started));
  }

  /** Stops the job without finishing it. Safe to call at any time. */
  cancel(): void {
    if (!this.#machine.can("CANCELLING")) return;
    this.#machine.to("CANCELLING");
    this.#end(new MillraceError("CHECKPOINT_FAILED", "the job was cancelled"));
  }

  /** Something of the job failed that is no task: it is started again, if its restart strategy lets it. */
  jobFailed(error: Error): void {
    this.#jobFailed(error, true);
  }

  /** Ends the job as failed, whatever its restart strategy says. */
  giveUp(error: Error): void {
    this.#fail([error], "");
  }

  /** Whether `suspend` can be called: not when the job has an outcome already, or has told its tasks to commit for the last time. */
  get suspendable(): boolean {
    const { state } = this.#machine;
    return (
      (state === "CREATED" || state === "RUNNING" || state === "RESTARTING") &&
      this.#forbidden() === undefined
    );
  }

  /**
   * Lets the job's tasks and slots go without an outcome; nothing of its checkpoints is removed. `done` settles with SUSPENDED, and another
   * JobMaster may go on from `inheritance` and `latest`. Answers whether it does: not where the job is about to end.
   */
  suspend(): boolean {
    if (!this.suspendable) return false;
    this.#machine.to("SUSPENDED");
    this.#end(new MillraceError("CHECKPOINT_FAILED", "the job is suspended"));
    return true;
  }

  /** What is left to the next JobMaster of the job, once `done` has settled with SUSPENDED. */
  get inheritance(): JobInheritance {
    const firstAttempt = this.#units.attempts.reduce(
      (next, { number }) => Math.max(next, number + 1),
      this.#options.inheritance?.firstAttempt ?? 0,
    );
    return { firstAttempt, failures: this.#failover.failures, ...this.#checkpoints.inheritance };
  }

  /** The checkpoint that the job would start again from. */
  get latest(): CompletedCheckpoint | undefined {
    return this.#checkpoints.latest;
  }

  /** The attempts of all failover units at hand, or the last ones. */
  get attempts(): readonly UnitAttempt[] {
    return this.#units.attempts;
  }

  /** Whether every task runs, or has finished. */
  get allRunning(): boolean {
    return (
      this.#machine.state === "RUNNING" &&
      this.#units.executions.every(({ machine: { state } }) => state === "RUNNING" || state === "FINISHED")
    );
  }

  /** The slots that it runs in, or will when what failed is started again; without those of what has ended for good. */
  get slotsNeeded(): number {
    const living = this.#units.all.filter(({ phase }) => phase !== "ended");
    return living.reduce((sum, { unit }) => sum + unit.slots, 0);
  }

  /** What is remembered of checkpoints. */
  get checkpointHistory(): CheckpointHistory {
    return this.#checkpoints.history;
  }

  /** The tasks' metrics as of now, by execution. Tasks of slots that don't answer in time keep their last ones. */
  async metrics(): Promise<ReadonlyMap<string, TaskMetrics>> {
    const { attempts } = this.#units;
    if (!this.#machine.terminal) await Promise.all(attempts.map(({ metrics }) => metrics.poll()));
    for (const { metrics } of attempts) this.#metrics.remember(metrics.seen);
    return this.#metrics.all;
  }

  /**
   * Takes a checkpoint or savepoint as soon as that is possible; a stop settles when the savepoint is complete, the job ends after it.
   *
   * @throws CHECKPOINT_FAILED, CHECKPOINT_EXPIRED, CHECKPOINT_STORAGE_FAILED
   */
  async snapshot(order: SnapshotOrder): Promise<CompletedCheckpoint> {
    return this.#checkpoints.request(order);
  }

  deployed(): void {
    this.#sources.start(this.#restore.enumerators);
  }

  changed(_attempt: UnitAttempt, execution: Execution): void {
    const { vertex, subtask, key, machine, id } = execution;
    switch (machine.state) {
      case "INITIALIZING":
        if (!this.#checkpoints.hasFinished(key)) this.#sources.of(vertex)?.register(subtask);
        break;
      case "FINISHED":
        this.#sources.subtaskFinished(vertex, subtask);
        if (this.#checkpoints.hasFinished(key)) this.#checkpoints.taskCommitted(key);
        else this.#checkpoints.taskEnded(id);
        break;
      default:
    }
    this.#tasksChanged();
  }

  failed(attempt: UnitAttempt, error: Error, at: FailurePlace | undefined): void {
    const unit = this.#units.of(attempt);
    const { state } = this.#machine;
    if (unit === undefined || this.#machine.terminal || state === "SUSPENDED") return;
    this.#options.observer?.failed(error, attempt, at);
    if (state === "FAILING") this.#errors = [...this.#errors, error];
    else if (state !== "CANCELLING") this.#failover.unitFailed(unit, error);
  }

  over(attempt: UnitAttempt): void {
    const unit = this.#units.of(attempt);
    if (unit === undefined) return;
    unit.closed = attempt.close().then(() => this.#metrics.remember(attempt.metrics.seen));
    if (unit.phase === "running") unit.phase = "ended";
    else this.#failover.unitOver(unit);
    this.#finishIfOver();
  }

  message(attempt: UnitAttempt, slot: number, message: JobMessage): void {
    if (message.type === "log") return this.#options.log(message.level, message.message);
    if (message.type === "stdout") {
      return this.#streams.write(message.stream, message.bytes, attempt, slot, (bytes) =>
        attempt.send(slot, { type: "stdoutTaken", bytes }),
      );
    }
    const execution = attempt.executions.get(message.execution);
    // Of an attempt that another has followed, or that was never here.
    if (execution === undefined || this.#units.of(attempt) === undefined) return;
    const { id, vertex, subtask, key } = execution;
    switch (message.type) {
      case "checkpointAcknowledged":
        // After its end a sink marks nothing any more, nor sends anything.
        if (message.snapshot.finished) this.results.mark(id, message.checkpointId);
        return this.#checkpoints.acknowledged(message, key);
      case "checkpointDeclined":
        return this.#checkpoints.declined(message, execution);
      case "endOfData":
        execution.endOfData = true;
        return this.#tasksChanged();
      case "requestSplit":
        return this.#sources.of(vertex)?.requestSplit(subtask);
      case "sourceEvent":
        return this.#sources.of(vertex)?.handleEvent(subtask, message.event);
      case "reportWatermark":
        return this.#sources.reportWatermark(message.group, vertex, subtask, message.watermark);
      case "clientBatch":
        return this.results.deliver(id, message.channel, message.batch, message.count);
      case "stdinRequest":
        return this.#streams.read((chunk) => attempt.send(slot, { type: "stdin", execution: id, chunk }), {
          alive: () => !execution.machine.terminal,
          attempt,
          resumed: attempt.number > 0,
        });
      default:
        return unreachable(message, "message from a slot");
    }
  }

  #deploy(units: readonly JobUnit[], all: boolean): void {
    this.#restore.plan(this.#checkpoints.latest);
    if (all) this.#sources.reset();
    for (const { unit } of units) {
      for (const { vertex, subtask } of unit.tasks) {
        const source = this.#sources.of(vertex);
        if (source === undefined) continue;
        if (!all) source.readerRestarts(subtask);
        source.restoreSplits(subtask, this.#restore.splits(vertex, subtask));
      }
    }
    if (this.#restore.planned) this.#checkpoints.restored(this.#options.clock.now());
    const firstAttempt = this.#options.inheritance?.firstAttempt ?? 0;
    for (const unit of units) {
      this.results.dropped(unit.attempt?.executions.all.map(({ id }) => id) ?? []);
      unit.phase = "running";
      if (unit.attempt !== undefined) this.#options.observer?.replaced(unit.attempt);
      unit.attempt = new UnitAttempt(
        unit.unit,
        this.#options,
        {
          attempt: unit.attempt === undefined ? firstAttempt : unit.attempt.number + 1,
          checkpoints: this.#deployment,
          restore: (vertex, subtask) => this.#restore.task(vertex, subtask),
        },
        this,
      );
    }
    for (const { attempt } of units) attempt?.start();
  }

  #restart(units: readonly JobUnit[], all: boolean): void {
    const { latest } = this.#checkpoints;
    this.#options.log(
      "info",
      latest === undefined
        ? "no checkpoint is complete: starting again from the beginning"
        : `starting again from ${latest.metadata.kind} ${latest.metadata.checkpointId}`,
    );
    this.#deploy(units, all);
    if (this.#units.all.every(({ phase }) => phase === "running" || phase === "ended"))
      this.#machine.to("RUNNING");
  }

  #tasksChanged(): void {
    this.#options.observer?.tasksChanged();
    if (this.#machine.state === "RUNNING" && !this.#deployment.periodic) this.#commitIfAtEnd();
    this.#checkpoints.tasks(this.#units.tasksPhase(this.#settings.afterTasksFinish));
  }

  /** Without checkpoints there is no other moment for the last commits than when nothing can fail any more before them. */
  #commitIfAtEnd(): void {
    if (this.#committing || this.#checkpoints.stopping) return;
    const { executions } = this.#units;
    const waiting = executions.filter(({ machine }) => machine.state === "RUNNING");
    const atEnd = executions.every(
      ({ machine, endOfData }) => machine.state === "FINISHED" || (machine.state === "RUNNING" && endOfData),
    );
    if (!atEnd || waiting.length === 0) return;
    this.#committing = true;
    const commit = (): void =>
      this.#units.sendTo(
        waiting.map(({ id }) => id),
        (own) => ({ type: "commitAtEnd", executions: own }),
      );
    if (this.#checkpoints.owned || this.#options.committing !== undefined) void this.#commitAsOwner(commit);
    else commit();
  }

  /** The job was started from a checkpoint that another process may have claimed since; or another JobManager may have taken it over. */
  async #commitAsOwner(commit: () => void): Promise<void> {
    try {
      if (this.#checkpoints.owned) await this.#checkpoints.checkOwner();
    } catch (error) {
      this.#fail([error as Error], "");
      return;
    }
    if (this.#machine.state !== "RUNNING") return;
    await this.#options.committing?.({ savepoint: undefined, drained: false });
    if (this.#machine.state === "RUNNING") commit();
  }

  #forbidden(): string | undefined {
    if (this.#checkpoints.stoppedBy !== undefined) return "it was stopped with a savepoint";
    return this.#committing
      ? "its sinks were committing their last output, part of which would come twice"
      : undefined;
  }

  #jobFailed(error: Error, counted: boolean): void {
    if (!this.#machine.terminal && this.#machine.state !== "SUSPENDED")
      this.#options.observer?.failed(error, undefined, undefined);
    if (this.#machine.state === "FAILING") this.#errors = [...this.#errors, error];
    else if (this.#machine.state === "RUNNING" || this.#machine.state === "RESTARTING")
      this.#failover.jobFailed(error, counted);
    else if (this.#machine.state === "CREATED") this.#fail([error], "");
  }

  /** Sources have ended for nothing. */
  #resume(error: Error): void {
    if (this.#checkpoints.latest !== undefined) this.#jobFailed(error, false);
    else
      this.#options.log(
        "warn",
        "the sources have been drained, and there is no checkpoint to go on from: the job ends without its savepoint",
      );
  }

  #fail(errors: readonly Error[], why: string): void {
    if (!this.#machine.can("FAILING")) return;
    this.#machine.to("FAILING");
    this.#errors = errors;
    this.#givenUp = why === "" ? undefined : why;
    this.#end(new MillraceError("CHECKPOINT_FAILED", `the job failed: ${rootCause(errors)?.message ?? ""}`));
  }

  /** Lets everything go, on the way to a job that is cancelled or failed. */
  #end(error: MillraceError): void {
    this.#failover.stop();
    this.#checkpoints.jobEnds(error);
    for (const { attempt } of this.#units.all) attempt?.cancel();
    this.#finishIfOver();
  }

  #finishIfOver(): void {
    if (this.#over || !this.#units.allOver) return;
    const status = this.#outcome();
    if (status === undefined) return;
    this.#over = true;
    // Cancelled with a savepoint: its tasks have ended by themselves.
    if (status === "CANCELED" && this.#machine.state !== "CANCELLING") this.#machine.to("CANCELLING");
    if (status !== "SUSPENDED") this.#machine.to(status);
    if (status === "FINISHED") this.results.finished();
    this.#checkpoints.jobEnds(new MillraceError("CHECKPOINT_FAILED", "the job has ended"));
    this.#sources.close();
    if (status !== "SUSPENDED") this.#options.streams.close();
    void this.#wrapUp(status);
  }

  /** What has become of the job whose tasks are all over; undefined where some are to start again. */
  #outcome(): MasterOutcome["status"] | undefined {
    switch (this.#machine.state) {
      case "FAILING":
        return "FAILED";
      case "CANCELLING":
        return "CANCELED";
      case "SUSPENDED":
        return "SUSPENDED";
      default:
        return this.#units.all.every(({ phase }) => phase === "ended") ? this.#checkpoints.endsAs : undefined;
    }
  }

  async #wrapUp(status: MasterOutcome["status"]): Promise<void> {
    await Promise.all(this.#units.all.map(({ closed }) => closed));
    if (status !== "SUSPENDED") await this.#options.ending?.(status);
    await this.#checkpoints.close(status, setting(this.#options.config, CANCELLATION_TIMEOUT));
    const error = status === "FAILED" ? this.#endError(rootCause(this.#errors)) : undefined;
    this.#resolve({ status, error, givenUp: this.#givenUp, metrics: this.#metrics.all });
  }

  /** What failed after a stop with savepoint leaves the savepoint as it is (correctness rule 19). */
  #endError(error: Error | undefined): Error | undefined {
    const savepoint = this.#checkpoints.stoppedBy;
    if (savepoint === undefined) return error;
    const where = savepoint.path === undefined ? "in memory" : savepoint.path;
    return new MillraceError(
      "JOB_FAILED",
      `the job was stopped with a savepoint, ${where}, and failed before it had ended: ${error?.message ?? "for an unknown reason"}`,
      {
        cause: error,
        help: `The savepoint is whole and consistent. The output that sinks had prepared for it may not be committed yet: ${savepoint.metadata.stop === "drain" ? "sinks keep it where they had prepared it, but no job can be started from a savepoint that was drained" : "starting the job from it commits it"}.`,
        details: { savepoint: where },
      },
    );
  }

  /** Slots answer for their metrics in the order in which they take messages. */
  async #heard(): Promise<void> {
    await Promise.all(this.#units.attempts.map(({ metrics }) => metrics.poll()));
  }
}
