import type { ClockTimer } from "../../common/clock/clock.ts";
import type { SinkRecordContext, SinkWriter, SinkWriterContext } from "../../common/connector/sink.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { CreateSinkOptions, CustomSinkContext } from "./create-sink-options.ts";

/** The options with their defaults. */
export interface CustomSinkLimits {
  readonly batchSize: number;
  readonly linger: number;
  readonly maxBuffered: number;
}

/**
 * Buffers records and writes them in batches, one at a time, from the moment on that the resource is open.
 *
 * `#work` is the chain of what is underway: opening, then batch after batch. It never rejects; the first failure is kept, told to
 * the task, and thrown by `flush`.
 */
export class CustomSinkWriter<T, R> implements SinkWriter<T, never, unknown> {
  readonly #context: SinkWriterContext;
  readonly #options: CreateSinkOptions<T, R>;
  readonly #limits: CustomSinkLimits;
  readonly #controller = new AbortController();
  readonly #facts: CustomSinkContext;
  readonly #onTimer = (): void => this.#timeIsUp();
  #resource: { readonly value: R } | undefined;
  #buffer: T[] = [];
  /** The event times of buffered records, for `write`. */
  #timestamps: Timestamp[] = [];
  #work: Promise<void> | undefined;
  #timer: ClockTimer | undefined;
  #scheduled = false;
  #failed = false;
  #failure: unknown;
  #held = false;

  constructor(context: SinkWriterContext, options: CreateSinkOptions<T, R>, limits: CustomSinkLimits) {
    this.#context = context;
    this.#options = options;
    this.#limits = limits;
    const { subtaskIndex, parallelism, attempt } = context.runtime;
    this.#facts = {
      signal: this.#controller.signal,
      clock: context.clock,
      subtaskIndex,
      parallelism,
      attempt,
    };
    this.#work = this.#open();
  }

  get ready(): boolean {
    return this.#buffer.length < this.#limits.maxBuffered;
  }

  write(value: T, context: SinkRecordContext): void {
    const { write } = this.#options;
    if (write !== undefined && this.#resource !== undefined && this.#buffer.length === 0) {
      this.#writeOne(value, this.#resource.value, context.timestamp);
      return;
    }
    this.#buffer.push(value);
    if (write !== undefined) this.#timestamps.push(context.timestamp);
    if (this.#buffer.length >= this.#limits.batchSize) this.#start();
    else this.#schedule();
    this.#held ||= !this.ready;
  }

  async flush(endOfInput: boolean): Promise<void> {
    while (this.#work !== undefined || (this.#buffer.length > 0 && !this.#failed)) {
      this.#start();
      await this.#work;
    }
    if (this.#failed) throw this.#failure;
    await this.#options.flush?.(this.#resource!.value, endOfInput);
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#buffer = [];
    this.#controller.abort();
    await this.#work;
    if (this.#resource !== undefined) await this.#options.close?.(this.#resource.value);
    this.#resource = undefined;
  }

  async #open(): Promise<void> {
    await this.#guarded(async () => {
      // Without `open`, R is undefined.
      this.#resource = { value: (await this.#options.open?.(this.#facts)) as R };
    });
    this.#work = undefined;
    if (this.#buffer.length > 0) this.#start();
  }

  /** Begins to write what is buffered, unless something is underway: that goes on with it by itself. */
  #start(): void {
    if (this.#work !== undefined || this.#failed || this.#buffer.length === 0) return;
    this.#work = this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    // A record that comes later waits for a full batch, or for its time, again.
    for (let left = this.#buffer.length; left > 0 && !this.#failed && !this.#facts.signal.aborted;) {
      const batch = this.#buffer.splice(0, Math.min(this.#limits.batchSize, this.#buffer.length));
      left -= batch.length;
      await this.#guarded(() => this.#writeSome(batch));
      if (this.#held && this.ready) {
        this.#held = false;
        this.#context.wakeUp();
      }
      if (this.#buffer.length >= this.#limits.batchSize) left = this.#buffer.length;
    }
    this.#work = undefined;
    if (this.#buffer.length > 0) this.#schedule();
  }

  #writeSome(batch: readonly T[]): void | Promise<void> {
    // Nothing is written before the resource is open.
    const resource = this.#resource!.value;
    if (this.#options.writeBatch !== undefined) return this.#options.writeBatch(batch, resource, this.#facts);
    const timestamps = this.#timestamps.splice(0, batch.length);
    batch.forEach((value, i) => this.#writeOne(value, resource, timestamps[i]!));
  }

  #writeOne(value: T, resource: R, timestamp: Timestamp): void {
    const answer: unknown = this.#options.write!(value, resource, timestamp);
    if (answer instanceof Promise) {
      // Nobody will wait for it.
      answer.catch(() => undefined);
      throw new MillraceError(
        "ASYNC_FUNCTION",
        `${this.#options.name}: write must be synchronous, but it answered with a promise`,
        {
          help: "Use writeBatch, which may take its time.",
        },
      );
    }
  }

  #schedule(): void {
    if (this.#scheduled || this.#work !== undefined || this.#failed) return;
    this.#scheduled = true;
    const { clock } = this.#context;
    if (this.#limits.linger > 0) this.#timer = clock.schedule(this.#limits.linger, this.#onTimer);
    else clock.yield(this.#onTimer);
  }

  #timeIsUp(): void {
    this.#scheduled = false;
    if (!this.#facts.signal.aborted) this.#start();
  }

  /** Runs a user's function; never rejects. */
  async #guarded(work: () => void | Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#failed || this.#facts.signal.aborted) return;
      this.#failed = true;
      this.#failure = sinkFailed(this.#options.name, error);
      this.#context.fail(this.#failure);
    }
  }
}

function sinkFailed(name: string, error: unknown): MillraceError {
  if (MillraceError.is(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new MillraceError("SINK_FAILED", `${name}: ${reason}`, { cause: error, details: { sink: name } });
}
