import { checkpointOfMark } from "../../../common/connector/collect-mark.ts";
import type { ExecutionId } from "../../../common/ids/ids.ts";

/** A batch of records that a collect sink sent to the client. */
export interface ResultBatch {
  readonly channel: string;
  readonly batch: Uint8Array;
  readonly count: number;
  /** To be called when the records have been consumed: lets the sink send more. */
  taken(): void;
}

/** Records that may be given to the client and that it has not taken, up to which sinks may send more. */
const MAX_BACKLOG = 5000;

/** Batches of one execution that belong to one checkpoint, or to none yet. */
interface Segment {
  upTo: number | undefined;
  readonly batches: HeldBatch[];
}

type HeldBatch = Pick<ResultBatch, "channel" | "batch" | "count">;

/**
 * Results on their way from collect sinks to the client. Batches that come before the client listens are kept (sinks stop by
 * themselves when their credit is used up, so they are few).
 *
 * Where the job takes checkpoints, batches are held until a completed one covers them, so that the client sees each record once: what a
 * failed attempt sent after the checkpoint is thrown away, and sent again. What is held counts as taken, or the barrier would never
 * reach the sink; it is as much as comes between two checkpoints.
 */
export class ClientResults {
  /** Whether batches wait for checkpoints. To be set before the first one comes. */
  holding = false;
  readonly #listeners = new Map<string, (batch: ResultBatch) => void>();
  readonly #early = new Map<string, ResultBatch[]>();
  readonly #taken = new Map<ExecutionId, number>();
  readonly #held = new Map<ExecutionId, Segment[]>();
  /** By channel: records that the client may take, and credits that wait until it has. */
  readonly #backlogs = new Map<string, { count: number; readonly credits: (() => void)[] }>();
  readonly #acknowledge: (execution: ExecutionId, count: number) => void;

  /** @param acknowledge tells a sink how many of its records were taken, in all */
  constructor(acknowledge: (execution: ExecutionId, count: number) => void) {
    this.#acknowledge = acknowledge;
  }

  listen(channel: string, listener: (batch: ResultBatch) => void): void {
    this.#listeners.set(channel, listener);
    const early = this.#early.get(channel) ?? [];
    this.#early.delete(channel);
    for (const batch of early) listener(batch);
  }

  /** A batch, or a mark, of a sink. */
  deliver(execution: ExecutionId, channel: string, batch: Uint8Array, count: number): void {
    if (!this.holding) {
      if (count > 0) this.#give({ channel, batch, count, taken: () => this.#credit(execution, count) });
    } else if (count === 0) this.mark(execution, checkpointOfMark(batch));
    else {
      this.#open(execution).batches.push({ channel, batch, count });
      const backlog = this.#backlog(channel);
      if (backlog.count < MAX_BACKLOG) this.#credit(execution, count);
      else backlog.credits.push(() => this.#credit(execution, count));
    }
  }

  /** What an execution has sent by now belongs to a checkpoint. */
  mark(execution: ExecutionId, checkpointId: number): void {
    if (this.holding) this.#open(execution).upTo = checkpointId;
  }

  /** A checkpoint is complete: what belongs to it, or to an earlier one, is the client's. */
  completed(checkpointId: number): void {
    for (const [execution, segments] of this.#held) {
      const rest = segments.filter(({ upTo }) => upTo === undefined || upTo > checkpointId);
      for (const { batches } of segments.slice(0, segments.length - rest.length))
        for (const held of batches) this.#release(held);
      this.#held.set(execution, rest);
    }
  }

  /** The job has finished: nothing will come again. */
  finished(): void {
    for (const segments of this.#held.values())
      for (const { batches } of segments) for (const held of batches) this.#release(held);
    this.#held.clear();
  }

  /** What these executions sent since the last completed checkpoint will come again. */
  dropped(executions: readonly ExecutionId[]): void {
    for (const execution of executions) this.#held.delete(execution);
  }

  #release(held: HeldBatch): void {
    const backlog = this.#backlog(held.channel);
    backlog.count += held.count;
    const taken = (): void => {
      backlog.count -= held.count;
      if (backlog.count < MAX_BACKLOG) for (const credit of backlog.credits.splice(0)) credit();
    };
    this.#give({ ...held, taken });
  }

  #give(result: ResultBatch): void {
    const { channel } = result;
    const listener = this.#listeners.get(channel);
    if (listener !== undefined) listener(result);
    else this.#early.set(channel, [...(this.#early.get(channel) ?? []), result]);
  }

  #credit(execution: ExecutionId, count: number): void {
    const total = (this.#taken.get(execution) ?? 0) + count;
    this.#taken.set(execution, total);
    this.#acknowledge(execution, total);
  }

  /** The segment that belongs to no checkpoint yet. */
  #open(execution: ExecutionId): Segment {
    const segments = this.#held.get(execution) ?? [];
    this.#held.set(execution, segments);
    let last = segments.at(-1);
    if (last === undefined || last.upTo !== undefined)
      segments.push((last = { upTo: undefined, batches: [] }));
    return last;
  }

  #backlog(channel: string): { count: number; readonly credits: (() => void)[] } {
    const backlog = this.#backlogs.get(channel) ?? { count: 0, credits: [] };
    this.#backlogs.set(channel, backlog);
    return backlog;
  }
}
