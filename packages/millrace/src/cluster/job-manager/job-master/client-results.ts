import type { ExecutionId } from "../../../common/ids/ids.ts";

/** A batch of records that a collect sink sent to the client. */
export interface ResultBatch {
  readonly channel: string;
  readonly batch: Uint8Array;
  readonly count: number;
  /** To be called when the records have been consumed: lets the sink send more. */
  taken(): void;
}

/**
 * Results on their way from collect sinks to the client. Batches that come before the client listens are kept (sinks stop by
 * themselves when their credit is used up, so they are few).
 */
export class ClientResults {
  readonly #listeners = new Map<string, (batch: ResultBatch) => void>();
  readonly #early = new Map<string, ResultBatch[]>();
  readonly #taken = new Map<ExecutionId, number>();
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

  deliver(execution: ExecutionId, channel: string, batch: Uint8Array, count: number): void {
    const taken = (): void => {
      const total = (this.#taken.get(execution) ?? 0) + count;
      this.#taken.set(execution, total);
      this.#acknowledge(execution, total);
    };
    const result: ResultBatch = { channel, batch, count, taken };
    const listener = this.#listeners.get(channel);
    if (listener !== undefined) listener(result);
    else this.#early.set(channel, [...(this.#early.get(channel) ?? []), result]);
  }
}
