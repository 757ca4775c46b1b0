import type { AlignerAction, CheckpointStart } from "./aligner-action.ts";

/** A checkpoint that has begun here and waits for more barriers. */
interface Pending {
  checkpoint: CheckpointStart;
  /** Channels whose barrier is in. */
  readonly arrived: Uint8Array;
  /** When the first was, monotonic ms. */
  readonly since: number;
}

/**
 * Decides when a task takes part in a checkpoint: when the barriers of all its channels are in that have not ended. A function of what
 * came, without any effect of its own: it answers what the task is to do.
 *
 * Exactly-once, a channel is blocked from its barrier until the others' are in; at-least-once, barriers are only counted. Both may be
 * underway at once (each barrier says how it is meant). A task without channels, or whose channels have all ended, is triggered
 * directly; where some have not ended yet, the trigger waits for their ends.
 *
 * Unaligned, it waits only for channels on which barriers stay in line; the others' are on their way, and what is in front of them is saved.
 * A checkpoint that began aligned turns unaligned when a barrier overtakes in front of this task, or when its time to align is over.
 *
 * Barriers come in order on each channel. So a channel that brings a newer checkpoint's will never bring an older one's: checkpoints that
 * wait for it are given up. Checkpoints start in the order of their ids, each at most once.
 */
export class BarrierAligner {
  /** In the order of their ids. */
  #pending: Pending[] = [];
  readonly #ended: Uint8Array;
  /** Channels on which barriers may overtake. */
  readonly #overtakes: Uint8Array;
  /** The newest checkpoint that each channel has said anything of. */
  readonly #reached: Float64Array;
  #open: number;
  #started = -1;
  #triggered = -1;
  /** Given up; kept as long as their barriers may still come. */
  readonly #aborted = new Set<number>();

  /** @param overtakes whether barriers may overtake on a channel; none do by default */
  constructor(channels: number, overtakes: (channel: number) => boolean = () => false) {
    this.#ended = new Uint8Array(channels);
    this.#overtakes = Uint8Array.from({ length: channels }, (_, channel) => (overtakes(channel) ? 1 : 0));
    this.#reached = new Float64Array(channels).fill(-1);
    this.#open = channels;
  }

  /** Whether a checkpoint waits for barriers. */
  get aligning(): boolean {
    return this.#pending.length > 0;
  }

  /** How many given up checkpoints are remembered; for tests. */
  get remembered(): number {
    return this.#aborted.size;
  }

