import type { CommitResult, Sink, SinkWriter } from "../../../common/connector/sink.ts";

/** Some records that become visible together. */
export interface Batch {
  readonly id: number;
  readonly records: readonly unknown[];
}

/** What the writer goes on from. */
interface WriterState {
  readonly next: number;
}

/**
 * A sink with two phases whose outside is an object in memory: what was written is visible once its batch is committed, once, however
 * often it is committed. The outside survives its tasks.
 */
export class TwoPhaseSink implements Sink<unknown, Batch, WriterState> {
  readonly name = "two-phase sink";
  readonly guarantee = "exactly-once";
  /** Commits in the order in which they came, repeated ones included. */
  readonly commits: number[][] = [];
  /** States that writers were made from. */
  readonly restored: (readonly WriterState[])[] = [];
  /** Arguments of the writers' flushes. */
  readonly flushes: { readonly endOfInput: boolean; readonly savepoint: boolean | undefined }[] = [];
  /** Writers made so far. */
  writers = 0;
  /** What flushing waits for. */
  flushing: Promise<void> | undefined;
  /** What committing waits for. */
  committing: Promise<void> | undefined;
  /** What closing a writer waits for. */
  closing: Promise<void> | undefined;
  /** What the next commits answer instead of committing. */
  readonly refusals: (CommitResult | Error)[] = [];
  readonly #visible = new Map<number, Batch>();

  /** Everything visible, in order of the batches. */
  get visible(): unknown[] {
    return [...this.#visible.values()].sort((a, b) => a.id - b.id).flatMap(({ records }) => records);
  }

  createWriter(_: unknown, restored: readonly WriterState[]): SinkWriter<unknown, Batch, WriterState> {
    this.writers++;
    this.restored.push(restored);
    let next = restored.reduce((max, state) => Math.max(max, state.next), 1000 * this.writers);
    let records: unknown[] = [];
    return {
      ready: true,
      write: (value) => void records.push(value),
      flush: (endOfInput, savepoint) => {
        this.flushes.push({ endOfInput, savepoint });
        return this.flushing;
      },
      prepareCommit: () => {
        if (records.length === 0) return [];
        const batch: Batch = { id: next++, records };
        records = [];
        return [batch];
      },
      snapshotState: () => [{ next }],
      close: () => this.closing,
    };
  }

  createCommitter(): { commit(batches: readonly Batch[]): Promise<CommitResult[]>; close(): void } {
    return {
      commit: async (batches) => {
        await this.committing;
        this.commits.push(batches.map(({ id }) => id));
        return batches.map((batch): CommitResult => {
          const refusal = this.refusals.shift();
          if (refusal instanceof Error) throw refusal;
          if (refusal !== undefined) return refusal;
          this.#visible.set(batch.id, batch);
          return { kind: "committed" };
        });
      },
      close() {},
    };
  }
}
