import type { Clock, ClockTimer } from "../../common/clock/clock.ts";
import { PollStatus } from "../../common/connector/source.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { unreachable } from "../../common/errors/unreachable.ts";
import type { ExecutionId } from "../../common/ids/ids.ts";
import type { ChannelEvent } from "../../protocol/channel-event.ts";
import type { InputChannel } from "../network/channel.ts";
import type { InputGate } from "../network/input-gate.ts";
import type { RecordWriter } from "../network/record-writer/record-writer.ts";
import { WatermarkValve } from "../network/watermark-valve.ts";
import type { Mail, Operator } from "../operators/operator.ts";
import { SinkOperator } from "../operators/sink/sink-operator.ts";
import { SourceOperator } from "../operators/source/source-operator.ts";
import type { Chain, ChainNode } from "./chain/chain-node.ts";
import { Drained } from "./chain/chain-node.ts";
import { deliverIdle, deliverWatermark } from "./chain/control-output.ts";
import { explainFailure } from "./explain-failure.ts";
import type { FailurePlace } from "./explain-failure.ts";
import type { Mailbox } from "./mailbox.ts";
import { Stopwatch } from "./stopwatch.ts";
import type { TaskFlow } from "./task-flow.ts";
import type { TaskMetrics } from "./task-metrics.ts";
import type { TaskState } from "./task-state.ts";

/** Records taken before the loop looks at the clock, its mails and its other channels: at most, and at least. */
const MAX_BATCH = 256;
const MIN_BATCH = 4;
/** ms that one batch should take at most; with slow user functions batches shrink. */
const BATCH_TIME = 0.5;
/** Rounds of a slice at most, for clocks that stand still. */
const MAX_ROUNDS = 64;

/** What a task is made of; see `createTask`. */
export interface TaskParts {
  readonly execution: ExecutionId;
  readonly place: FailurePlace;
  readonly nodes: readonly ChainNode[];
  readonly chain: Chain;
  readonly operators: readonly Operator[];
  readonly gate: InputGate;
  readonly writers: readonly RecordWriter[];
  readonly flow: TaskFlow;
  readonly mailbox: Mailbox;
  readonly clock: Clock;
  /** ms after which partial frames leave in any case; 0: at once. */
  readonly bufferTimeout: number;
  /** Makes the task run again soon. */
  wake(): void;
  onState(state: TaskState, error: MillraceError | undefined): void;
  userMetrics(): TaskMetrics["user"];
  skippedRecords(): number;
  /** What an operator could not keep when the task was cancelled. */
  logStopFailure(error: unknown): void;
  dispose(): void;
}

/**
 * One subtask at work: takes mails, then input, in slices that its slot's scheduler gives it. Runs on one thread, so nothing here
 * needs a lock; it never waits for anything.
 */
export class Task {
  readonly execution: ExecutionId;
  readonly #parts: TaskParts;
  readonly #valve: WatermarkValve;
  readonly #source: SourceOperator | undefined;
  readonly #time: Stopwatch;
  #state: "created" | TaskState = "created";
  /** Channels that have not yet said that their data ended, by input. */
  readonly #openChannels: [number, number];
  #finishing: "no" | "operators" | "sent" = "no";
  #nextToFinish = 0;
  #awaiting = false;
  #lastFlush = 0;
  #batch = MAX_BATCH;
  #flushTimer: ClockTimer | undefined;

  constructor(parts: TaskParts) {
    this.#parts = parts;
    this.execution = parts.execution;
    this.#valve = new WatermarkValve(parts.gate.channels.length);
    const head = parts.operators[0];
    this.#source = head instanceof SourceOperator ? head : undefined;
    this.#time = new Stopwatch(parts.clock);
    this.#openChannels = [0, 0];
    for (const channel of parts.gate.channels) this.#openChannels[channel.input]++;
    parts.gate.onReadable = () => parts.wake();
  }

  get terminal(): boolean {
    return this.#state === "FINISHED" || this.#state === "CANCELED" || this.#state === "FAILED";
  }