  /** A barrier came on a channel. @param now monotonic ms */
  barrier(channel: number, checkpoint: CheckpointStart, now: number): readonly AlignerAction[] {
    const { checkpointId, options } = checkpoint;
    const actions = this.#pass(channel, checkpointId);
    if (this.#isOver(checkpointId)) return actions;
    const pending = this.#waitFor(checkpoint, now, actions);
    if (pending === undefined || pending.arrived[channel] === 1) return actions;
    pending.arrived[channel] = 1;
    // Where barriers stay in line, they alone tell that it is unaligned.
    if (options.alignment === "unaligned") pending.checkpoint = checkpoint;
    if (options.mode === "exactly-once") actions.push({ kind: "block", channel });
    this.#start(now, actions);
    return actions;
  }

  /**
   * The checkpoint is unaligned, or turns so. Older ones have been given up by whoever lets its barriers overtake.
   *
   * @param checkpoint with alignment "unaligned"
   */
  overtake(checkpoint: CheckpointStart, now: number): readonly AlignerAction[] {
    const actions: AlignerAction[] = [];
    for (const { checkpoint: older } of this.#pending)
      if (older.checkpointId < checkpoint.checkpointId) this.#giveUp(older.checkpointId, actions);
    if (this.#isOver(checkpoint.checkpointId)) return actions;
    const pending = this.#waitFor(checkpoint, now, actions);
    if (pending === undefined) return actions;
    pending.checkpoint = checkpoint;
    this.#start(now, actions);
    return actions;
  }

  /** A channel says that a checkpoint's barrier will not come. */
  cancelBarrier(channel: number, checkpointId: number): readonly AlignerAction[] {
    const actions = this.#pass(channel, checkpointId);
    this.#giveUp(checkpointId, actions);
    return actions;
  }

  /** A channel has come to its last event. */
  endOfChannel(channel: number, now: number): readonly AlignerAction[] {
    const actions: AlignerAction[] = [];
    if (this.#ended[channel] === 1) return actions;
    this.#ended[channel] = 1;
    this.#open--;
    this.#start(now, actions);
    this.#forget();
    return actions;
  }

  /** The JobMaster begins a checkpoint here. */
  trigger(checkpoint: CheckpointStart, now: number): readonly AlignerAction[] {
    const actions: AlignerAction[] = [];
    this.#triggered = Math.max(this.#triggered, checkpoint.checkpointId);
    if (!this.#isOver(checkpoint.checkpointId)) {
      this.#waitFor(checkpoint, now, actions);
      this.#start(now, actions);
    }
    this.#forget();
    return actions;
  }

  /** The JobMaster gives a checkpoint up. One that has started is none of the aligner's business. */
  abort(checkpointId: number): readonly AlignerAction[] {
    const actions: AlignerAction[] = [];
    this.#giveUp(checkpointId, actions);
    this.#forget();
    return actions;
  }

  #find(checkpointId: number): Pending | undefined {
    return this.#pending.find(({ checkpoint }) => checkpoint.checkpointId === checkpointId);
  }

  #isOver(checkpointId: number): boolean {
    if (checkpointId <= this.#started || this.#aborted.has(checkpointId)) return true;
    return checkpointId < this.#floor() && this.#find(checkpointId) === undefined;
  }

  /** The checkpoint as one that waits for barriers; undefined where it waits in vain. */
  #waitFor(checkpoint: CheckpointStart, now: number, actions: AlignerAction[]): Pending | undefined {
    const { checkpointId } = checkpoint;
    const known = this.#find(checkpointId);
    if (known !== undefined) return known;
    const passed = this.#reached.findIndex((id, channel) => id > checkpointId && this.#ended[channel] === 0);
    if (passed >= 0) {
      this.#decline(passed, checkpointId, this.#reached[passed] as number, actions);
      return undefined;
    }
    const pending: Pending = { checkpoint, arrived: new Uint8Array(this.#ended.length), since: now };
    const later = this.#pending.findIndex((other) => other.checkpoint.checkpointId > checkpointId);
    this.#pending.splice(later < 0 ? this.#pending.length : later, 0, pending);
    return pending;
  }

  /** A channel has come to a checkpoint: older ones that still wait for it wait in vain. */
  #pass(channel: number, checkpointId: number): AlignerAction[] {
    const actions: AlignerAction[] = [];
    if (checkpointId > (this.#reached[channel] as number)) this.#reached[channel] = checkpointId;
    for (const { checkpoint, arrived } of this.#pending) {
      if (checkpoint.checkpointId < checkpointId && arrived[channel] === 0)
        this.#decline(channel, checkpoint.checkpointId, checkpointId, actions);
    }
    this.#forget();
    return actions;
  }

  #decline(channel: number, checkpointId: number, reached: number, actions: AlignerAction[]): void {
    const reason = `channel ${channel} went on to checkpoint ${reached} without a barrier of checkpoint ${checkpointId}`;
    actions.push({ kind: "decline", checkpointId, reason });
    this.#giveUp(checkpointId, actions);
  }

  /** Those behind hear of it once. */
  #giveUp(checkpointId: number, actions: AlignerAction[]): void {
    if (this.#isOver(checkpointId)) return;
    this.#aborted.add(checkpointId);
    const pending = this.#find(checkpointId);
    if (pending !== undefined) this.#remove(pending, actions);
    actions.push({ kind: "cancel", checkpointId });
  }

  /** Starts what waits for nothing any more. */
  #start(now: number, actions: AlignerAction[]): void {
    for (const pending of this.#pending) {
      if (!this.#isComplete(pending)) continue;
      this.#remove(pending, actions);
      this.#started = pending.checkpoint.checkpointId;
      const { checkpoint, since } = pending;
      actions.push({ kind: "start", checkpoint, alignment: now - since, missing: this.#missing(pending) });
    }
  }

  #isComplete(pending: Pending): boolean {
    const missing = this.#missing(pending);
    if (missing.length === 0) return true;
    const unaligned = pending.checkpoint.options.alignment === "unaligned";
    return unaligned && missing.every((channel) => this.#overtakes[channel] === 1);
  }

  /** Channels that a barrier may still come on. */
  #missing({ arrived }: Pending): number[] {
    const missing: number[] = [];
    for (let channel = 0; channel < arrived.length; channel++)
      if (this.#ended[channel] === 0 && arrived[channel] === 0) missing.push(channel);
    return missing;
  }

  #remove(pending: Pending, actions: AlignerAction[]): void {
    // Another list: the callers walk the one before.
    this.#pending = this.#pending.filter((other) => other !== pending);
    // Only one checkpoint at a time blocks channels: what it blocks brings no other's barrier.
    const blocks = pending.checkpoint.options.mode === "exactly-once" && pending.arrived.includes(1);
    if (blocks) actions.push({ kind: "unblock" });
  }

  /** What all have passed: of older checkpoints nothing new comes. */
  #floor(): number {
    if (this.#open === 0) return this.#triggered;
    let floor = Infinity;
    for (let channel = 0; channel < this.#ended.length; channel++) {
      if (this.#ended[channel] === 0) floor = Math.min(floor, this.#reached[channel] as number);
    }
    return floor;
  }

  #forget(): void {
    if (this.#aborted.size === 0) return;
    const floor = this.#floor();
    for (const id of this.#aborted) if (id < floor || id <= this.#started) this.#aborted.delete(id);
  }
}
