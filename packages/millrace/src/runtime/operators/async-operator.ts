import type { ClockTimer } from "../../common/clock/clock.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { AsyncSpec } from "../../graph/stream/operator-spec.ts";
import { AsyncCall, type AsyncCallOptions } from "./async/async-call.ts";
import { AsyncEntry, type AsyncControl } from "./async/async-entry.ts";
import type { AsyncQueue } from "./async/async-queue.ts";
import { Fifo } from "./async/fifo.ts";
import { inFlightRequests, type InFlightRequests } from "./async/in-flight-requests.ts";
import { OrderedQueue } from "./async/ordered-queue.ts";
import { UnorderedQueue } from "./async/unordered-queue.ts";
import type { OutputCursor } from "./flow.ts";
import { UserFunction } from "./function/user-function.ts";
import type { Operator, OperatorContext } from "./operator.ts";

/**
 * Calls an asynchronous function for each record, for up to `capacity` of them at a time, and emits the results: in the order of
 * the records, or as they come, never across a watermark.
 *
 * Records underway are state: after a restore they are called again, with new tries and time. Results wait for room: they leave in an output loop
 * that stops when there is none, and the operator holds what is above it while it is full.
 */
export class AsyncOperator implements Operator {
  readonly #spec: AsyncSpec;
  readonly #context: OperatorContext;
  readonly #life: UserFunction;
  readonly #queue: AsyncQueue;
  /** Records beyond the capacity, which a single call of a function above may still emit: in the queue, but not called. */
  readonly #uncalled = new Fifo<AsyncEntry>();
  /** Calls underway in the order they began, which is that of their deadlines. Nothing is kept of those that are done. */
  readonly #calls = new Set<AsyncCall>();
  readonly #callOptions: AsyncCallOptions;
  readonly #cursor: OutputCursor;
  #inFlight: InFlightRequests | undefined;
  #timer: ClockTimer | undefined;
  /** Whether the cursor is under way, or asked for by mail. */
  #draining = false;
  #mailed = false;
  /** Where the emission of the head's results stopped. */
  #emitted = 0;
  #finished: (() => void) | undefined;
  #closed = false;

