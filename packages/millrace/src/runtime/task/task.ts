import type { Clock, ClockTimer } from "../../common/clock/clock.ts";
import { PollStatus } from "../../common/connector/source.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { unreachable } from "../../common/errors/unreachable.ts";
import type { ExecutionId } from "../../common/ids/ids.ts";
import { MAX_WATERMARK } from "../../common/time/timestamps.ts";
import type { ChannelEvent } from "../../protocol/channel-event.ts";
import type { CheckpointLocation, TaskRestore } from "../../protocol/control/snapshots.ts";
import type { CheckpointStart } from "../checkpoint/barriers/aligner-action.ts";
import type { ChannelPlace, PlacedWriter } from "../checkpoint/channel-state/channel-place.ts";
import type { StateFiles } from "../checkpoint/storage/state-files.ts";
import type { InputGate } from "../network/input-gate.ts";
import type { RecordWriter } from "../network/record-writer/record-writer.ts";
import type { Mail, Operator } from "../operators/operator.ts";
import { SinkOperator } from "../operators/sink/sink-operator.ts";
import { SourceOperator } from "../operators/source/source-operator.ts";
import type { Chain, ChainNode } from "./chain/chain-node.ts";
import { explainFailure } from "./explain-failure.ts";
import type { FailurePlace } from "./explain-failure.ts";
import { Mailbox } from "./mailbox.ts";
import type { OperatorStores } from "./operator-stores.ts";
import { Stopwatch } from "./stopwatch.ts";
import { TaskCheckpoints } from "./task-checkpoints.ts";
import { TaskEnd } from "./task-end.ts";
import type { TaskFlow } from "./task-flow.ts";
import { TaskInput } from "./task-input.ts";
import type { TaskMetrics } from "./task-metrics.ts";
import type { TaskServices } from "./task-services.ts";
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
  /** State of each operator, in order of the nodes. */
  readonly stores: readonly OperatorStores[];
  /** Makes the operators, in order of the nodes; called once, when their state has been restored. */
  createOperators(): readonly Operator[];
  readonly gate: InputGate;
  /** Of the gate's channels, in their order. */
  readonly places: readonly ChannelPlace[];
  readonly writers: readonly RecordWriter[];
  /** The writers, and where their channels lead. */
  readonly outputs: readonly PlacedWriter[];
  readonly flow: TaskFlow;
  /** Mails of operators. */
  readonly mailbox: Mailbox;
  readonly clock: Clock;
  /** ms after which partial frames leave in any case; 0: at once. */
  readonly bufferTimeout: number;
  readonly services: TaskServices;
  /** Whether checkpoints are taken periodically. */
  readonly periodicCheckpoints: boolean;
  /** undefined: it starts without state. */
  readonly restore: TaskRestore | undefined;
  /** Where state is written to, and read from; undefined: where the job's checkpoints go. */
  stateFiles(location: CheckpointLocation | undefined): StateFiles;
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
  readonly #input: TaskInput;
  readonly #checkpoints: TaskCheckpoints;
  readonly #end: TaskEnd;
  /** What the task itself must do: it goes on whatever the operators are at. */
  readonly #controls: Mailbox;
  /** From the JobMaster for the source and its checkpoints: in order, so that nothing overtakes the snapshot it was sent after. */
  readonly #messages: Mail[] = [];
  readonly #time: Stopwatch;
  #operators: readonly Operator[] = [];
  #source: SourceOperator | undefined;
  #state: "created" | TaskState = "created";
  #restoring: Promise<void> | undefined;
  #lastFlush = 0;
  /** Grows from the least: a first batch of slow functions must not hold up everything else. */
  #batch = MIN_BATCH;
  #flushTimer: ClockTimer | undefined;

  constructor(parts: TaskParts) {
    this.#parts = parts;
    this.execution = parts.execution;
    this.#controls = new Mailbox(() => parts.wake());
    this.#time = new Stopwatch(parts.clock);
    this.#checkpoints = this.#makeCheckpoints();
    this.#input = new TaskInput({
      gate: parts.gate,
      chain: parts.chain,
      flow: parts.flow,
      checkpoints: this.#checkpoints,
      operators: () => this.#operators,
      emit: (event) => this.#emit(event),
      dataEnded: (drained) => this.#end.dataEnded(drained),
    });
    this.#end = this.#makeEnd();
    parts.gate.onReadable = () => parts.wake();
  }

  get terminal(): boolean {
    return this.#state === "FINISHED" || this.#state === "CANCELED" || this.#state === "FAILED";
  }

  /** Whether something is underway that goes on by itself: restoring, or writing a snapshot. */
  get underway(): boolean {
    return !this.terminal && (this.#restoring !== undefined || this.#checkpoints.writing);
  }

  /** The source at the head of this task; undefined in a task without one, and before it runs. */
  get source(): SourceOperator | undefined {
    return this.#source;
  }

  /** Restores and opens all operators, those furthest down first, so that whoever emits in `open` finds open ears. */
  start(): void {
    this.#enter("INITIALIZING");
    const { restore } = this.#parts;
    if (restore === undefined) this.#guard(() => this.#makeOperators());
    else {
      this.#restoring = this.#restore(restore)
        .catch((error: unknown) => this.fail(error))
        .finally(() => (this.#restoring = undefined));
    }
  }

  /** Works until about `deadline` (monotonic ms). Whether there is more to do at once. */
  runSlice(deadline: number): boolean {
    if (this.#state !== "RUNNING") return false;
    this.#time.start();
    const more = this.#guard(() => this.#work(deadline)) ?? false;
    this.#time.stop(this.#parts.flow.input.blocked ? "backPressured" : "idle", more);
    this.#checkpoints.grant(more);
    return more;
  }

  /** Whether operator `node` has finished: it has nothing more to say. */
  hasFinished(node: number): boolean {
    return this.#end.hasFinished(node);
  }

  /** Something from the JobMaster for the source, to be done between two records; after the snapshots triggered before it. */
  mail(mail: Mail): void {
    if (!this.terminal) this.#controls.put(() => void this.#messages.push(mail));
  }

  /** Begins a checkpoint here. */
  triggerCheckpoint(checkpoint: CheckpointStart): void {
    // About to tell its end, which the JobMaster did not know: nothing has gone wrong with the checkpoint.
    if (this.terminal) return;
    if (this.#state !== "RUNNING") {
      this.#parts.services.declineCheckpoint(checkpoint.checkpointId, notRunning(this.execution));
      return;
    }
    this.mail(() => {
      if (checkpoint.options.snapshot === "drainSavepoint" && this.#source !== undefined)
        this.#end.drainFor(checkpoint.checkpointId);
      this.#checkpoints.trigger(checkpoint);
    });
  }

  /** The checkpoint is recorded. */
  checkpointComplete(checkpointId: number): void {
    if (this.#state === "RUNNING") this.#controls.put(() => this.#checkpoints.complete(checkpointId));
  }

  /** The checkpoint is given up. */
  checkpointAborted(checkpointId: number): void {
    if (this.#state === "RUNNING") this.#controls.put(() => this.#checkpoints.abort(checkpointId));
  }

  /** All tasks of the job have ended or wait: what was written is committed, and the task ends. */
  commitAtEnd(): void {
    if (this.#state !== "RUNNING") return;
    this.#controls.put(() => {
      const commits = this.#operators.map(async (operator, node) => {
        if (!(operator instanceof SinkOperator)) return;
        await operator
          .commitPending()
          .catch((error: unknown) => this.#controls.put(() => this.fail(error, node)));
      });
      void Promise.all(commits).then(() => this.#controls.put(() => this.#end.committed()));
    });
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
    const { chain, writers, gate } = this.#parts;
    return {
      numRecordsIn: this.#source?.records ?? chain.recordsIn,
      numRecordsOut: writers.reduce((sum, writer) => sum + writer.numRecordsOut, 0),
      numBytesIn: gate.channels.reduce((sum, channel) => sum + channel.bytesReceived, 0),
      numBytesOut: writers.reduce((sum, writer) => sum + writer.bytesSent, 0),
      numRecordsToSinks: this.#sinks().reduce((sum, sink) => sum + sink.records, 0),
      ...this.#time.read(),
      currentWatermark: this.#source === undefined ? this.#input.watermark : this.#source.watermark,
      numRecordsSkipped: this.#parts.skippedRecords(),
      outputBacklog: writers.reduce((sum, writer) => sum + writer.backlog, 0),
      inputQueued: gate.channels.reduce((sum, channel) => sum + channel.queued, 0),
      user: this.#parts.userMetrics(),
    };
  }

  #work(deadline: number): boolean {
    const { mailbox, clock } = this.#parts;
    let before = clock.monotonic();
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (!this.#controls.empty) this.#controls.drain();
      if (this.#messages.length > 0) this.#takeMessages();
      if (this.terminal) return false;
      if (this.#checkpoints.starting) this.#checkpoints.step();
      const moved = this.#step();
      if (this.terminal) return false;
      if (!moved && this.#controls.empty && (this.#frozen || mailbox.empty)) {
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

  /** Whether operators must be left alone. */
  get #frozen(): boolean {
    return this.#checkpoints.preparing || this.#end.suspended;
  }

  /** Mails, then what waits for room, then some input. Whether anything was there that may go on at once. */
  #step(): boolean {
    if (this.#frozen) return false;
    const { mailbox, flow } = this.#parts;
    if (!mailbox.empty) mailbox.drain();
    if (this.terminal) return false;
    // What was resumed may be done now, and a checkpoint may have waited for that.
    const resumed = flow.hasPending && flow.advancePending();
    if (this.#end.stage !== "running") return this.#end.step() || resumed;
    if (flow.input.blocked) return resumed;
    if (this.#source !== undefined) return this.#poll(this.#source) || resumed;
    return (!this.#checkpoints.holdsInput && this.#input.take(this.#batch)) || resumed;
  }

  #poll(source: SourceOperator): boolean {
    this.#parts.chain.enter(0);
    if (this.#end.draining) {
      source.end();
      this.#end.dataEnded(true);
      return true;
    }
    const status = source.poll(this.#batch);
    switch (status) {
      case PollStatus.MORE:
        return true;
      case PollStatus.NOTHING:
        return false;
      case PollStatus.END:
        this.#end.dataEnded(true);
        return true;
      default:
        return unreachable(status, "poll status");
    }
  }

  /** Messages that came after a checkpoint's trigger wait until its snapshot is taken: what they bring is not part of it. */
  #takeMessages(): void {
    while (this.#messages.length > 0 && !this.#checkpoints.starting && !this.terminal)
      (this.#messages.shift() as Mail)();
  }

  async #restore(restore: TaskRestore): Promise<void> {
    const files = this.#parts.stateFiles(undefined);
    for (const [node, store] of this.#parts.stores.entries()) {
      try {
        const state = restore.operators.find(({ uid }) => uid === store.uid);
        await store.restore({ state, files });
      } catch (error) {
        this.fail(error, node);
      }
      if (this.terminal) return;
    }
    this.#guard(() => this.#makeOperators());
  }

  #makeOperators(): void {
    const { chain, restore } = this.#parts;
    chain.enter(0);
    this.#operators = this.#parts.createOperators();
    chain.bind(this.#operators);
    const [head] = this.#operators;
    if (head instanceof SourceOperator) this.#source = head;
    this.#operators.forEach((operator, node) => {
      // A finished task opens nothing, but what its sinks wrote last may not be committed.
      if (restore?.finished === true && !(operator instanceof SinkOperator)) return;
      chain.enter(node);
      operator.initializeState?.();
    });
    this.#recover(0);
  }

  #recover(first: number): void {
    const { chain } = this.#parts;
    for (let node = first; node < this.#operators.length; node++) {
      chain.enter(node);
      const recovered = this.#operators[node]?.recover?.();
      if (recovered === undefined) continue;
      recovered.then(
        () => void (this.terminal || this.#guard(() => this.#recover(node + 1))),
        (error: unknown) => this.fail(error, node),
      );
      return;
    }
    if (this.#parts.restore?.finished === true) this.#resumeEnded();
    else this.#open();
  }

  #open(): void {
    const { chain, stores } = this.#parts;
    for (let node = this.#operators.length - 1; node >= 0; node--) {
      chain.enter(node);
      (this.#operators[node] as Operator).open();
      if (this.terminal) return;
    }
    for (const store of stores) store.opened();
    this.#run();
  }

  /** Restored from a checkpoint that covers the task's end: it says once more that its data has ended. */
  #resumeEnded(): void {
    for (const writer of this.#parts.writers) writer.watermark(MAX_WATERMARK);
    this.#end.resumeEnded();
    this.#run();
  }

  #run(): void {
    this.#lastFlush = this.#parts.clock.monotonic();
    this.#enter("RUNNING");
    this.#parts.wake();
  }

  #sinks(): readonly SinkOperator[] {
    return this.#operators.filter((operator) => operator instanceof SinkOperator);
  }

  /** To all tasks behind, as long as they listen. */
  #emit(event: ChannelEvent): void {
    if (this.#end.stage === "left") return;
    for (const writer of this.#parts.writers) writer.event(event);
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

  /** Whether nothing is left unsent. */
  #flush(now: number): boolean {
    this.#lastFlush = now;
    let sent = true;
    for (const writer of this.#parts.writers) if (!writer.flush()) sent = false;
    return sent;
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
    this.#controls.clear();
    this.#messages.length = 0;
    this.#checkpoints.close();
    void this.#close(stopping).then((closing) => {
      if (state === "FINISHED" && closing !== undefined) this.#enter("FAILED", closing);
      else this.#enter(state, error);
    });
  }

  /** @param stopping whether operators may first keep what would be lost */
  async #close(stopping: boolean): Promise<MillraceError | undefined> {
    const { nodes, place, gate, writers } = this.#parts;
    // Reads state files on behalf of stores that are to be disposed of.
    await this.#restoring;
    let first: MillraceError | undefined;
    for (let node = this.#operators.length - 1; node >= 0; node--) {
      try {
        const operator = this.#operators[node] as Operator;
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

  #makeCheckpoints(): TaskCheckpoints {
    const { parts, self } = { parts: this.#parts, self: this };
    return new TaskCheckpoints({
      clock: parts.clock,
      subtask: parts.place.subtaskIndex,
      gate: parts.gate,
      places: parts.places,
      get outputs() {
        return self.#end.stage === "left" ? [] : parts.outputs;
      },
      services: parts.services,
      stores: parts.stores,
      get operators() {
        // One that was restored as finished opened none.
        return parts.restore?.finished === true ? [] : self.#operators;
      },
      get ready() {
        return !parts.flow.keepsBarriers && self.#end.stage !== "finishing" && !self.#end.draining;
      },
      get finished() {
        return self.#end.stage !== "running";
      },
      stateFiles: (location) => parts.stateFiles(location),
      enter: (node) => parts.chain.enter(node),
      emit: (event) => this.#emit(event),
      control: (mail) => this.#controls.put(mail),
      wake: () => parts.wake(),
      fail: (error, node) => this.fail(error, node),
      taken: (checkpoint) => this.#end.taken(checkpoint),
      completed: (checkpointId) => this.#end.completed(checkpointId),
      aborted: (checkpointId) => this.#end.aborted(checkpointId),
    });
  }

  #makeEnd(): TaskEnd {
    const { parts, self } = { parts: this.#parts, self: this };
    return new TaskEnd({
      get operators() {
        return self.#operators;
      },
      periodic: parts.periodicCheckpoints,
      get pending() {
        return parts.flow.hasPending;
      },
      get inputEnded() {
        return self.#input.ended;
      },
      get checkpointing() {
        return self.#checkpoints.busy;
      },
      get uncommitted() {
        return self.#sinks().some((sink) => sink.uncommitted);
      },
      takeEvent: () => this.#input.takeEvent(),
      enter: (node) => parts.chain.enter(node),
      emit: (event) => this.#emit(event),
      flush: () => this.#flush(parts.clock.monotonic()),
      control: (mail) => this.#controls.put(mail),
      fail: (error, node) => this.fail(error, node),
      endOfData: () => parts.services.endOfData(),
      left: () => this.#terminate("FINISHED", undefined),
    });
  }
}

function notRunning(execution: ExecutionId): MillraceError {
  return new MillraceError("CHECKPOINT_FAILED", `task ${execution} is not running`, { retryable: true });
}
