import type { ClockTimer } from "../../../common/clock/clock.ts";
import type { Committer, SinkWriter } from "../../../common/connector/sink.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { MIN_WATERMARK, NO_TIMESTAMP } from "../../../common/time/timestamps.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { SinkSpec } from "../../../graph/stream/operator-spec.ts";
import type { TaskServices } from "../../task/task-services.ts";
import type { Operator, OperatorContext } from "../operator.ts";

/** Tries of one commit, and the first pause between them, ms. */
const COMMIT_TRIES = 10;
const COMMIT_PAUSE = 100;

/** ms between two commits of a job that has no end to commit at. */
const COMMIT_INTERVAL = 1000;

/** Settings of a sink operator. */
export interface SinkSettings {
  /**
   * Whether what the writer has completed is committed while the job runs, and the rest when it is cancelled: in jobs with unbounded input and
   * without checkpoints, which have no other moment to commit at.
   */
  readonly commitWhileRunning: boolean;
}

/**
 * The end of a stream: hands records to a sink's writer while it is ready, and commits what the writer prepared: without
 * checkpoints at the end of input.
 */
export class SinkOperator implements Operator {
  readonly #context: OperatorContext;
  readonly #spec: SinkSpec;
  readonly #settings: SinkSettings;
  readonly #writer: SinkWriter<unknown, unknown, unknown>;
  /** Records handed to the writer so far. */
  records = 0;
  readonly #record = { timestamp: NO_TIMESTAMP, currentWatermark: MIN_WATERMARK };
  #committer: Committer<unknown> | undefined;
  #timer: ClockTimer | undefined;
  #pauseTimer: ClockTimer | undefined;
  #committing: Promise<void> | undefined;
  #closed = false;

  constructor(spec: SinkSpec, context: OperatorContext, services: TaskServices, settings: SinkSettings) {
    this.#settings = settings;
    this.#context = context;
    this.#spec = spec;
    const recheck = (): void => {
      if (!this.#closed) context.mail(() => this.#recheck());
    };
    services.onBacklog(recheck);
    this.#writer = spec.sink.createWriter(
      {
        runtime: context.runtime,
        clock: context.clock,
        wakeUp: recheck,
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
      [],
    );
  }

  open(): void {
    this.#recheck();
    this.#scheduleCommit();
  }

  processRecord(value: unknown, timestamp: Timestamp): void {
    this.records++;
    this.#record.timestamp = timestamp;
    this.#writer.write(value, this.#record);
    if (!this.#writer.ready) this.#context.hold(true);
  }

  processWatermark(watermark: Timestamp): void {
    this.#record.currentWatermark = watermark;
    this.#writer.writeWatermark?.(watermark);
    this.#context.output.watermark(watermark);
  }

  /** The job is cancelled: what was written so far is kept, where nothing else will ever commit it. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.#committing;
    if (this.#settings.commitWhileRunning) await this.#commitAll();
  }

  /** Everything written is flushed, prepared and committed before the task ends. */
  async finish(): Promise<void> {
    this.#timer?.cancel();
    await this.#committing;
    await this.#commitAll();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    this.#pauseTimer?.cancel();
    await this.#writer.close();
    await this.#committer?.close();
  }

  #recheck(): void {
    if (!this.#closed) this.#context.hold(!this.#writer.ready);
  }

  async #commitAll(): Promise<void> {
    await this.#writer.flush(true);
    await this.#commitCompleted();
  }

  /** Commits now and then what the writer has completed by itself. */
  #scheduleCommit(): void {
    if (!this.#settings.commitWhileRunning || this.#writer.prepareCommit === undefined) return;
    this.#timer = this.#context.clock.schedule(COMMIT_INTERVAL, () => {
      this.#context.mail(() => {
        if (this.#closed) return;
        this.#committing = this.#commitCompleted().then(
          () => this.#scheduleCommit(),
          (error: unknown) => this.#context.fail(error),
        );
      });
    });
  }

  async #commitCompleted(): Promise<void> {
    const committables = (await this.#writer.prepareCommit?.()) ?? [];
    if (committables.length > 0) await this.#commit(committables);
  }

  async #commit(committables: readonly unknown[]): Promise<void> {
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
    let open = committables;
    for (let tries = 1; open.length > 0; tries++) {
      const results = await this.#committer.commit(open);
      const failed = open.filter((_, i) => results[i]?.kind !== "committed");
      const cause = results.find((result) => result.kind === "retry")?.cause;
      if (failed.length > 0 && tries === COMMIT_TRIES) {
        throw new MillraceError(
          "SINK_FAILED",
          `${failed.length} commits of ${sink.name} failed ${tries} times`,
          { cause },
        );
      }
      open = failed;
      if (open.length > 0) await this.#pause(COMMIT_PAUSE * 2 ** (tries - 1));
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#pauseTimer = this.#context.clock.schedule(ms, resolve);
    });
  }
}