  /** Restores and opens all operators, those furthest down first, so that whoever emits in `open` finds open ears. */
  start(): void {
    this.#enter("INITIALIZING");
    const { operators, chain, clock } = this.#parts;
    this.#guard(() => {
      operators.forEach((operator, node) => {
        chain.enter(node);
        operator.initializeState?.();
      });
      for (let node = operators.length - 1; node >= 0; node--) {
        chain.enter(node);
        (operators[node] as Operator).open();
        if (this.terminal) return;
      }
      this.#lastFlush = clock.monotonic();
      this.#enter("RUNNING");
      this.#parts.wake();
    });
  }

  /** Works until about `deadline` (monotonic ms). Whether there is more to do at once. */
  runSlice(deadline: number): boolean {
    if (this.#state !== "RUNNING") return false;
    this.#time.start();
    const more = this.#guard(() => this.#work(deadline)) ?? false;
    this.#time.stop(this.#parts.flow.input.blocked ? "backPressured" : "idle", more);
    return more;
  }

  /** The source at the head of this task; a task without one answers undefined. */
  get source(): SourceOperator | undefined {
    return this.#source;
  }

  /** Whether operator `node` has finished: it has nothing more to say. */
  hasFinished(node: number): boolean {
    return node < this.#nextToFinish - (this.#awaiting ? 1 : 0);
  }

  /** Enqueues a mail: something from outside, to be done between two records. */
  mail(mail: Mail): void {
    this.#parts.mailbox.put(mail);
  }

  /** Ends the task without finishing: nothing more is emitted. */
  cancel(): void {
    if (!this.terminal) this.#terminate("CANCELED", undefined);
  }

  /** Fails the task. `error` is explained by the operator that is at work, unless it was before. */
  fail(error: unknown, node?: number): void {
    if (this.terminal) return;
    const { chain, nodes, place } = this.#parts;
    const trace = node === undefined ? chain.trace() : { node, record: undefined };
    this.#terminate("FAILED", explainFailure(error, nodes[trace.node] as ChainNode, trace, place));
  }

  metrics(): TaskMetrics {
    const { chain, writers, gate, operators } = this.#parts;
    return {
      numRecordsIn: this.#source?.records ?? chain.recordsIn,
      numRecordsOut: writers.reduce((sum, writer) => sum + writer.numRecordsOut, 0),
      numRecordsToSinks: operators.reduce(
        (sum, operator) => sum + (operator instanceof SinkOperator ? operator.records : 0),
        0,
      ),
      ...this.#time.read(),
      currentWatermark: this.#source === undefined ? this.#valve.watermark : this.#source.watermark,
      numRecordsSkipped: this.#parts.skippedRecords(),
      outputBacklog: writers.reduce((sum, writer) => sum + writer.backlog, 0),
      inputQueued: gate.channels.reduce((sum, channel) => sum + channel.queued, 0),
      user: this.#parts.userMetrics(),
    };
  }

  #work(deadline: number): boolean {
    const { mailbox, flow, clock } = this.#parts;
    let before = clock.monotonic();
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (!mailbox.empty) mailbox.drain();
      if (this.terminal) return false;
      if (flow.hasPending) flow.advancePending();
      const moved = this.#finishing === "no" ? this.#input() : this.#finish();
      if (this.terminal) return false;
      if (!moved && mailbox.empty) {
        this.#flushIdle();
        return false;
      }
      const now = clock.monotonic();
      if (now - this.#lastFlush >= this.#parts.bufferTimeout) this.#flush(now);
      if (now - before > BATCH_TIME) this.#batch = Math.max(MIN_BATCH, this.#batch >> 1);
      else if (this.#batch < MAX_BATCH) this.#batch *= 2;
      before = now;
      if (now >= deadline) return true;
    }
    return true;
  }

  /** One step of input. Whether anything was there and there was room for it. */
  #input(): boolean {
    if (this.#parts.flow.input.blocked) return false;
    if (this.#source !== undefined) return this.#poll(this.#source);
    const { gate } = this.#parts;
    const channel = gate.next();
    if (channel === undefined) return false;
    if (channel.head() === "data") this.#data(channel);
    else this.#event(channel, channel.takeEvent());
    gate.again(channel);
    return true;
  }

  #poll(source: SourceOperator): boolean {
    this.#parts.chain.enter(0);
    const status = source.poll(this.#batch);
    switch (status) {
      case PollStatus.MORE:
        return true;
      case PollStatus.NOTHING:
        return false;
      case PollStatus.END:
        this.#finishing = "operators";
        return true;
      default:
        return unreachable(status, "poll status");
    }
  }

  #data(channel: InputChannel): void {
    const { chain, flow } = this.#parts;
    for (;;) {
      const drained = chain.drain(channel.input, channel.cursor, this.#batch);
      if (drained === Drained.WATERMARK) {
        if (this.#valve.advance(channel.index, channel.cursor.timestamp)) this.#forwardWatermark();
        if (flow.input.blocked) return;
        continue;
      }
      if (drained === Drained.END) channel.release();
      return;
    }
  }

  #event(channel: InputChannel, event: ChannelEvent): void {
    switch (event.kind) {
      case "idle":
      case "active":
        this.#idle(channel.index, event.kind === "idle");
        return;
      case "latencyMarker":
        for (const writer of this.#parts.writers) writer.event(event);
        return;
      case "endOfData":
        this.#endOfData(channel, event.drained);
        return;
      case "endOfPartition":
        channel.close();
        return;
      case "barrier":
      case "cancelBarrier":
        throw new MillraceError(
          "PROTOCOL_VIOLATION",
          `a ${event.kind} of checkpoint ${event.checkpointId} reached a job that takes no checkpoints`,
        );
      default:
        unreachable(event, "channel event");
    }
  }

  #idle(index: number, idle: boolean): void {
    const before = this.#valve.idle;
    this.#forward(before, this.#valve.setIdle(index, idle));
  }

  #endOfData(channel: InputChannel, drained: boolean): void {
    const before = this.#valve.idle;
    if (drained) this.#forward(before, this.#valve.end(channel.index));
    const { operators, chain } = this.#parts;
    chain.enter(0);
    if (--this.#openChannels[channel.input] === 0) operators[0]?.endInput?.(channel.input);
    if (this.#openChannels[0] === 0 && this.#openChannels[1] === 0) this.#finishing = "operators";
  }

  /** Says what the valve has changed. A watermark goes before "idle" and after "active": who is idle has none to send. */
  #forward(wasIdle: boolean, raised: boolean): void {
    const { operators, chain } = this.#parts;
    const { idle } = this.#valve;
    chain.enter(0);
    if (wasIdle && !idle) deliverIdle(0, false, operators, chain.outputs);
    if (raised) this.#forwardWatermark();
    if (!wasIdle && idle) deliverIdle(0, true, operators, chain.outputs);
  }

  #forwardWatermark(): void {
    const { operators, chain } = this.#parts;
    deliverWatermark(0, this.#valve.watermark, operators, chain.outputs, (node) => chain.enter(node));
  }

  /** Finishes the operators one after the other, then says so downstream, then waits until all of it has left. */
  #finish(): boolean {
    const { operators, chain, flow, writers, mailbox } = this.#parts;
    if (this.#awaiting || flow.hasPending) return false;
    if (this.#finishing === "sent") {
      let sent = true;
      for (const writer of writers) if (!writer.flush()) sent = false;
      if (!sent) return false;
      this.#terminate("FINISHED", undefined);
      return true;
    }
    const node = this.#nextToFinish++;
    const operator = operators[node];
    if (operator === undefined) {
      for (const writer of writers) {
        writer.event({ kind: "endOfData", drained: true });
        writer.event({ kind: "endOfPartition" });
      }
      this.#finishing = "sent";
      return true;
    }
    chain.enter(node);
    if (node > 0) operator.endInput?.(0);
    const done = operator.finish?.();
    if (done instanceof Promise) {
      this.#awaiting = true;
      done.then(
        () => mailbox.put(() => (this.#awaiting = false)),
        (error: unknown) => mailbox.put(() => this.fail(error, node)),
      );
    }
    return true;
  }

  #flushIdle(): void {
    let unsent = false;
    for (const writer of this.#parts.writers) if (!writer.flushIfDrained()) unsent = true;
    if (!unsent || this.#flushTimer !== undefined) return;
    this.#flushTimer = this.#parts.clock.schedule(this.#parts.bufferTimeout, () => {
      this.#flushTimer = undefined;
      if (this.#state !== "RUNNING") return;
      this.#flush(this.#parts.clock.monotonic());
      this.#parts.wake();
    });
  }

  #flush(now: number): void {
    this.#lastFlush = now;
    for (const writer of this.#parts.writers) writer.flush();
  }

  #guard<R>(work: () => R): R | undefined {
    try {
      return work();
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }

  #enter(state: TaskState, error?: MillraceError): void {
    this.#state = state;
    this.#parts.onState(state, error);
  }

  /** Closes everything, then reports. What closing throws is reported only where nothing went wrong before. */
  #terminate(state: "FINISHED" | "CANCELED" | "FAILED", error: MillraceError | undefined): void {
    const stopping = state === "CANCELED" && this.#state === "RUNNING";
    this.#state = state;
    this.#flushTimer?.cancel();
    this.#parts.mailbox.clear();
    void this.#close(stopping).then((closing) => {
      if (state === "FINISHED" && closing !== undefined) this.#enter("FAILED", closing);
      else this.#enter(state, error);
    });
  }

  /** @param stopping whether operators may first keep what would be lost */
  async #close(stopping: boolean): Promise<MillraceError | undefined> {
    const { operators, nodes, place, gate, writers } = this.#parts;
    let first: MillraceError | undefined;
    for (let node = operators.length - 1; node >= 0; node--) {
      try {
        const operator = operators[node] as Operator;
        if (stopping) await operator.stop?.().catch((error: unknown) => this.#parts.logStopFailure(error));
        await operator.close();
      } catch (error) {
        first ??= explainFailure(error, nodes[node] as ChainNode, { node, record: undefined }, place);
      }
    }
    gate.close();
    for (const writer of writers) writer.close();
    this.#parts.dispose();
    return first;
  }
}
