import type { ElementCursor } from "../../../common/codec/frame-codec.ts";
import type { Barrier, ChannelEvent } from "../../../protocol/channel-event.ts";
import type { Head, InputChannel } from "../../network/channel.ts";
import type { InFlightSink } from "../../network/in-flight-sink.ts";
import type { InFlightReplay } from "./in-flight-replay.ts";
import type { ReplayGroup } from "./replay-group.ts";

/**
 * A channel of a restored task: gives the records that were in flight on it first, then, when those of all channels of the task are
 * processed, what comes. They are part of further checkpoints until then, as records that wait in the channel are.
 */
export class RestoredChannel implements InputChannel {
  readonly index: number;
  readonly input: 0 | 1;
  onReadable: (() => void) | undefined;
  readonly #channel: InputChannel;
  readonly #group: ReplayGroup;
  /** undefined: over, or nothing was in flight on this channel. */
  #replay: InFlightReplay | undefined;
  #closed = false;

  constructor(channel: InputChannel, replay: InFlightReplay | undefined, group: ReplayGroup) {
    this.index = channel.index;
    this.input = channel.input;
    this.#channel = channel;
    this.#replay = replay;
    this.#group = group;
    channel.onReadable = () => {
      if (this.#replay === undefined && group.over) this.onReadable?.();
    };
    group.onRound(() => this.#look());
  }

  get onOvertaken(): ((barrier: Barrier) => void) | undefined {
    return this.#channel.onOvertaken;
  }

  set onOvertaken(told: ((barrier: Barrier) => void) | undefined) {
    this.#channel.onOvertaken = told;
  }

  get cursor(): ElementCursor<unknown> {
    return this.#replay === undefined ? this.#channel.cursor : this.#replay.cursor;
  }

  get bytesReceived(): number {
    return this.#channel.bytesReceived;
  }

  get queued(): number {
    return this.#channel.queued;
  }

  head(): Head {
    const replay = this.#replay;
    if (replay !== undefined) {
      const { round } = replay;
      if (round > this.#group.round) return "none";
      if (round < Infinity) {
        replay.take();
        return "data";
      }
      replay.close();
      this.#replay = undefined;
    }
    return this.#group.over ? this.#channel.head() : "none";
  }

  release(): void {
    if (this.#replay === undefined) return this.#channel.release();
    this.#replay.release();
    this.#group.replayed();
  }

  takeEvent(): ChannelEvent {
    return this.#channel.takeEvent();
  }

  capture(checkpointId: number, sink: InFlightSink): void {
    this.#replay?.rest(sink);
    this.#channel.capture(checkpointId, sink);
  }

  stopCapture(): void {
    this.#channel.stopCapture();
  }

  close(): void {
    this.#closed = true;
    this.#replay?.close();
    this.#replay = undefined;
    this.#channel.close();
  }

  /** Another round has begun, or all of them are over. */
  #look(): void {
    if (this.#closed) return;
    let readable = true;
    try {
      readable = this.head() !== "none";
    } catch {
      // Whoever reads it finds out.
    }
    if (readable) this.onReadable?.();
  }
}
