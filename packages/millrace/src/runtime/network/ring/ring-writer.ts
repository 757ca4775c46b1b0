import type { BlockEncoder } from "../../../common/codec/frame-codec.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { Barrier, ChannelEvent } from "../../../protocol/channel-event.ts";
import { encodeChannelEvent } from "../../../protocol/channel-event-codec.ts";
import { FRAME_HEADER_BYTES, FrameKind } from "../../../protocol/frame-header.ts";
import type { ChannelWriter, ChannelWriterListener } from "../channel.ts";
import type { InFlightSink } from "../in-flight-sink.ts";
import type { RingSender } from "./ring-sender.ts";
import { Spill } from "./spill.ts";

/** What a ring writer is made of. */
export interface RingWriterOptions {
  /** Names the channel in errors. */
  readonly id: number;
  readonly sender: RingSender;
  readonly encoder: BlockEncoder<unknown>;
  readonly listener: ChannelWriterListener;
  /** Bytes of the largest block. */
  readonly maxRecordBytes: number;
  /** Tells the network that the writer wants to be called (`credit`) when a signal comes, or not any more. */
  readonly onWaiting: (writer: RingWriter, waiting: boolean) => void;
}

/** Where the frame under construction is. */
const Place = { NONE: 0, SHARED: 1, HEAP: 2 } as const;
type Place = (typeof Place)[keyof typeof Place];

/**
 * The producer's end of a ring channel. Records are encoded straight into the next free frame slot of the consumer's pool; while there
 * is none, or earlier frames still wait for one, into frames on the heap.
 */
export class RingWriter implements ChannelWriter {
  /** Plain, because it is read often. */
  blocked = false;
  readonly #id: number;
  readonly #sender: RingSender;
  readonly #encoder: BlockEncoder<unknown>;
  readonly #listener: ChannelWriterListener;
  readonly #maxRecordBytes: number;
  readonly #onWaiting: (writer: RingWriter, waiting: boolean) => void;
  readonly #spill = new Spill();
  /** Free data frames from which a blocked channel is unblocked. */
  readonly #enough: number;
  /** Bytes of a block that fit into a frame. */
  readonly #room: number;
  #place: Place = Place.NONE;
  #heap: Buffer | undefined;
  #wantsDrained = false;
  /** The newest checkpoint whose barrier was put in line. */
  #lastBarrier = -1;
  /** Whether a signal was asked for. */
  #waiting = false;
  #ended = false;
  #closed = false;
  #failure: MillraceError | undefined;

  constructor(options: RingWriterOptions) {
    this.#id = options.id;
    this.#sender = options.sender;
    this.#encoder = options.encoder;
    this.#listener = options.listener;
    this.#maxRecordBytes = options.maxRecordBytes;
    this.#onWaiting = options.onWaiting;
    this.#enough = Math.max(1, this.#sender.data.count >> 1);
    this.#room = this.#sender.data.bytes - FRAME_HEADER_BYTES;
  }

