import type { Clock, ClockTimer } from "../../common/clock/clock.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { unreachable } from "../../common/errors/unreachable.ts";
import type { ChannelEvent } from "../../protocol/channel-event.ts";
import type { CheckpointLocation, SnapshotMetrics, TaskSnapshot } from "../../protocol/control/snapshots.ts";
import type { AlignerAction, CheckpointStart } from "../checkpoint/barriers/aligner-action.ts";
import { BarrierAligner } from "../checkpoint/barriers/barrier-aligner.ts";
import type { ChannelPlace, PlacedWriter } from "../checkpoint/channel-state/channel-place.ts";
import { TaskInFlight } from "../checkpoint/channel-state/task-in-flight.ts";
import type { StateFiles } from "../checkpoint/storage/state-files.ts";
import type { InputGate } from "../network/input-gate.ts";
import type { Operator } from "../operators/operator.ts";
import { SourceOperator } from "../operators/source/source-operator.ts";
import { CountedFiles } from "./counted-files.ts";
import type { OperatorStores } from "./operator-stores.ts";
import { SnapshotPacer } from "./snapshot-pacer.ts";
import type { TaskServices } from "./task-services.ts";
import { PendingSnapshot, type SyncMetrics } from "./task-snapshot.ts";

/** What taking part in checkpoints needs of the task. */
export interface CheckpointHost {
  readonly clock: Clock;
  readonly subtask: number;
  readonly gate: InputGate;
  /** Of the gate's channels, in their order. */
  readonly places: readonly ChannelPlace[];
  /** Those that listen. */
  readonly outputs: readonly PlacedWriter[];
  readonly services: TaskServices;
  /** Made by now; empty in a task that was restored as finished and opens none. */
  readonly operators: readonly Operator[];
  readonly stores: readonly OperatorStores[];
  /** Whether a snapshot can be taken now: no output loop waits for room, and operators are not in the middle of finishing. */
  readonly ready: boolean;
  /** Whether all operators have finished. */
  readonly finished: boolean;
  stateFiles(location: CheckpointLocation | undefined): StateFiles;
  /** Says which operator is at work. */
  enter(node: number): void;
  /** To all tasks behind, as long as they listen. */
  emit(event: ChannelEvent): void;
  /** Does it between two records, whatever the task is at. */
  control(mail: () => void): void;
  wake(): void;
  fail(error: unknown, node?: number): void;
  /** Barrier sent, state captured. */
  taken(checkpoint: CheckpointStart): void;
  /** The checkpoint is complete, and what operators had to commit for it is committed. */
  completed(checkpointId: number): void;
  aborted(checkpointId: number): void;
}

/** A checkpoint whose barriers are in, those aside that overtake. */
interface Due {
  checkpoint: CheckpointStart;
  /** Channels whose barriers are not. */
  readonly missing: readonly number[];
  readonly alignment: number;
  readonly startDelay: number;
}

/** One whose operators are being prepared: no input, timer or mail reaches them. */
interface Preparing extends Due {
  readonly since: number;
  aborted: boolean;
}

/** One whose state is being written. */
interface Writing {
  readonly snapshot: PendingSnapshot;
  readonly pacer: SnapshotPacer;
}

/**
 * A task's part in checkpoints: aligns barriers, prepares the operators, sends the barrier on, captures the state, has it written between
 * records, and tells the JobMaster. One snapshot at a time: a checkpoint whose barriers are in waits until the one before is written
 * (and its input with it), which then gets all the time there is.
 *
 * Unaligned, the snapshot is taken as soon as the task hears of the checkpoint, whatever its channels still have in front of the barriers
 * and behind its outputs' room; an aligned one that has a time limit turns unaligned when that is over, or when a task in front says so,
 * whether its snapshot has been taken here or not.
 */
export class TaskCheckpoints {
  readonly #host: CheckpointHost;
  readonly #aligner: BarrierAligner;
  readonly #due: Due[] = [];
  /** Notifications that came while operators were prepared. */
  readonly #later: (() => void)[] = [];
  /** Savepoints in the middle of the run: nothing is committed for them. */
  readonly #savepoints = new Set<number>();
  readonly #inFlight: TaskInFlight;
  #preparing: Preparing | undefined;
  #writing: Writing | undefined;
  /** The newest checkpoint with a time limit to its alignment. */
  #limited = -1;
  #limit: ClockTimer | undefined;

