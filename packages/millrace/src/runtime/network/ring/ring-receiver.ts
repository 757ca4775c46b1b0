import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { decodeChannelEvent, encodeChannelEvent } from "../../../protocol/channel-event-codec.ts";
import type { Barrier } from "../../../protocol/channel-event.ts";
import { FrameKind } from "../../../protocol/frame-header.ts";
import { channelClosed, channelLost } from "../channel-closed.ts";
import type { InFlightSink } from "../in-flight-sink.ts";
import { endsCapture } from "../queue-capture.ts";
import type { Overtaking } from "./barrier-words.ts";
import type { ConsumerWords } from "./channel-words.ts";
import { FrameSlots } from "./frame-slots.ts";
import { FrameRead, PayloadAssembler } from "./payload-assembler.ts";
import { RingCapture } from "./ring-capture.ts";
import type { RingChannel } from "./ring-descriptor.ts";

/** The pieces of shared memory that a channel's consumer reads. */
export interface ReceiverMemory {
  readonly channel: RingChannel;
  readonly attempt: number;
  /** The slot's own pool. */
  readonly pool: Uint8Array;
  readonly words: ConsumerWords;
  /** Bytes of the largest payload. */
  readonly maxRecordBytes: number;
}

/**
 * Takes a channel's frames from shared memory in order, and puts barriers that overtake between them, where they belong. Knows nothing
 * of records. Frames may arrive before anybody reads; there are never more than the channel's credit.
 */
export class RingReceiver {
  /** The payload at the head, after `next` was true: `bytes[start, end)`, until `done`. */
  kind: FrameKind = FrameKind.DATA;
  bytes: Uint8Array;
  start = 0;
  end = 0;
  /** The producer is gone, and all that it sent has arrived. */
  producerClosed = false;
  /** Told of each frame that arrives; set by the channel's reader. */
  onArrival: (() => void) | undefined;
  /** Told of a barrier that overtakes, before any frame that was sent after it; set by the channel's reader. */
  onOvertaken: ((barrier: Barrier) => void) | undefined;
  /** Told when `producerClosed` becomes true; set by the channel's reader. */
  onClosed: (() => void) | undefined;

  /** Of data, without headers. */
  bytesReceived = 0;
  readonly #memory: ReceiverMemory;
  readonly #assembler: PayloadAssembler;
  readonly #data: FrameSlots;
  readonly #events: FrameSlots;
  /** Kinds of the frames that wait, in order: a circular queue. */
  readonly #arrivals: Uint8Array;
  #first = 0;
  #waiting = 0;
  /** What the payload at the head is. */
  #head: "none" | "in slot" | "assembled" | "barrier" = "none";
  /** Elements of the payload at the head. */
  #elements = 0;
  /** A barrier that stands between frames, and has not been reached. */
  #overtaking: Overtaking | undefined;
  #capture: RingCapture | undefined;
  #violation: MillraceError | undefined;

  constructor(memory: ReceiverMemory) {
    const { channel, pool } = memory;
    this.#memory = memory;
    this.#assembler = new PayloadAssembler(memory);
    this.#data = new FrameSlots(channel.frameOffset, channel.frameBytes, channel.frames);
    this.#events = new FrameSlots(channel.eventOffset, channel.eventBytes, channel.events);
    this.#arrivals = new Uint8Array(channel.frames + channel.events);
    this.bytes = pool;
  }

