import { unreachable } from "../../common/errors/unreachable.ts";
import type { ChannelEvent } from "../../protocol/channel-event.ts";
import type { CheckpointStart } from "../checkpoint/barriers/aligner-action.ts";
import type { Operator } from "../operators/operator.ts";

/** What ending needs of the task. */
export interface EndHost {
  /** Made by now. */
  readonly operators: readonly Operator[];
  /** Whether checkpoints are taken periodically: then one of them must cover the task's end. */
  readonly periodic: boolean;
  /** Whether output loops wait for room. */
  readonly pending: boolean;
  /** Whether all channels have come to their last event. */
  readonly inputEnded: boolean;
  /** Whether a checkpoint is underway here. */
  readonly checkpointing: boolean;
  /** Whether sinks have something that must still be committed. */
  readonly uncommitted: boolean;
  /** Takes an event from a channel; whether there was one. */
  takeEvent(): boolean;
  /** Says which operator is at work. */
  enter(node: number): void;
  /** To all tasks behind. */
  emit(event: ChannelEvent): void;
  /** Sends what is left; whether that was all. */
  flush(): boolean;
  /** Does it between two records. */
  control(mail: () => void): void;
  fail(error: unknown, node: number): void;
  /** Tells the JobMaster that the task only waits. */
  endOfData(): void;
  /** Nothing is left to do. */
  left(): void;
}

/**
 * A task's way to its end.
 *
 * *running*; *finishing*: its data has ended, its operators finish one after the other; *ended*: they have, and the tasks behind know. It
 * stays until what it wrote is committed, and until the tasks in front have left: with periodic checkpoints until one is complete
 * that it took part in after its end, otherwise until the JobMaster says so, if there is anything to commit. *left*: told the tasks behind;
 * over when all of it is sent.
 *
 * A job that is stopped with a savepoint and not drained finishes nothing: its tasks are suspended between savepoint and completion (or
 * go on when it is given up), then ended.
 */
export class TaskEnd {
  stage: "running" | "finishing" | "ended" | "left" = "running";
  readonly #host: EndHost;
  /** Operators before it have finished; one that is at it counts. */
  #next = 0;
  #awaiting = false;
  /** Whether nothing that was written needs to be committed any more. */
  #committed = false;
  #reported = false;
  /** The first checkpoint taken after the end. */
  #covered: number | undefined;
  /** The savepoint that is to end the job. */
  #stop: number | undefined;
  #suspended = false;

  constructor(host: EndHost) {
    this.#host = host;
  }

  /** Whether the task must not do anything until a savepoint is complete. */
  get suspended(): boolean {
    return this.#suspended;
  }

  /** Whether a source is to end for the sake of a savepoint. */
  get draining(): boolean {
    return this.#stop !== undefined && this.stage === "running" && !this.#suspended;
  }

  /** Whether operator `node` has nothing more to say. */
  hasFinished(node: number): boolean {
    return node < this.#next - (this.#awaiting ? 1 : 0);
  }

  /** All data has come. `drained`: with the final watermark. */
  dataEnded(drained: boolean): void {
    if (this.stage !== "running") return;
    if (drained) this.stage = "finishing";
    else this.#end(false);
  }

  /** A source is to end its data before this savepoint. */
  drainFor(checkpointId: number): void {
    if (this.stage === "running") this.#stop = checkpointId;
  }

  /** A restored task whose subtasks had all finished: its data has ended long ago, and is committed. */
  resumeEnded(): void {
    this.#committed = true;
    this.#end(true);
  }

  /** A snapshot was taken. */
  taken({ checkpointId, options }: CheckpointStart): void {
    if (this.stage !== "running") {
      if (options.snapshot !== "savepoint") this.#covered ??= checkpointId;
    } else if (options.snapshot === "terminateSavepoint") {
      this.#stop = checkpointId;
      this.#suspended = true;
    }
  }

  /** A checkpoint is complete and committed. */
  completed(checkpointId: number): void {
    if (this.#covered !== undefined && checkpointId >= this.#covered) this.#committed = true;
    if (this.#stop !== checkpointId) return;
    this.#stop = undefined;
    if (!this.#suspended) return;
    this.#suspended = false;
    this.#committed = true;
    this.#end(false);
  }

  /** A checkpoint was given up: who was suspended for it goes on. */
  aborted(checkpointId: number): void {
    if (this.#stop !== checkpointId) return;
    this.#stop = undefined;
    this.#suspended = false;
  }

  /** The JobMaster had the sinks commit. */
  committed(): void {
    if (this.stage === "ended") this.#committed = true;
  }

  /** One step of a task that is not running any more. Whether there may be another. */
  step(): boolean {
    switch (this.stage) {
      case "running":
        return false;
      case "finishing":
        return this.#finish();
      case "ended":
        return this.#host.takeEvent() || this.#leave();
      case "left":
        if (this.#host.checkpointing || !this.#host.flush()) return false;
        this.#host.left();
        return true;
      default:
        return unreachable(this.stage, "stage");
    }
  }

  /** Finishes the operators one after the other. */
  #finish(): boolean {
    const { operators, pending } = this.#host;
    if (this.#awaiting || pending) return false;
    const node = this.#next++;
    const operator = operators[node];
    if (operator === undefined) {
      this.#end(true);
      return true;
    }
    this.#host.enter(node);
    if (node > 0) operator.endInput?.(0);
    const done = operator.finish?.();
    if (done instanceof Promise) {
      this.#awaiting = true;
      done.then(
        () => this.#host.control(() => (this.#awaiting = false)),
        (error: unknown) => this.#host.control(() => this.#host.fail(error, node)),
      );
    }
    return true;
  }

  #end(drained: boolean): void {
    const { operators, periodic } = this.#host;
    this.stage = "ended";
    this.#next = operators.length;
    this.#host.emit({ kind: "endOfData", drained });
    if (!this.#committed && !periodic) this.#committed = !this.#host.uncommitted;
    if (!this.#committed && periodic) this.#report();
  }

  /** Leaves, if nothing keeps it. */
  #leave(): boolean {
    const { inputEnded, checkpointing } = this.#host;
    if (checkpointing || this.#stop !== undefined) return false;
    if (!this.#committed || !inputEnded) {
      this.#report();
      return false;
    }
    this.#host.emit({ kind: "endOfPartition" });
    this.stage = "left";
    return true;
  }

  #report(): void {
    if (this.#reported) return;
    this.#reported = true;
    this.#host.endOfData();
  }
}