  constructor(spec: AsyncSpec, context: OperatorContext) {
    this.#spec = spec;
    this.#context = context;
    this.#life = new UserFunction(spec.fn, context);
    this.#queue = spec.options.mode === "ordered" ? new OrderedQueue() : new UnorderedQueue();
    const emittedOfHead = (): number => this.#emitted;
    this.#cursor = {
      advance: () => this.#emit(),
      // A record whose results have left in part would be called again, and they would leave twice.
      get inState() {
        return emittedOfHead() === 0;
      },
    };
    this.#callOptions = {
      fn: spec.fn,
      retry: spec.options.retry,
      timeout: spec.options.timeout,
      clock: context.clock,
      onDone: (call) => this.#onDone(call),
    };
  }

  initializeState(): void {
    this.#life.initializeState();
    this.#inFlight = inFlightRequests(this.#spec, this.#context);
  }

  open(): void {
    this.#life.open();
    for (const { value, timestamp } of this.#inFlight?.take() ?? []) this.processRecord(value, timestamp);
  }

  processRecord(value: unknown, timestamp: Timestamp): void {
    const entry = new AsyncEntry(value, timestamp);
    this.#queue.push(entry);
    if (this.#queue.size - this.#uncalled.size > this.#spec.options.capacity) this.#uncalled.push(entry);
    else this.#call(entry);
    if (this.#queue.size >= this.#spec.options.capacity) this.#context.hold(true);
  }

  processWatermark(watermark: Timestamp): void {
    if (this.#queue.empty && !this.#draining) this.#context.output.watermark(watermark);
    else this.#queue.pushControl({ kind: "watermark", watermark });
  }

  processIdle(idle: boolean): void {
    if (this.#queue.empty && !this.#draining) this.#context.output.idle(idle);
    else this.#queue.pushControl({ kind: "idle", idle });
  }

  finish(): Promise<void> | undefined {
    if (this.#queue.empty && !this.#draining) return undefined;
    return new Promise((resolve) => (this.#finished = resolve));
  }

  prepareSnapshot(): void {
    this.#inFlight?.keep(this.#queue.entries());
  }

  notifyCheckpointComplete(checkpointId: number): void {
    this.#life.notifyCheckpointComplete(checkpointId);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const call of this.#calls) call.cancel();
    this.#calls.clear();
    this.#life.close();
  }

  #call(entry: AsyncEntry): void {
    const { timeout } = this.#spec.options;
    const deadline = timeout === 0 ? Infinity : this.#context.clock.monotonic() + timeout;
    const call = new AsyncCall(entry, deadline, this.#callOptions);
    this.#calls.add(call);
    if (timeout > 0 && this.#timer === undefined) this.#setTimer(timeout);
    call.start();
  }

  #setTimer(delay: number): void {
    this.#timer = this.#context.clock.schedule(delay, () => this.#onTimer());
  }

  /** Times out what is over its time, and looks again at the next deadline. */
  #onTimer(): void {
    this.#timer = undefined;
    const now = this.#context.clock.monotonic();
    for (const call of this.#calls) {
      // Over, but still here: its onTimeout is at work.
      if (call.over) continue;
      if (call.deadline > now) {
        this.#setTimer(call.deadline - now);
        return;
      }
      call.timeOut();
    }
  }

  /** From a promise's callback: what follows is done by mail. */
  #onDone(call: AsyncCall): void {
    this.#calls.delete(call);
    if (this.#closed) return;
    this.#queue.complete(call.entry);
    if (this.#mailed) return;
    this.#mailed = true;
    this.#context.mail(() => this.#drain());
  }

  #drain(): void {
    this.#mailed = false;
    // A loop that waits for room comes to these results, too.
    if (this.#draining || this.#queue.head() === undefined) return;
    this.#draining = true;
    this.#context.runCursor(this.#cursor);
  }

  /** Emits what may leave; false when there is no room. */
  #emit(): boolean {
    for (let head = this.#queue.head(); head !== undefined; head = this.#queue.head()) {
      if (head instanceof AsyncEntry) {
        if (!this.#emitEntry(head)) return false;
        this.#queue.shift();
        this.#release();
        if (this.#context.flow.blocked) return false;
      } else {
        this.#queue.shift();
        this.#emitControl(head);
      }
    }
    this.#draining = false;
    if (this.#queue.empty) this.#finished?.();
    return true;
  }

  #emitEntry(entry: AsyncEntry): boolean {
    const { outcome } = entry;
    if (outcome === undefined) return true;
    if (outcome.kind === "error") {
      this.#context.poison(outcome.error, entry.value, entry.timestamp);
      return true;
    }
    if (!this.#spec.flat) {
      this.#context.output.record(outcome.result, entry.timestamp);
      return true;
    }
    const results = outcome.result;
    if (!Array.isArray(results)) {
      this.#context.poison(this.#notAnArray(results), entry.value, entry.timestamp);
      return true;
    }
    while (this.#emitted < results.length) {
      this.#context.output.record(results[this.#emitted++], entry.timestamp);
      if (this.#context.flow.blocked && this.#emitted < results.length) return false;
    }
    this.#emitted = 0;
    return true;
  }

  #emitControl(control: AsyncControl): void {
    if (control.kind === "watermark") this.#context.output.watermark(control.watermark);
    else this.#context.output.idle(control.idle);
  }

  /** A record has left: the next one may be called, and what is above may go on. */
  #release(): void {
    const next = this.#uncalled.shift();
    if (next !== undefined) this.#call(next);
    if (this.#queue.size < this.#spec.options.capacity) this.#context.hold(false);
  }

  #notAnArray(result: unknown): MillraceError {
    return new MillraceError(
      "USER_FUNCTION_FAILED",
      `the function of asyncFlatMap must answer an array, got ${preview(result)}`,
      { help: "Use asyncMap where there is one result for each record." },
    );
  }
}