  record(value: unknown, timestamp: Timestamp): void {
    if (this.#place !== Place.NONE && this.#encoder.writeRecord(value, timestamp)) return;
    this.#nextFrame();
    this.#encoder.writeRecord(value, timestamp);
    // A record that is too large for any frame leaves at once, so that an error is its own and not the next record's.
    if (this.#encoder.size > this.#room) this.#seal();
  }

  watermark(watermark: Timestamp): void {
    if (this.#place !== Place.NONE && this.#encoder.writeWatermark(watermark)) return;
    this.#nextFrame();
    this.#encoder.writeWatermark(watermark);
  }

  event(event: ChannelEvent): void {
    this.#seal();
    this.#check();
    const bytes = encodeChannelEvent(event);
    let barrier: number | undefined;
    if (event.kind === "endOfPartition") this.#ended = true;
    else if (event.kind === "barrier") barrier = this.#lastBarrier = event.checkpointId;
    this.#put(FrameKind.EVENT, bytes, bytes.length, 1, barrier);
    this.#update();
  }

  overtake(barrier: Barrier, unsent: InFlightSink): void {
    this.#seal();
    this.#check();
    // What there is credit for belongs to the receiver, which need not copy it.
    this.#drain();
    const { checkpointId } = barrier;
    const overtaken = this.#spill.takeOutBarrier(checkpointId);
    const inLine = overtaken === undefined && checkpointId <= this.#lastBarrier;
    const sequence = this.#spill.first?.sequence ?? this.#sender.sequence;
    this.#lastBarrier = checkpointId;
    this.#sender.overtake({ barrier, sequence, inLine });
    for (const { kind, bytes, end, elements } of inLine ? [] : (overtaken ?? this.#spill.waiting()))
      if (kind === FrameKind.DATA) unsent.block(bytes, 0, end, elements, 0);
    this.#update();
  }

  holdsBarrier(checkpointId: number): boolean {
    return this.#spill.holdsBarrier(checkpointId);
  }

  flushIfDrained(): boolean {
    this.#check();
    if (this.#place === Place.NONE && this.#spill.empty) return true;
    if (this.#spill.empty && this.#sender.isDrained()) {
      this.#wantsDrained = false;
      this.#seal();
      return this.#spill.empty;
    }
    this.#wantsDrained = true;
    this.#update();
    if (this.#waiting) return false;
    // The receiver has given back the rest while it was asked to tell.
    this.#wantsDrained = false;
    this.#seal();
    return this.#spill.empty;
  }

  flush(): boolean {
    this.#check();
    if (this.#spill.empty && (this.#place === Place.SHARED || this.#sender.hasCredit(FrameKind.DATA)))
      this.#seal();
    return this.#place === Place.NONE && this.#spill.empty;
  }

  get backlog(): number {
    return this.#spill.bytes + (this.#place === Place.NONE ? 0 : this.#encoder.size);
  }

  get bytesSent(): number {
    return this.#sender.bytesSent;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wantsDrained = false;
    this.#abandonFrame();
    // What came before an orderly end still leaves as credit returns.
    if (!this.#ended) this.#spill.clear();
    this.#update();
  }

  /** For the network: a signal came. */
  credit(): void {
    this.#update();
    if (!this.#wantsDrained || this.#waiting) return;
    this.#wantsDrained = false;
    this.#listener.onDrained();
  }

  /** For the network: some end was closed. */
  checkClosed(): void {
    if (this.#failure !== undefined || !this.#sender.receiverClosed) return;
    if (this.#closed || (this.#ended && this.#spill.empty)) {
      this.#spill.clear();
      this.#disarm();
    } else {
      this.#fail(this.#sender.closedError());
    }
  }

  /** Ends the frame under construction, if any, and begins the next one. */
  #nextFrame(): void {
    this.#seal();
    this.#check();
    const { data, pool } = this.#sender;
    if (this.#spill.empty && this.#sender.hasCredit(FrameKind.DATA)) {
      this.#place = Place.SHARED;
      this.#encoder.begin(pool, data.offset + FRAME_HEADER_BYTES, data.offset + data.bytes);
    } else {
      this.#place = Place.HEAP;
      this.#heap = Buffer.allocUnsafeSlow(this.#room);
      this.#encoder.begin(this.#heap, 0, this.#room);
    }
  }

  /** Ends the frame under construction: it leaves, or waits for credit. */
  #seal(): void {
    if (this.#place === Place.NONE) return;
    const place = this.#place;
    const heap = this.#heap;
    const elements = this.#encoder.count;
    const length = this.#encoder.finish();
    this.#place = Place.NONE;
    this.#heap = undefined;
    if (elements === 0) return;
    if (length < 0) this.#putLarge(this.#encoder.overflow as Uint8Array, elements);
    else if (place === Place.SHARED) this.#sender.sendInPlace(length, elements);
    else this.#put(FrameKind.DATA, heap as Buffer, length, elements, undefined);
    this.#update();
  }

  #putLarge(block: Uint8Array, elements: number): void {
    if (block.length > this.#maxRecordBytes) {
      throw new MillraceError(
        "RECORD_TOO_LARGE",
        `expected records of at most ${this.#maxRecordBytes} bytes, got one of ${block.length} bytes`,
        {
          help: "Send large payloads by reference, or raise the limit.",
          details: { channel: this.#id, bytes: block.length },
        },
      );
    }
    const { sequence } = this.#sender;
    const left = this.#sendNow(FrameKind.DATA, block, block.length, elements);
    // The encoder takes its block back at its next one. Kept whole, for a barrier may overtake it.
    if (left > 0)
      this.#keep(FrameKind.DATA, Uint8Array.from(block), block.length, left, elements, sequence, undefined);
  }

  /** Sends `bytes[0, end)`, or as much of it as credit allows, and keeps the rest. */
  #put(kind: FrameKind, bytes: Uint8Array, end: number, elements: number, barrier: number | undefined): void {
    const { sequence } = this.#sender;
    const left = this.#sendNow(kind, bytes, end, elements);
    if (left > 0) this.#keep(kind, bytes, end, left, elements, sequence, barrier);
  }

  /** Sends what credit allows of `bytes[0, end)`; the number of bytes left over. */
  #sendNow(kind: FrameKind, bytes: Uint8Array, end: number, elements: number): number {
    if (!this.#spill.empty) return end;
    let from = 0;
    while (from < end && this.#sender.hasCredit(kind)) {
      from += this.#sender.sendPiece(kind, bytes, from, end, elements);
    }
    return end - from;
  }

  /** Keeps `bytes[0, end)`, of which the last `left` have not left; the others left from frame `sequence` on. */
  #keep(
    kind: FrameKind,
    bytes: Uint8Array,
    end: number,
    left: number,
    elements: number,
    sequence: number,
    barrier: number | undefined,
  ): void {
    const begun = left < end ? sequence : undefined;
    this.#spill.push({ kind, bytes, start: end - left, end, elements, sequence: begun, barrier });
  }

  /** Sends spilled payloads as far as credit goes. */
  #drain(): void {
    for (let first = this.#spill.first; first !== undefined; first = this.#spill.first) {
      if (!this.#sender.hasCredit(first.kind)) return;
      const { kind, bytes, start, end, elements } = first;
      const { sequence } = this.#sender;
      this.#spill.sent(this.#sender.sendPiece(kind, bytes, start, end, elements), sequence);
    }
  }

  /** Brings everything in line with the credit there is: spill, `blocked`, what is waited for. */
  #update(): void {
    if (this.#failure !== undefined) return;
    this.#drain();
    if (this.#isWaiting()) {
      this.#arm();
      // The receiver may have given back what is waited for before it saw the request.
      this.#drain();
      if (!this.#isWaiting()) this.#disarm();
    } else {
      this.#disarm();
    }
    this.#setBlocked(!this.#hasRoom());
    if (this.#closed && !this.#waiting) this.#sender.close();
  }

  #isWaiting(): boolean {
    if (!this.#hasRoom()) return true;
    return this.#wantsDrained && !this.#sender.isDrained();
  }

  /** Whether a further frame may be begun; once blocked, only with credit enough to be worth it. */
  #hasRoom(): boolean {
    if (!this.#spill.empty) return false;
    if (this.#closed) return true;
    return this.blocked ? this.#sender.dataCredit() >= this.#enough : this.#sender.hasCredit(FrameKind.DATA);
  }

  /** Asks for a signal. */
  #arm(): void {
    const first = this.#spill.first;
    if (first?.kind === FrameKind.EVENT) this.#sender.armForEvent();
    else if (!this.#hasRoom()) this.#sender.armForData(this.#enough);
    else this.#sender.armForDrained();
    if (this.#waiting) return;
    this.#waiting = true;
    this.#onWaiting(this, true);
  }

  #disarm(): void {
    if (!this.#waiting) return;
    this.#waiting = false;
    this.#sender.disarm();
    this.#onWaiting(this, false);
  }

  #setBlocked(blocked: boolean): void {
    if (this.blocked === blocked) return;
    this.blocked = blocked;
    if (!this.#closed) this.#listener.onBlockedChange(blocked);
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closed) throw new MillraceError("INTERNAL", `channel ${this.#id} is used after it was closed`);
  }

  #fail(error: MillraceError): void {
    this.#failure = error;
    this.#wantsDrained = false;
    this.#abandonFrame();
    this.#spill.clear();
    this.#disarm();
    this.#setBlocked(false);
    this.#listener.onFailed(error);
  }

  #abandonFrame(): void {
    if (this.#place === Place.NONE) return;
    this.#place = Place.NONE;
    this.#heap = undefined;
    this.#encoder.finish();
  }
}