  /** For the network: a frame was announced. */
  arrived(kind: FrameKind): void {
    if (this.#waiting === this.#arrivals.length) {
      throw new MillraceError(
        "INTERNAL",
        `channel ${this.#memory.channel.id} got more frames than its credit`,
      );
    }
    this.#arrivals[(this.#first + this.#waiting++) % this.#arrivals.length] = kind;
    if (this.#capture !== undefined) this.#captured((capture) => capture.frame(kind));
    this.onArrival?.();
  }

  /** For the network: some barrier was announced to the slot, perhaps in this channel. */
  lookForBarrier(): void {
    let overtaking: Overtaking | undefined;
    try {
      overtaking = this.#memory.words.takeOvertaking();
    } catch (error) {
      if (!MillraceError.is(error)) throw error;
      this.#violation = error;
      this.onArrival?.();
    }
    if (overtaking === undefined) return;
    const { barrier, sequence, inLine } = overtaking;
    this.#overtaking = inLine ? undefined : overtaking;
    if (!inLine && this.#capture !== undefined && barrier.checkpointId >= this.#capture.checkpointId)
      this.#captured((capture) => capture.announced(sequence));
    this.onOvertaken?.(barrier);
  }

  /** Whether the producer has closed its end. What it sent before may still lie in its index ring. */
  get writerClosed(): boolean {
    return this.#memory.words.writerClosed;
  }

  /** The error of a reader whose producer is gone. */
  closedError(): MillraceError {
    const { words, channel } = this.#memory;
    return words.writerLost
      ? channelLost(channel.id, "producer", channel.peer)
      : channelClosed(channel.id, "producer");
  }

  /** For the network: the producer is gone, and everything that it had announced has arrived. */
  markClosed(): void {
    if (this.producerClosed) return;
    this.producerClosed = true;
    this.onClosed?.();
  }

  /** Frames that wait, the one at the head included. */
  get queued(): number {
    return this.#waiting;
  }

  /** Moves to the next whole payload, if it has arrived. Throws PROTOCOL_VIOLATION; the channel is of no use then. */
  next(): boolean {
    if (this.#violation !== undefined) throw this.#violation;
    for (;;) {
      const overtaking = this.#overtaking;
      if (overtaking !== undefined && ((this.#assembler.nextPayload - overtaking.sequence) | 0) >= 0) {
        this.#takeBarrier(overtaking.barrier);
        return true;
      }
      if (this.#waiting === 0) return false;
      if (this.#read(this.#arrivals[this.#first] as FrameKind)) return true;
    }
  }

  /** Gives back the payload at the head. */
  done(): void {
    if (this.#head === "in slot") this.#free(this.kind);
    this.#head = "none";
    this.#assembler.forget();
    this.bytes = this.#memory.pool;
  }

  /** See InputChannel. @param left elements of the payload at the head that have not been taken */
  capture(checkpointId: number, sink: InFlightSink, left: number): void {
    this.#capture = undefined;
    if (this.#head !== "none") {
      if (this.kind === FrameKind.DATA) {
        const skip = this.#elements - left;
        if (left > 0) sink.block(this.bytes, this.start, this.end, this.#elements, skip);
      } else if (endsCapture(decodeChannelEvent(this.bytes, this.start, this.end), checkpointId)) {
        sink.end();
        return;
      }
    }
    const parts = { assembler: this.#assembler.fork(), data: this.#data.fork(), events: this.#events.fork() };
    const inSlot = this.#head === "in slot";
    if (inSlot) (this.kind === FrameKind.DATA ? parts.data : parts.events).advance();
    this.#capture = new RingCapture(parts, checkpointId, sink);
    const overtaking = this.#overtaking;
    if (overtaking !== undefined && overtaking.barrier.checkpointId >= checkpointId)
      this.#captured((capture) => capture.announced(overtaking.sequence));
    for (let i = inSlot ? 1 : 0; i < this.#waiting; i++) {
      const kind = this.#arrivals[(this.#first + i) % this.#arrivals.length] as FrameKind;
      this.#captured((capture) => capture.frame(kind));
    }
  }

  stopCapture(): void {
    this.#capture = undefined;
  }

  /** Nothing will be taken any more: the producer may stop. */
  close(): void {
    this.onArrival = undefined;
    this.onOvertaken = undefined;
    this.onClosed = undefined;
    this.#capture = undefined;
    this.#assembler.forget();
    this.#memory.words.close();
  }

  /** Lets a capture go on. What is damaged ends it: the reader will find out when it comes there. */
  #captured(goOn: (capture: RingCapture) => boolean): void {
    if (this.#capture === undefined) return;
    try {
      if (goOn(this.#capture)) this.#capture = undefined;
    } catch (error) {
      if (!MillraceError.is(error)) throw error;
      this.#capture = undefined;
    }
  }

  /** Looks at the first frame that waits; whether it completes a payload. */
  #read(kind: FrameKind): boolean {
    const assembler = this.#assembler;
    const read = assembler.read(kind, kind === FrameKind.DATA ? this.#data : this.#events);
    if (read !== FrameRead.IN_SLOT) this.#free(kind);
    if (read === FrameRead.STALE || read === FrameRead.PART) return false;
    this.#head = read === FrameRead.IN_SLOT ? "in slot" : "assembled";
    this.kind = kind;
    this.bytes = assembler.bytes;
    this.start = assembler.start;
    this.end = assembler.end;
    this.#elements = assembler.elements;
    if (kind === FrameKind.DATA) this.bytesReceived += this.end - this.start;
    return true;
  }

  #takeBarrier(barrier: Barrier): void {
    this.#overtaking = undefined;
    this.#head = "barrier";
    this.kind = FrameKind.EVENT;
    this.bytes = encodeChannelEvent(barrier);
    this.start = 0;
    this.end = this.bytes.length;
  }

  #free(kind: FrameKind): void {
    this.#first = (this.#first + 1) % this.#arrivals.length;
    this.#waiting--;
    if (kind === FrameKind.DATA) {
      this.#data.advance();
      this.#memory.words.freeData();
    } else {
      this.#events.advance();
      this.#memory.words.freeEvent();
    }
  }
}
