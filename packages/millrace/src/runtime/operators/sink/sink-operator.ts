import type { ClockTimer } from "../../../common/clock/clock.ts";
import type { Committer, SinkWriter } from "../../../common/connector/sink.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { JobId } from "../../../common/ids/ids.ts";
import type { ListState, ListStateDescriptor } from "../../../common/state/state.ts";
import { MIN_WATERMARK, NO_TIMESTAMP } from "../../../common/time/timestamps.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { SinkSpec } from "../../../graph/stream/operator-spec.ts";
import type { TaskServices } from "../../task/task-services.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import { CommitRetries } from "./commit-retries.ts";
import { PENDING_COMMITS, PendingCommits } from "./pending-commits.ts";

/** ms between two commits of a job that has no end and no checkpoints to commit at. */
const COMMIT_INTERVAL = 1000;

/** Writers' states are plain data of the sink's own: they describe themselves. */
const WRITER_STATES: ListStateDescriptor<unknown> = { "~millrace": "state", kind: "list", type: undefined };

/** Settings of a sink operator. */
export interface SinkSettings {
  /**
   * Whether what the writer has completed is committed while the job runs, and the rest when it is cancelled: in jobs with unbounded input and
   * without checkpoints, which have no other moment to commit at.
   */
  readonly commitWhileRunning: boolean;
  /** See SinkWriterContext. */
  readonly claimedJob?: JobId | undefined;
}

/**
 * The end of a stream: hands records to a sink's writer while it is ready, and commits what the writer prepared.
 *
 * At each barrier the writer flushes and prepares what is to become visible. That is kept by checkpoint, in state, until a checkpoint is
 * complete that includes it; then everything up to it is committed. Savepoints in the middle of a run prepare, but commit nothing:
 * what they prepared is committed with the next checkpoint. What is prepared at the end of input waits for the first checkpoint after
 * it, or, where there is none, for the JobMaster. After a restore, what the checkpoint holds is committed before anything is written.
 */
export class SinkOperator implements Operator {
  /** Records handed to the writer so far. */
  records = 0;
  readonly #context: OperatorContext;
  readonly #spec: SinkSpec;
  readonly #services: TaskServices;
  readonly #settings: SinkSettings;
  readonly #retries: CommitRetries;
  readonly #record = { timestamp: NO_TIMESTAMP, currentWatermark: MIN_WATERMARK };
  #writer: SinkWriter<unknown, unknown, unknown> | undefined;
  #committer: Committer<unknown> | undefined;
  #pending: PendingCommits | undefined;
  #writerStates: ListState<unknown> | undefined;
  /** Prepared at the end of input; no checkpoint includes it yet. */
  #last: readonly unknown[] = [];
  #finished = false;
  #timer: ClockTimer | undefined;
  /** The writer prepares what it completed by itself. */
  #preparing: Promise<unknown> | undefined;
  /** Commits follow one another. */
  #committing: Promise<void> = Promise.resolve();
  #commits = 0;
  #closed = false;

  constructor(spec: SinkSpec, context: OperatorContext, services: TaskServices, settings: SinkSettings) {
    this.#spec = spec;
    this.#context = context;
    this.#services = services;
    this.#settings = settings;
    this.#retries = new CommitRetries(context.clock);
  }

  /** Whether anything that was prepared is not committed. */
  get uncommitted(): boolean {
    return this.#last.length > 0 || (this.#pending?.size ?? 0) > 0 || this.#commits > 0;
  }

  initializeState(): void {
    const { operatorState } = this.#context;
    this.#pending = new PendingCommits(operatorState.getListState("sink-committables", PENDING_COMMITS));
    this.#writerStates = operatorState.getListState("sink-writer-states", WRITER_STATES);
  }

  /** Commits what the checkpoint holds that the task is restored from. */
  recover(): Promise<void> | undefined {
    return this.#commit(Infinity);
  }

