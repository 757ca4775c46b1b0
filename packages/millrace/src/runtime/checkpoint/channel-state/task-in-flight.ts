import type { Barrier } from "../../../protocol/channel-event.ts";
import type { InputChannel } from "../../network/channel.ts";
import type { CheckpointStart } from "../barriers/aligner-action.ts";
import type { StateFiles } from "../storage/state-files.ts";
import type { ChannelPlace, PlacedWriter } from "./channel-place.ts";
import { InFlightSnapshot } from "./in-flight-snapshot.ts";

/** Where a task's records come from and go to. */
export interface InFlightParts {
  readonly channels: readonly InputChannel[];
  /** Of the channels, in their order. */
  readonly inputs: readonly ChannelPlace[];
  readonly outputs: readonly PlacedWriter[];
}

/** The snapshot taken last. */
interface Taken {
  readonly checkpointId: number;
  readonly snapshot: InFlightSnapshot;
  readonly captured: readonly InputChannel[];
  /** Whether its barriers have overtaken. */
  overtaken: boolean;
}

/**
 * Sends a task's barriers, in line or ahead of what has not been sent, and saves the records that they and the barriers in front of the
 * task overtake. Of one checkpoint at a time.
 *
 * An aligned barrier that may turn unaligned can get stuck behind records that wait for room: the snapshot is not whole before it has
 * left, because the records in front of it may become part of it until then.
 */
export class TaskInFlight {
  readonly #parts: InFlightParts;
  #taken: Taken | undefined;
  /** Whether barriers of `#taken` may still wait on this side. */
  #held = false;

  constructor(parts: InFlightParts) {
    this.#parts = parts;
  }

  /** Whether barriers may overtake on an input channel. */
  overtakes(channel: number): boolean {
    return this.#parts.inputs[channel]?.overtakes === true;
  }

  /**
   * The moment of the snapshot: sends the barrier, and saves what it overtakes.
   *
   * @param missing channels whose barriers are not in
   * @returns undefined when nothing can be in flight
   */
  take(
    checkpoint: CheckpointStart,
    missing: readonly number[],
    files: StateFiles,
  ): InFlightSnapshot | undefined {
    this.#taken = undefined;
    this.#held = false;
    const { checkpointId, options } = checkpoint;
    const barrier: Barrier = { kind: "barrier", ...checkpoint };
    const snapshot = new InFlightSnapshot(checkpointId, files);
    const overtaken = options.alignment === "unaligned";
    for (const output of this.#parts.outputs) {
      if (overtaken) this.#overtake(output, barrier, snapshot);
      else output.writer.event(barrier);
    }
    const captured = missing.map((index) => {
      const channel = this.#parts.channels[index] as InputChannel;
      channel.capture(checkpointId, snapshot.sink(this.#parts.inputs[index] as ChannelPlace, "received"));
      return channel;
    });
    const mayTurn = !overtaken && options.alignmentTimeout !== undefined;
    if (!overtaken && !mayTurn) return undefined;
    this.#taken = { checkpointId, snapshot, captured, overtaken };
    this.#held = mayTurn;
    if (overtaken) snapshot.seal();
    else this.settle();
    return snapshot;
  }

  /** Whether this is the checkpoint whose snapshot was taken last. */
  hasTaken(checkpointId: number): boolean {
    return this.#taken?.checkpointId === checkpointId;
  }

  /** The checkpoint whose snapshot was taken last turns unaligned: its barriers overtake what still waits on this side. */
  turn(barrier: Barrier): void {
    const taken = this.#taken;
    if (taken?.checkpointId !== barrier.checkpointId || taken.overtaken) return;
    taken.overtaken = true;
    this.#held = false;
    for (const { writer, places } of this.#parts.outputs)
      if (places[0]?.overtakes === true) this.#overtake({ writer, places }, barrier, taken.snapshot);
    taken.snapshot.seal();
  }

  /** Looks whether all barriers have left by now. Cheap unless one is waited for. */
  settle(): void {
    const taken = this.#taken;
    if (!this.#held || taken === undefined) return;
    const held = this.#parts.outputs.some(
      ({ writer, places }) => places[0]?.overtakes === true && writer.holdsBarrier(taken.checkpointId),
    );
    if (held) return;
    this.#held = false;
    taken.snapshot.seal();
  }

  /** The snapshot taken last is given up. */
  abort(): void {
    const taken = this.#taken;
    if (taken === undefined) return;
    for (const channel of taken.captured) channel.stopCapture();
    taken.snapshot.abort();
    this.forget(taken.checkpointId);
  }

  /** The checkpoint is over: nothing of it turns unaligned any more. */
  forget(checkpointId: number): void {
    if (!this.hasTaken(checkpointId)) return;
    this.#taken = undefined;
    this.#held = false;
  }

  #overtake({ writer, places }: PlacedWriter, barrier: Barrier, snapshot: InFlightSnapshot): void {
    if (places[0]?.overtakes !== true) {
      writer.event(barrier);
      return;
    }
    const sinks = places.map((place) => snapshot.sink(place, "unsent"));
    writer.overtake(barrier, (channel) => sinks[channel]!);
    for (const sink of sinks) sink.end();
  }
}
