import type { ElementCursor, ElementKind as Kind } from "../../common/codec/frame-codec.ts";
import { ElementKind } from "../../common/codec/frame-codec.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { NO_TIMESTAMP } from "../../common/time/timestamps.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { Barrier, ChannelEvent } from "../../protocol/channel-event.ts";
import { deepFreeze } from "../../common/types/deep-freeze.ts";
import { channelClosed } from "./channel-closed.ts";
import type { ChannelWriter, ChannelWriterListener, Head, InputChannel } from "./channel.ts";
import { ElementQueue, EVENT } from "./element-queue.ts";
import type { InFlightSink } from "./in-flight-sink.ts";
import { QueueCapture } from "./queue-capture.ts";

/** Elements of one "data" head: a reader that looks at the clock after each frame does so often enough. */
const FRAME_ELEMENTS = 512;

/** What a local channel needs to know. */
export interface LocalChannelOptions {
  /** Names the channel in errors. */
  readonly id: number;
  /** See InputChannel. */
  readonly index: number;
  readonly input: 0 | 1;
  /** Elements from which the channel is blocked; it is unblocked at half of them. Default 1024. */
  readonly capacity?: number;
  /** Whether records are frozen deeply on their way, so that tests see who changes them. Default false. */
  readonly freeze?: boolean;
  /** Throws for records that don't fit the edge's type, as an encoder would; default: none is refused. */
  readonly check?: ((value: unknown) => void) | undefined;
}

/**
 * A channel between two subtasks of one slot: a queue of the records themselves, which nobody copies. What is written can be read
 * at once. Elements beyond the capacity are the spill, in the same queue.
 */
export class LocalChannel implements ChannelWriter {
  /** Plain, because the task reads it after each record. */
  blocked = false;
  readonly bytesSent = 0;
  readonly #id: number;
  readonly #queue: ElementQueue;
  readonly #capacity: number;
  readonly #freeze: boolean;
  readonly #check: ((value: unknown) => void) | undefined;
  readonly #listener: ChannelWriterListener;
  readonly #reader: LocalInputChannel;
  /** The newest checkpoint whose barrier was put in line. */
  #lastBarrier = -1;
  #ended = false;
  #closed = false;
  #failure: MillraceError | undefined;

  constructor(options: LocalChannelOptions, listener: ChannelWriterListener) {
    this.#id = options.id;
    this.#capacity = options.capacity ?? 1024;
    this.#freeze = options.freeze ?? false;
    this.#check = options.check;
    this.#listener = listener;
    this.#queue = new ElementQueue(this.#capacity);
    this.#reader = new LocalInputChannel(options.index, options.input, this.#queue, this);
  }

  /** The consumer's end. */
  get reader(): InputChannel {
    return this.#reader;
  }

