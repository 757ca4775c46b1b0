import type { StateBytes } from "../../../../protocol/control/snapshots.ts";
import { mayAppend, type ChainSize } from "./chain-policy.ts";
import { NO_DELTA, removalsOf, rowsOf, uniteDeltas, type StoreDelta } from "./store-delta.ts";
import type { ChangeTracking } from "./tracking.ts";

/** A confirmed checkpoint that incremental ones build on: a full part, then changes. */
export interface Chain {
  readonly parts: readonly StateBytes[];
  readonly size: ChainSize;
  /** By key group, from the first. */
  readonly watermarks: Float64Array;
}

/** What a snapshot is to write. */
export interface SnapshotPlan {
  /** Changes against this; undefined for everything there is. */
  readonly base: { readonly chain: Chain; readonly delta: StoreDelta } | undefined;
  /** The snapshot was written, as these parts; undefined: there was nothing. */
  written(chain: Chain | undefined): void;
  /** It was given up. */
  aborted(): void;
}

/** What the store says of a snapshot that begins. */
export interface SnapshotBeginning {
  readonly checkpointId: number;
  readonly canonical: boolean;
  readonly incremental: boolean;
  /** What has changed since the snapshot before. */
  readonly delta: StoreDelta;
  /** Entries that the store holds. */
  readonly entries: number;
}

/** A snapshot since the base, and what had changed when it began. */
interface Step {
  delta: StoreDelta;
  /** undefined: nothing will build on it, but its changes count still. */
  checkpointId: number | undefined;
  readonly full: boolean;
  chain: Chain | undefined;
}

/**
 * Decides what incremental checkpoints write: what has changed since the last *confirmed* one (correctness rule 11). Changes of a checkpoint that
 * was given up belong to the next; savepoints change nothing.
 */
export class ChangeHistory {
  readonly #tracking: ChangeTracking;
  #base: Chain | undefined;
  /** Since the base, in their order. */
  #steps: Step[] = [];

  constructor(tracking: ChangeTracking) {
    this.#tracking = tracking;
  }

  begin(beginning: SnapshotBeginning): SnapshotPlan {
    const { checkpointId, canonical, incremental, entries } = beginning;
    if (!this.#tracking.on) this.#forget();
    // What was remembered before is of no use.
    const delta = this.#tracking.on ? beginning.delta : NO_DELTA;
    if (canonical) {
      this.#add({ delta, checkpointId: undefined, full: true, chain: undefined });
      return { base: undefined, written() {}, aborted() {} };
    }
    const base = incremental ? this.#baseFor(delta, entries) : undefined;
    const step: Step = { delta, checkpointId, full: base === undefined, chain: undefined };
    this.#add(step);
    if (incremental) this.#tracking.begin(entries, this.#remembered());
    return {
      base,
      written: (chain) => void (step.chain = chain),
      aborted: () => this.#abort(step),
    };
  }

  complete(checkpointId: number): void {
    const at = this.#steps.findIndex((step) => step.checkpointId === checkpointId);
    if (at < 0) return;
    this.#base = this.#steps[at]!.chain;
    this.#steps.splice(0, at + 1);
  }

  abort(checkpointId: number): void {
    const step = this.#steps.find((each) => each.checkpointId === checkpointId);
    if (step !== undefined) this.#abort(step);
  }

  #baseFor(delta: StoreDelta, entries: number): SnapshotPlan["base"] {
    const chain = this.#base;
    if (chain === undefined) return undefined;
    // When a full one is confirmed first, the files of the base go.
    if (this.#steps.some(({ full, checkpointId }) => full && checkpointId !== undefined)) return undefined;
    const since = uniteDeltas([...this.#steps.map((step) => step.delta), delta]);
    return mayAppend(chain.size, rowsOf(since), entries) ? { chain, delta: since } : undefined;
  }

  #add(step: Step): void {
    const last = this.#steps.at(-1);
    if (last !== undefined && last.checkpointId === undefined) {
      this.#steps.pop();
      step.delta = uniteDeltas([last.delta, step.delta]);
    }
    // Without anything to build on, nobody will ask what changed before this.
    if (this.#base === undefined && this.#steps.length === 0) {
      if (step.checkpointId === undefined) return;
      step.delta = NO_DELTA;
    }
    this.#steps.push(step);
  }

  #remembered(): number {
    return this.#steps.reduce((sum, { delta }) => sum + removalsOf(delta), 0);
  }

  #abort(step: Step): void {
    step.checkpointId = undefined;
    step.chain = undefined;
  }

  #forget(): void {
    this.#base = undefined;
    this.#steps = [];
  }
}
