import { decodeChannelEvent } from "../../../protocol/channel-event-codec.ts";
import { FrameKind } from "../../../protocol/frame-header.ts";
import type { InFlightSink } from "../in-flight-sink.ts";
import { endsCapture } from "../queue-capture.ts";
import type { FrameSlots } from "./frame-slots.ts";
import { FrameRead } from "./payload-assembler.ts";
import type { PayloadAssembler } from "./payload-assembler.ts";

/** What a capture reads: copies of the receiver's own, which stand behind the payload at its head. */
export interface RingCaptureParts {
  readonly assembler: PayloadAssembler;
  readonly data: FrameSlots;
  readonly events: FrameSlots;
}

/**
 * A capture of a ring channel (see `InputChannel.capture`): copies each frame where it lies, before or while it waits to be read. It looks at
 * every frame when it arrives, so none can have been given back before.
 */
export class RingCapture {
  readonly checkpointId: number;
  readonly #parts: RingCaptureParts;
  readonly #sink: InFlightSink;
  /** Where the barrier stands, once it is known. */
  #barrier: number | undefined;

  constructor(parts: RingCaptureParts, checkpointId: number, sink: InFlightSink) {
    this.#parts = parts;
    this.checkpointId = checkpointId;
    this.#sink = sink;
  }

  /** Copies the next frame that waits. Whether that was all. Throws PROTOCOL_VIOLATION, as the reader will. */
  frame(kind: FrameKind): boolean {
    const { assembler, data, events } = this.#parts;
    const slots = kind === FrameKind.DATA ? data : events;
    const read = assembler.read(kind, slots);
    slots.advance();
    if (read === FrameRead.COMPLETED || read === FrameRead.IN_SLOT) {
      const { bytes, start, end, elements } = assembler;
      if (kind === FrameKind.DATA) this.#sink.block(bytes, start, end, elements, 0);
      else if (endsCapture(decodeChannelEvent(bytes, start, end), this.checkpointId)) return this.#end();
      assembler.forget();
    }
    return this.#look();
  }

  /** The barrier was announced: it stands in front of the payload that begins with frame `sequence`. Whether everything is there. */
  announced(sequence: number): boolean {
    this.#barrier = sequence;
    return this.#look();
  }

  #look(): boolean {
    if (this.#barrier === undefined || ((this.#parts.assembler.nextPayload - this.#barrier) | 0) < 0)
      return false;
    return this.#end();
  }

  #end(): true {
    this.#sink.end();
    return true;
  }
}
