import type { Clock } from "../../common/clock/clock.ts";
import type { RuntimeContext } from "../../common/functions/runtime-context.ts";
import type { JobId } from "../../common/ids/ids.ts";
import { SystemClock } from "../../common/clock/system-clock.ts";
import type { Committer, Sink, SinkWriter } from "../../common/connector/sink.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { MIN_WATERMARK, NO_TIMESTAMP, type Timestamp } from "../../common/time/timestamps.ts";
import { carried } from "./carried.ts";
import { runtimeStub } from "./runtime-stub.ts";

/** A checkpoint of a sink's writer: what it hands over, and what a new one goes on from. */
export interface SinkSnapshot<C, W> {
  readonly committables: readonly C[];
  readonly states: readonly W[];
}

/** How a sink's writer is run. */
export interface SinkRunOptions<W> {
  readonly clock?: Clock | undefined;
  readonly restore?: readonly W[] | undefined;
  readonly jobId?: JobId | undefined;
  readonly attempt?: number | undefined;
  readonly subtask?: number | undefined;
  readonly parallelism?: number | undefined;
  /** What the context tells of standard output and of the client; default 0. */
  readonly backlog?: () => number;
}

/** Runs one writer of a sink without an engine, called as the contract says and no other way. */
export class SinkRun<T, C, W> {
  readonly writer: SinkWriter<T, C, W>;
  readonly printed: { readonly text: string; readonly stream: string }[] = [];
  readonly sent: { readonly channel: string; readonly batch: Uint8Array; readonly count: number }[] = [];
  readonly #sink: Sink<T, C, W>;
  readonly #clock: Clock;
  readonly #runtime: RuntimeContext;
  #committer: Committer<C> | undefined;
  #wake: (() => void) | undefined;
  #failed = false;
  #failure: unknown;
  #checkpoints = 0;
  /** How often the writer was not ready. */
  held = 0;

  constructor(sink: Sink<T, C, W>, options: SinkRunOptions<W> = {}) {
    this.#sink = sink;
    this.#clock = options.clock ?? new SystemClock();
    const backlog = options.backlog ?? ((): number => 0);
    this.#runtime = runtimeStub(this.#clock, {
      attempt: options.attempt ?? 0,
      subtaskIndex: options.subtask ?? 0,
      parallelism: options.parallelism ?? 1,
      ...(options.jobId === undefined ? {} : { jobId: options.jobId }),
    });
    this.writer = sink.createWriter(
      {
        runtime: this.#runtime,
        clock: this.#clock,
        wakeUp: () => this.#wake?.(),
        fail: (error) => {
          this.#failed = true;
          this.#failure ??= error;
          this.#wake?.();
        },
        stdout: (bytes, stream = "stdout") =>
          void this.printed.push({ text: Buffer.from(bytes).toString(), stream }),
        get stdoutBacklog() {
          return backlog();
        },
        sendToClient: (channel, batch, count) => void this.sent.push({ channel, batch, count }),
        get clientBacklog() {
          return backlog();
        },
      },
      structuredClone(options.restore ?? []),
    );
  }

  /** Writes records, waiting whenever the writer is not ready. */
  async write(records: Iterable<T>, timestamp: Timestamp = NO_TIMESTAMP): Promise<this> {
    for (const record of records) {
      while (!this.writer.ready) {
        this.#check();
        this.held++;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          if (this.#failed) resolve();
        });
        this.#wake = undefined;
      }
      this.#check();
      this.writer.write(record, { timestamp, currentWatermark: MIN_WATERMARK });
    }
    return this;
  }

  /** What a barrier does. The snapshot is plain data, or this fails. */
  async checkpoint(savepoint = false): Promise<SinkSnapshot<C, W>> {
    await this.writer.flush(false, savepoint);
    const committables = (await this.writer.prepareCommit?.()) ?? [];
    const states = this.writer.snapshotState?.(++this.#checkpoints) ?? [];
    return carried({ committables, states });
  }

  /** What the end of input does, up to the commit. */
  async finish(): Promise<readonly C[]> {
    await this.writer.flush(true);
    return carried((await this.writer.prepareCommit?.()) ?? []);
  }

  async commit(committables: readonly C[]): Promise<void> {
    if (committables.length === 0) return;
    this.#committer ??= this.#sink.createCommitter?.({
      runtime: this.#runtime,
      clock: this.#clock,
    });
    if (this.#committer === undefined)
      throw new MillraceError("INTERNAL", "committables without a committer");
    for (const result of await this.#committer.commit(committables)) {
      if (result.kind === "retry") throw result.cause;
    }
  }

  async close(): Promise<void> {
    await this.writer.close();
    await this.#committer?.close();
  }

  /** Throws what the writer failed with. */
  #check(): void {
    if (this.#failed) throw this.#failure;
  }
}