  constructor(host: CheckpointHost) {
    this.#host = host;
    const { channels } = host.gate;
    this.#inFlight = new TaskInFlight({
      channels,
      inputs: host.places,
      get outputs() {
        return host.outputs;
      },
    });
    this.#aligner = new BarrierAligner(channels.length, (channel) => this.#inFlight.overtakes(channel));
    for (const channel of channels)
      channel.onOvertaken = (barrier) => host.control(() => this.overtake(barrier));
  }

  /** Whether operators are being prepared, and must be left alone. */
  get preparing(): boolean {
    return this.#preparing !== undefined;
  }

  /** Whether a checkpoint waits for its snapshot, or is in it. */
  get starting(): boolean {
    return this.#preparing !== undefined || this.#due.length > 0;
  }

  /** Whether no record may be taken from channels: what they bring belongs behind the barrier. */
  get holdsInput(): boolean {
    if (this.#preparing !== undefined) return true;
    return (
      this.#due.length > 0 && this.#due.some(({ checkpoint }) => checkpoint.options.mode === "exactly-once")
    );
  }

  /** Whether state is being written: by this task, which waits for nobody else. */
  get writing(): boolean {
    return this.#writing?.snapshot.waits === false;
  }

  /** Whether a checkpoint is underway here. */
  get busy(): boolean {
    return this.starting || this.#writing !== undefined || this.#aligner.aligning;
  }

  barrier(channel: number, checkpoint: CheckpointStart): void {
    this.#limitAlignment(checkpoint);
    this.#apply(this.#aligner.barrier(channel, checkpoint, this.#host.clock.monotonic()));
  }

  cancelBarrier(channel: number, checkpointId: number): void {
    this.#apply(this.#aligner.cancelBarrier(channel, checkpointId));
  }

  endOfChannel(channel: number): void {
    this.#apply(this.#aligner.endOfChannel(channel, this.#host.clock.monotonic()));
  }

  trigger(checkpoint: CheckpointStart): void {
    this.#limitAlignment(checkpoint);
    this.#apply(this.#aligner.trigger(checkpoint, this.#host.clock.monotonic()));
  }

  /** The checkpoint is unaligned from now on: a barrier overtakes in front of this task, or its time to align is over. */
  overtake({ checkpointId, timestamp, options }: CheckpointStart): void {
    const checkpoint: CheckpointStart = {
      checkpointId,
      timestamp,
      options: { ...options, alignment: "unaligned", alignmentTimeout: undefined },
    };
    const here = [...this.#due, ...(this.#preparing === undefined ? [] : [this.#preparing])];
    const due = here.find((other) => other.checkpoint.checkpointId === checkpointId);
    if (due !== undefined) due.checkpoint = checkpoint;
    else if (this.#inFlight.hasTaken(checkpointId)) this.#inFlight.turn({ kind: "barrier", ...checkpoint });
    else this.#apply(this.#aligner.overtake(checkpoint, this.#host.clock.monotonic()));
  }

  /** The JobMaster gives a checkpoint up. */
  abort(checkpointId: number): void {
    this.#apply(this.#aligner.abort(checkpointId));
    const due = this.#due.findIndex(({ checkpoint }) => checkpoint.checkpointId === checkpointId);
    if (due >= 0) {
      this.#due.splice(due, 1);
      this.#host.emit({ kind: "cancelBarrier", checkpointId });
    }
    if (this.#preparing?.checkpoint.checkpointId === checkpointId) this.#preparing.aborted = true;
    if (this.#writing?.snapshot.checkpoint.checkpointId === checkpointId) this.#stopWriting();
    this.#inFlight.forget(checkpointId);
    this.#endLimit(checkpointId);
    this.#savepoints.delete(checkpointId);
    this.#notify(() => this.#aborted(checkpointId));
    this.#host.wake();
  }

  /** The checkpoint is recorded. */
  complete(checkpointId: number): void {
    this.#inFlight.forget(checkpointId);
    this.#endLimit(checkpointId);
    if (this.#savepoints.delete(checkpointId)) return;
    this.#notify(() => this.#completed(checkpointId));
  }

  /** Begins with what is due, where that is possible now. */
  step(): void {
    if (this.#due.length === 0 || this.#preparing !== undefined || this.#writing !== undefined) return;
    if (!this.#host.ready) return;
    const due = this.#due.shift() as Due;
    const preparing = { ...due, since: this.#host.clock.monotonic(), aborted: false };
    this.#preparing = preparing;
    this.#prepare(preparing, 0);
  }

  /** For the task, at the end of its slice. @param busy whether it has more to do at once */
  grant(busy: boolean): void {
    this.#writing?.pacer.grant(busy);
    this.#inFlight.settle();
  }

  /** The task ends. */
  close(): void {
    this.#due.length = 0;
    this.#later.length = 0;
    this.#limit?.cancel();
    this.#stopWriting();
  }

  /** An aligned checkpoint turns unaligned when its time is over. Counted from its beginning, by the machines' clocks. */
  #limitAlignment({ checkpointId, timestamp, options }: CheckpointStart): void {
    const { alignment, alignmentTimeout: timeout } = options;
    if (alignment === "unaligned" || timeout === undefined || checkpointId <= this.#limited) return;
    this.#limited = checkpointId;
    this.#limit?.cancel();
    if (timeout === Infinity) return;
    const { clock } = this.#host;
    const left = Math.min(timeout, Math.max(0, timestamp + timeout - clock.now()));
    this.#limit = clock.schedule(left, () =>
      this.#host.control(() => this.overtake({ checkpointId, timestamp, options })),
    );
  }

  #endLimit(checkpointId: number): void {
    if (checkpointId >= this.#limited) this.#limit?.cancel();
  }

  #apply(actions: readonly AlignerAction[]): void {
    const { gate, services, clock } = this.#host;
    for (const action of actions) {
      switch (action.kind) {
        case "block":
          gate.block(gate.channels[action.channel]!);
          break;
        case "unblock":
          gate.unblockAll();
          break;
        case "start": {
          const { checkpoint, alignment, missing } = action;
          // By two machines' clocks.
          const startDelay = Math.max(0, clock.now() - alignment - checkpoint.timestamp);
          this.#due.push({ checkpoint, missing, alignment, startDelay });
          this.#host.wake();
          break;
        }
        case "decline":
          services.declineCheckpoint(
            action.checkpointId,
            new MillraceError("CHECKPOINT_FAILED", action.reason, { retryable: true }),
          );
          break;
        case "cancel":
          this.#host.emit({ kind: "cancelBarrier", checkpointId: action.checkpointId });
          break;
        default:
          unreachable(action, "aligner action");
      }
    }
  }

  /** Prepares the operators from `first` on; those that take time answer promises. */
  #prepare(preparing: Preparing, first: number): void {
    const { operators } = this.#host;
    const { checkpointId, options } = preparing.checkpoint;
    for (let node = first; node < operators.length; node++) {
      this.#host.enter(node);
      const prepared = operators[node]?.prepareSnapshot?.(checkpointId, options.snapshot !== "checkpoint");
      if (!(prepared instanceof Promise)) continue;
      prepared.then(
        () => this.#host.control(() => this.#prepare(preparing, node + 1)),
        (error: unknown) => this.#host.control(() => this.#host.fail(error, node)),
      );
      return;
    }
    this.#take(preparing);
  }

  #take(preparing: Preparing): void {
    const { checkpoint, missing, alignment, startDelay, since, aborted } = preparing;
    this.#preparing = undefined;
    if (aborted) this.#host.emit({ kind: "cancelBarrier", checkpointId: checkpoint.checkpointId });
    else {
      this.#capture(checkpoint, missing, (now) => ({ alignment, startDelay, sync: now - since }));
      this.#host.taken(checkpoint);
    }
    for (const notification of this.#later.splice(0)) notification();
    this.#host.wake();
  }

  /** Sends the barrier, and takes the state of that moment. */
  #capture(
    checkpoint: CheckpointStart,
    missing: readonly number[],
    metrics: (now: number) => SyncMetrics,
  ): void {
    const { clock, subtask, operators, stores, finished } = this.#host;
    const { checkpointId, options } = checkpoint;
    if (options.snapshot === "savepoint") this.#savepoints.add(checkpointId);
    const files = new CountedFiles(this.#host.stateFiles(options.location));
    const inFlight = this.#inFlight.take(checkpoint, missing, files);
    let snapshot: PendingSnapshot;
    try {
      const [head] = operators;
      snapshot = new PendingSnapshot({
        checkpoint,
        stores,
        files,
        inFlight,
        subtask,
        finished,
        splits: head instanceof SourceOperator ? head.snapshotSplits(checkpointId) : undefined,
        clock,
      });
    } catch (error) {
      this.#inFlight.abort();
      this.#failed(checkpointId, error);
      return;
    }
    const writing = { snapshot, pacer: new SnapshotPacer(clock, () => this.#host.wake()) };
    this.#writing = writing;
    snapshot.write(writing.pacer, metrics(clock.monotonic())).then(
      (done) => this.#host.control(() => this.#written(writing, done)),
      (error: unknown) => this.#host.control(() => this.#notWritten(writing, error)),
    );
  }

  #written(
    writing: Writing,
    { snapshot, metrics }: { readonly snapshot: TaskSnapshot; readonly metrics: SnapshotMetrics },
  ): void {
    if (this.#writing !== writing) return;
    this.#writing = undefined;
    this.#host.services.acknowledgeCheckpoint(writing.snapshot.checkpoint.checkpointId, snapshot, metrics);
  }

  #notWritten(writing: Writing, error: unknown): void {
    // Given up by the JobMaster, which knows.
    if (this.#writing !== writing) return;
    this.#stopWriting();
    this.#failed(writing.snapshot.checkpoint.checkpointId, error);
  }

  /** The task lives on without this checkpoint. */
  #failed(checkpointId: number, error: unknown): void {
    const { services, stores } = this.#host;
    for (const each of stores) each.checkpointAborted(checkpointId);
    const text = error instanceof Error ? error.message : String(error);
    services.declineCheckpoint(
      checkpointId,
      new MillraceError("CHECKPOINT_FAILED", `state could not be written: ${text}`, {
        cause: error,
        retryable: true,
        ...(MillraceError.is(error) && error.help !== undefined ? { help: error.help } : {}),
      }),
    );
  }

  #stopWriting(): void {
    const writing = this.#writing;
    this.#writing = undefined;
    if (writing === undefined) return;
    this.#inFlight.abort();
    writing.snapshot.abort();
    writing.pacer.abort();
  }

  /** Operators hear of checkpoints between two records, and not while they are prepared for one. */
  #notify(notification: () => void): void {
    if (this.#preparing === undefined) notification();
    else this.#later.push(notification);
  }

  #completed(checkpointId: number): void {
    const { operators, stores } = this.#host;
    for (const each of stores) each.checkpointComplete(checkpointId);
    for (const older of this.#savepoints) if (older < checkpointId) this.#savepoints.delete(older);
    const underway: Promise<void>[] = [];
    for (const [node, operator] of operators.entries()) {
      this.#host.enter(node);
      const told = operator.notifyCheckpointComplete?.(checkpointId);
      if (!(told instanceof Promise)) continue;
      underway.push(told);
      told.catch((error: unknown) => this.#host.control(() => this.#host.fail(error, node)));
    }
    if (underway.length === 0) return this.#host.completed(checkpointId);
    Promise.all(underway).then(
      () => this.#host.control(() => this.#host.completed(checkpointId)),
      // Told above, with the operator that it came from.
      () => {},
    );
  }

  #aborted(checkpointId: number): void {
    const { operators, stores } = this.#host;
    for (const each of stores) each.checkpointAborted(checkpointId);
    for (const [node, operator] of operators.entries()) {
      this.#host.enter(node);
      operator.notifyCheckpointAborted?.(checkpointId);
    }
    this.#host.aborted(checkpointId);
  }
}
