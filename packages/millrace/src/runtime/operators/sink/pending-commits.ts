import type { ListState, ListStateDescriptor } from "../../../common/state/state.ts";

/** A committable and the checkpoint whose completion it waits for, as it stands in snapshots. */
interface PendingCommit {
  readonly checkpointId: number;
  readonly committable: unknown;
}

/** Where what a writer prepared waits for its checkpoint to be complete. It is state: what was not committed is committed after a restore. */
export class PendingCommits {
  readonly #state: ListState<PendingCommit>;
  #entries: readonly PendingCommit[];

  /** @param state of the sink's operator, restored */
  constructor(state: ListState<PendingCommit>) {
    this.#state = state;
    this.#entries = [...state.get()];
  }

  get size(): number {
    return this.#entries.length;
  }

  add(checkpointId: number, committables: readonly unknown[]): void {
    this.#entries = [
      ...this.#entries,
      ...committables.map((committable): PendingCommit => ({ checkpointId, committable })),
    ];
  }

  /** Those of all checkpoints up to and including one, in the order prepared. */
  upTo(checkpointId: number): readonly PendingCommit[] {
    return this.#entries.filter((entry) => entry.checkpointId <= checkpointId);
  }

  /** They are committed. */
  remove(committed: ReadonlySet<PendingCommit>): void {
    this.#entries = this.#entries.filter((entry) => !committed.has(entry));
  }

  /** Brings the state up to date. */
  store(): void {
    this.#state.update(this.#entries);
  }
}

/** Committables are plain data of the sink's own: they describe themselves. */
export const PENDING_COMMITS: ListStateDescriptor<PendingCommit> = {
  "~millrace": "state",
  kind: "list",
  type: undefined,
};