  record(value: unknown, timestamp: Timestamp): void {
    if (this.#check !== undefined) this.#check(value);
    if (this.#freeze) deepFreeze(value);
    this.#append(ElementKind.RECORD, value, timestamp);
  }

  watermark(watermark: Timestamp): void {
    this.#append(ElementKind.WATERMARK, undefined, watermark);
  }

  event(event: ChannelEvent): void {
    if (event.kind === "endOfPartition") this.#ended = true;
    else if (event.kind === "barrier") this.#lastBarrier = event.checkpointId;
    this.#append(EVENT, event, NO_TIMESTAMP);
    this.#reader.eventArrived();
  }

  /** Everything was handed over when it was written: the barrier stands behind it, and nothing is unsent. */
  overtake(barrier: Barrier): void {
    if (barrier.checkpointId > this.#lastBarrier) this.event(barrier);
    this.#reader.onOvertaken?.(barrier);
  }

  holdsBarrier(): boolean {
    return false;
  }

  flushIfDrained(): boolean {
    return this.flush();
  }

  flush(): boolean {
    if (this.#failure !== undefined) throw this.#failure;
    return true;
  }

  get backlog(): number {
    return this.#queue.size;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#ended) this.#reader.fail(channelClosed(this.#id, "producer"));
  }

  /** For the reader: elements were consumed. */
  freed(): void {
    if (!this.blocked || this.#queue.size > this.#capacity >> 1) return;
    this.blocked = false;
    this.#listener.onBlockedChange(false);
  }

  /** For the reader: it takes nothing any more. */
  readerClosed(): void {
    if (this.#closed || this.#ended || this.#failure !== undefined) return;
    this.#failure = channelClosed(this.#id, "consumer");
    if (this.blocked) {
      this.blocked = false;
      this.#listener.onBlockedChange(false);
    }
    this.#listener.onFailed(this.#failure);
  }

  #append(kind: number, value: unknown, timestamp: Timestamp): void {
    if (this.#failure !== undefined) throw this.#failure;
    const queue = this.#queue;
    queue.push(kind, value, timestamp);
    if (queue.size === 1) this.#reader.arrived();
    if (queue.size >= this.#capacity && !this.blocked) {
      this.blocked = true;
      this.#listener.onBlockedChange(true);
    }
  }
}

/** The reading end; its cursor takes elements straight from the queue. */
class LocalInputChannel implements InputChannel, ElementCursor<unknown> {
  readonly index: number;
  readonly input: 0 | 1;
  readonly bytesReceived = 0;
  onReadable: (() => void) | undefined;
  onOvertaken: ((barrier: Barrier) => void) | undefined;
  value: unknown = undefined;
  timestamp: Timestamp = NO_TIMESTAMP;
  readonly #queue: ElementQueue;
  readonly #writer: LocalChannel;
  /** Elements that the frame at the head may still give, and those it might at first; -1 between frames. */
  #left = -1;
  #frame = -1;
  #capture: QueueCapture | undefined;
  #closed = false;
  #failure: MillraceError | undefined;

  constructor(index: number, input: 0 | 1, queue: ElementQueue, writer: LocalChannel) {
    this.index = index;
    this.input = input;
    this.#queue = queue;
    this.#writer = writer;
  }

  get cursor(): ElementCursor<unknown> {
    return this;
  }

  get queued(): number {
    return this.#queue.size;
  }

  head(): Head {
    if (this.#left >= 0) return "data";
    const queue = this.#queue;
    if (queue.size > 0) return queue.kind === EVENT ? "event" : "data";
    if (this.#failure !== undefined) throw this.#failure;
    return "none";
  }

  next(): Kind {
    if (this.#left < 0) this.#begin();
    const queue = this.#queue;
    if (this.#left === 0 || queue.size === 0 || queue.kind === EVENT) {
      this.value = undefined;
      return ElementKind.END;
    }
    this.#left--;
    const kind = queue.kind as Kind;
    this.timestamp = queue.timestamp;
    this.value = queue.shift();
    return kind;
  }

  release(): void {
    this.#capture?.taken(this.#frame - this.#left);
    this.#left = -1;
    this.#frame = -1;
    this.#writer.freed();
  }

  takeEvent(): ChannelEvent {
    if (this.head() !== "event") {
      throw new MillraceError("INTERNAL", `takeEvent on a channel whose head is ${this.head()}`);
    }
    // What came since the last frame is behind the event.
    this.#catchUp();
    const event = this.#queue.shift() as ChannelEvent;
    this.#capture?.taken(1);
    this.#writer.freed();
    return event;
  }

  capture(checkpointId: number, sink: InFlightSink): void {
    if (this.#closed) return sink.end();
    if (this.#left > this.#queue.size) this.#left = this.#queue.size;
    this.#frame = this.#left;
    this.#capture = new QueueCapture(this.#queue, checkpointId, sink);
    this.#catchUp();
  }

  stopCapture(): void {
    this.#capture = undefined;
  }

  /** For the writer: an event is in the queue. Perhaps it is the one that a capture waits for. */
  eventArrived(): void {
    this.#catchUp();
  }

  #catchUp(): void {
    if (this.#capture?.catchUp(this.#frame - this.#left) === true) this.#capture = undefined;
  }

  /** A frame begins. While elements are captured it holds those only that have been: so nothing is looked at for each record. */
  #begin(): void {
    this.#catchUp();
    this.#left = this.#capture === undefined ? FRAME_ELEMENTS : Math.min(FRAME_ELEMENTS, this.#queue.size);
    this.#frame = this.#left;
  }

  /** For the writer: the queue is no longer empty. */
  arrived(): void {
    if (this.#left < 0) this.onReadable?.();
  }

  /** For the writer: what is in the queue is all that comes. */
  fail(error: MillraceError): void {
    if (this.#closed) return;
    this.#failure = error;
    if (this.#queue.size === 0 && this.#left < 0) this.onReadable?.();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#left = -1;
    this.#frame = -1;
    this.#capture = undefined;
    this.value = undefined;
    this.#queue.clear();
    this.#writer.readerClosed();
  }
}
