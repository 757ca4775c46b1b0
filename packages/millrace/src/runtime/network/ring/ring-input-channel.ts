import type { BlockDecoder, ElementCursor } from "../../../common/codec/frame-codec.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { preview } from "../../../common/errors/preview.ts";
import type { Barrier, ChannelEvent } from "../../../protocol/channel-event.ts";
import { decodeChannelEvent } from "../../../protocol/channel-event-codec.ts";
import { FrameKind } from "../../../protocol/frame-header.ts";
import type { Head, InputChannel } from "../channel.ts";
import type { InFlightSink } from "../in-flight-sink.ts";
import type { RingReceiver } from "./ring-receiver.ts";

/** What a ring's reading end is made of. */
export interface RingInputOptions {
  /** Names the channel in errors. */
  readonly id: number;
  /** See InputChannel. */
  readonly index: number;
  readonly input: 0 | 1;
  readonly receiver: RingReceiver;
  readonly decoder: BlockDecoder<unknown>;
}

/** The consumer's end of a ring channel: decodes frames where they lie in the slot's pool. */
export class RingInputChannel implements InputChannel {
  readonly index: number;
  readonly input: 0 | 1;
  onReadable: (() => void) | undefined;
  onOvertaken: ((barrier: Barrier) => void) | undefined;
  readonly #id: number;
  readonly #receiver: RingReceiver;
  readonly #decoder: BlockDecoder<unknown>;
  #head: Head = "none";
  #ended = false;
  #closed = false;
  #failure: MillraceError | undefined;

  constructor(options: RingInputOptions) {
    this.index = options.index;
    this.input = options.input;
    this.#id = options.id;
    this.#receiver = options.receiver;
    this.#decoder = options.decoder;
    this.#receiver.onArrival = () => this.#look();
    this.#receiver.onOvertaken = (barrier) => this.#overtaken(barrier);
    this.#receiver.onClosed = () => this.#look();
    this.#advance();
  }

  get cursor(): ElementCursor<unknown> {
    return this.#decoder;
  }

  get bytesReceived(): number {
    return this.#receiver.bytesReceived;
  }

  get queued(): number {
    return this.#receiver.queued;
  }

  head(): Head {
    if (this.#head === "none" && this.#failure !== undefined) throw this.#failure;
    return this.#head;
  }

  release(): void {
    this.#expect("data");
    this.#receiver.done();
    this.#advance();
  }

  takeEvent(): ChannelEvent {
    this.#expect("event");
    const { bytes, start, end } = this.#receiver;
    let event: ChannelEvent;
    try {
      event = decodeChannelEvent(bytes, start, end);
    } catch (error) {
      throw this.#fail(error);
    }
    if (event.kind === "endOfPartition") this.#ended = true;
    this.#receiver.done();
    this.#advance();
    return event;
  }

  capture(checkpointId: number, sink: InFlightSink): void {
    if (this.#closed) sink.end();
    else if (this.#failure === undefined) this.#receiver.capture(checkpointId, sink, this.#decoder.left);
  }

  stopCapture(): void {
    this.#receiver.stopCapture();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#head = "none";
    this.#receiver.close();
  }

  /** Perhaps it stands at the head already. */
  #overtaken(barrier: Barrier): void {
    this.onOvertaken?.(barrier);
    this.#look();
  }

  /** Something arrived, or the producer is gone. */
  #look(): void {
    if (this.#head !== "none" || this.#failure !== undefined || this.#closed) return;
    this.#advance();
    if (this.#head !== "none" || this.#failure !== undefined) this.onReadable?.();
  }

  /** Finds the next head. Doesn't throw: a failure is the reader's, who finds it in `head`. */
  #advance(): void {
    this.#head = "none";
    try {
      if (!this.#receiver.next()) {
        if (this.#receiver.producerClosed && !this.#ended) this.#fail(this.#receiver.closedError());
        return;
      }
      if (this.#receiver.kind === FrameKind.EVENT) {
        this.#head = "event";
      } else {
        this.#decoder.reset(this.#receiver.bytes, this.#receiver.start, this.#receiver.end);
        this.#head = "data";
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Nothing behind a damaged frame can be trusted: both ends fail. */
  #fail(error: unknown): MillraceError {
    const failure = MillraceError.is(error)
      ? error
      : new MillraceError("INTERNAL", `channel ${this.#id}: ${preview(error)}`, { cause: error });
    this.#head = "none";
    this.#failure = failure;
    this.#receiver.close();
    return failure;
  }

  #expect(head: Head): void {
    if (this.#head === head) return;
    throw new MillraceError(
      "INTERNAL",
      `channel ${this.#id}: expected "${head}" at its head, got "${this.#head}"`,
    );
  }
}
