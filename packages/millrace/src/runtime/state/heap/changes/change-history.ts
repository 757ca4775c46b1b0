import type { StateBytes } from "../../../../protocol/control/snapshots.ts";
import { mayAppend, type ChainPolicy, type ChainSize } from "./chain-policy.ts";
import { NO_DELTA, removalsOf, rowsOf, uniteDeltas, type StoreDelta } from "./store-delta.ts";
import type { ChangeTracking } from "./tracking.ts";

/** A confirmed checkpoint that incremental ones build on: a full part, then changes. */
export interface Chain {
  readonly parts: readonly StateBytes[];
  readonly size: ChainSize;
  /** By key group, from the first. */
  readonly watermarks: Float64Array;
  /** Where the last part is small: the chain without it, and what it was made of. */
  readonly tail?: ChainBase;
}

/** What a part of changes is appended to, and the changes. */
export interface ChainBase {
  readonly chain: Chain;
  readonly delta: StoreDelta;
}

/** What a snapshot is to write. */
export interface SnapshotPlan {
  /** Changes against this; undefined for everything there is. */
  readonly base: ChainBase | undefined;
  /**
   * The snapshot was written, as this part; undefined: there was nothing to be written. Answers the chain that the part makes with what
   * it builds on.
   */
  written(part: StateBytes | undefined): Chain | undefined;
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
  /** By key group, from the first. */
  readonly watermarks: Float64Array;
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
  readonly #policy: ChainPolicy;
  #base: Chain | undefined;
  /** Since the base, in their order. */
  #steps: Step[] = [];

  constructor(tracking: ChangeTracking, policy: ChainPolicy) {
    this.#tracking = tracking;
    this.#policy = policy;
  }

  begin(beginning: SnapshotBeginning): SnapshotPlan {
    const { checkpointId, canonical, incremental, entries, watermarks } = beginning;
    if (!this.#tracking.on) this.#forget();
    // What was remembered before is of no use.
    const delta = this.#tracking.on ? beginning.delta : NO_DELTA;
    if (canonical) {
      this.#add({ delta, checkpointId: undefined, full: true, chain: undefined });
      return {
        base: undefined,
        written: (part) => this.#chain(undefined, part, watermarks),
        aborted() {},
      };
    }
    const base = incremental ? this.#baseFor(delta, beginning) : undefined;
    const step: Step = { delta, checkpointId, full: base === undefined, chain: undefined };
    this.#add(step);
    if (incremental) this.#tracking.begin(entries, this.#remembered());
    return {
      base,
      written: (part) => (step.chain = this.#chain(base, part, watermarks)),
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

  #baseFor(delta: StoreDelta, { entries, watermarks }: SnapshotBeginning): ChainBase | undefined {
    const last = this.#base;
    if (last === undefined) return undefined;
    // When a full one is confirmed first, the files of the base go.
    if (this.#steps.some(({ full, checkpointId }) => full && checkpointId !== undefined)) return undefined;
    const news = uniteDeltas([...this.#steps.map((step) => step.delta), delta]);
    if (rowsOf(news) === 0 && watermarks.every((each, i) => each === last.watermarks[i]))
      return { chain: last, delta: NO_DELTA };
    const { tail } = last;
    const chain = tail === undefined ? last : tail.chain;
    const since = tail === undefined ? news : uniteDeltas([tail.delta, news]);
    return mayAppend(this.#policy, chain.size, rowsOf(since), entries) ? { chain, delta: since } : undefined;
  }

  #chain(
    base: ChainBase | undefined,
    part: StateBytes | undefined,
    watermarks: Float64Array,
  ): Chain | undefined {
    if (part === undefined) return base?.chain;
    const length = part.kind === "inline" ? part.bytes.length : part.length;
    if (base === undefined)
      return { parts: [part], size: { full: length, changes: 0, length: 0 }, watermarks };
    const { parts, size } = base.chain;
    return {
      parts: [...parts, part],
      size: { full: size.full, changes: size.changes + length, length: size.length + 1 },
      watermarks,
      ...(length < this.#policy.smallestPart ? { tail: base } : {}),
    };
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