  open(): void {
    const recheck = (): void => {
      if (!this.#closed) this.#context.mail(() => this.#recheck());
    };
    this.#services.onBacklog(recheck);
    this.#writer = this.#createWriter(recheck);
    this.#recheck();
    this.#scheduleCommit();
  }

  processRecord(value: unknown, timestamp: Timestamp): void {
    const writer = this.#writer as SinkWriter<unknown, unknown, unknown>;
    this.records++;
    this.#record.timestamp = timestamp;
    writer.write(value, this.#record);
    if (!writer.ready) this.#context.hold(true);
  }

  processWatermark(watermark: Timestamp): void {
    this.#record.currentWatermark = watermark;
    this.#writer?.writeWatermark?.(watermark);
    this.#context.output.watermark(watermark);
  }

  prepareSnapshot(checkpointId: number, savepoint: boolean): void | Promise<void> {
    if (this.#finished) {
      const last = this.#last;
      this.#last = [];
      return this.#store(checkpointId, last);
    }
    return after(this.#preparing, () =>
      after(this.#writer?.flush(false, savepoint), () =>
        after(this.#writer?.prepareCommit?.(), (committables) => this.#store(checkpointId, committables)),
      ),
    );
  }

  notifyCheckpointComplete(checkpointId: number): Promise<void> | undefined {
    return this.#commit(checkpointId);
  }

  /** Everything written is flushed and prepared; it is committed later. */
  finish(): void | Promise<void> {
    this.#timer?.cancel();
    return after(this.#preparing, () =>
      after(this.#writer?.flush(true), () =>
        after(this.#writer?.prepareCommit?.(), (committables) => {
          this.#last = committables ?? [];
          this.#finished = true;
        }),
      ),
    );
  }

  /** Commits whatever waits for it: no checkpoint will come. */
  async commitPending(): Promise<void> {
    this.#pending?.add(Infinity, this.#last);
    this.#last = [];
    await this.#commit(Infinity);
  }

  /** The job is cancelled: what was written so far is kept, where nothing else will ever commit it. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    if (!this.#settings.commitWhileRunning) return;
    if (!this.#finished) await this.finish();
    await this.commitPending();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    this.#retries.cancel();
    await this.#writer?.close();
    await this.#committer?.close();
  }

  #createWriter(wakeUp: () => void): SinkWriter<unknown, unknown, unknown> {
    const context = this.#context;
    const services = this.#services;
    return this.#spec.sink.createWriter(
      {
        runtime: context.runtime,
        claimedJob: this.#settings.claimedJob,
        clock: context.clock,
        wakeUp,
        fail: (error) => context.fail(error),
        stdout: (bytes, stream = "stdout") => services.stdout(bytes, stream),
        get stdoutBacklog() {
          return services.stdoutBacklog();
        },
        sendToClient: (channel, batch, count) => services.sendToClient(channel, batch, count),
        get clientBacklog() {
          return services.clientBacklog();
        },
      },
      [...(this.#writerStates?.get() ?? [])],
    );
  }

  #recheck(): void {
    if (!this.#closed) this.#context.hold(this.#writer?.ready === false);
  }

  /** What is prepared for a checkpoint, and the writer's state, become state. */
  #store(checkpointId: number, committables: readonly unknown[] = []): void {
    this.#pending?.add(checkpointId, committables);
    this.#pending?.store();
    this.#writerStates?.update(this.#finished ? [] : (this.#writer?.snapshotState?.(checkpointId) ?? []));
  }

  /** Commits now and then what the writer has completed by itself. */
  #scheduleCommit(): void {
    if (!this.#settings.commitWhileRunning || this.#writer?.prepareCommit === undefined) return;
    this.#timer = this.#context.clock.schedule(COMMIT_INTERVAL, () => {
      this.#context.mail(() => {
        if (this.#closed) return;
        this.#preparing = this.#prepareCompleted();
        this.#preparing
          .then(() => this.#commit(Infinity))
          .then(
            () => this.#scheduleCommit(),
            (error: unknown) => this.#context.fail(error),
          );
      });
    });
  }

  async #prepareCompleted(): Promise<void> {
    this.#pending?.add(0, (await this.#writer?.prepareCommit?.()) ?? []);
    this.#preparing = undefined;
  }

  /** Commits everything up to and including a checkpoint, after the commits underway; undefined where there is nothing. */
  #commit(checkpointId: number): Promise<void> | undefined {
    if (this.#pending === undefined || this.#pending.upTo(checkpointId).length === 0) return undefined;
    this.#commits++;
    this.#committing = this.#committing.then(() => this.#commitNow(checkpointId));
    // Told to who called; later commits must not be cut off without a word.
    return this.#committing.finally(() => this.#commits--);
  }

  async #commitNow(checkpointId: number): Promise<void> {
    const pending = this.#pending;
    const entries = pending?.upTo(checkpointId) ?? [];
    if (pending === undefined || entries.length === 0) return;
    const { sink } = this.#spec;
    this.#committer ??= sink.createCommitter?.({
      runtime: this.#context.runtime,
      clock: this.#context.clock,
    });
    if (this.#committer === undefined) {
      throw new MillraceError(
        "SINK_FAILED",
        `the writer of ${sink.name} prepared commits, but the sink has no committer`,
      );
    }
    const committed = new Set<(typeof entries)[number]>();
    try {
      await this.#retries.commit(
        this.#committer,
        entries.map(({ committable }) => committable),
        (index) => void committed.add(entries[index]!),
        sink.name,
      );
    } finally {
      pending.remove(committed);
    }
  }
}

/** Goes on with a value, at once where it is there. */
function after<A, B>(value: A | Promise<A>, goOn: (value: A) => B | Promise<B>): B | Promise<B> {
  return value instanceof Promise ? value.then(goOn) : goOn(value);
}
