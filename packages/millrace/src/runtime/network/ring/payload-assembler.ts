import { MillraceError } from "../../../common/errors/millrace-error.ts";
import {
  FIRST_FRAGMENT,
  FRAME_HEADER_BYTES,
  FrameKind,
  LAST_FRAGMENT,
  WHOLE,
  emptyFrameHeader,
  readFrameHeader,
} from "../../../protocol/frame-header.ts";
import type { FrameSlots } from "./frame-slots.ts";
import type { RingChannel } from "./ring-descriptor.ts";

/** What a frame turned out to be. */
export const FrameRead = {
  /** Of another attempt: nothing. */
  STALE: 0,
  /** A part of a payload; its bytes have been copied. */
  PART: 1,
  /** The last part of a payload, which is in memory of its own. */
  COMPLETED: 2,
  /** A payload of its own, which lies in the frame's slot. */
  IN_SLOT: 3,
} as const;
export type FrameRead = (typeof FrameRead)[keyof typeof FrameRead];

/** What an assembler needs to know of its channel. */
export interface AssemblerOptions {
  readonly channel: RingChannel;
  readonly attempt: number;
  /** The slot's own pool. */
  readonly pool: Uint8Array;
  /** Bytes of the largest payload. */
  readonly maxRecordBytes: number;
}

/** Reads a channel's frames in order: drops those of another attempt, refuses gaps, puts fragments together. Frees nothing. */
export class PayloadAssembler {
  /** The payload after COMPLETED or IN_SLOT: `bytes[start, end)`. */
  kind: FrameKind = FrameKind.DATA;
  bytes: Uint8Array;
  start = 0;
  end = 0;
  /** Records and watermarks in it. */
  elements = 0;
  readonly #options: AssemblerOptions;
  readonly #view: DataView;
  readonly #header = emptyFrameHeader();
  /** The next frame's. */
  #sequence = 0;
  #assembly: Uint8Array | undefined;
  #assembled = 0;
  /** The sequence number of the payload that is being put together. */
  #assemblySequence = 0;

  constructor(options: AssemblerOptions) {
    const { pool } = options;
    this.#options = options;
    this.#view = new DataView(pool.buffer, pool.byteOffset, pool.byteLength);
    this.bytes = pool;
  }

  /** The sequence number of the first frame of the next payload, of which parts may have been read. */
  get nextPayload(): number {
    return this.#assembly === undefined ? this.#sequence : this.#assemblySequence;
  }

  /** The payload is not needed any more. */
  forget(): void {
    this.bytes = this.#options.pool;
  }

  /** Another one that stands where this one does. */
  fork(): PayloadAssembler {
    const fork = new PayloadAssembler(this.#options);
    fork.#sequence = this.#sequence;
    fork.#assembly = this.#assembly === undefined ? undefined : Uint8Array.from(this.#assembly);
    fork.#assembled = this.#assembled;
    fork.#assemblySequence = this.#assemblySequence;
    return fork;
  }

  /** Reads the next frame, which lies in the current slot of `slots`. Throws PROTOCOL_VIOLATION; the channel is of no use then. */
  read(kind: FrameKind, slots: FrameSlots): FrameRead {
    const { channel, attempt, maxRecordBytes, pool } = this.#options;
    const header = this.#header;
    const payload = slots.bytes - FRAME_HEADER_BYTES;
    readFrameHeader(
      this.#view,
      slots.offset,
      slots.offset + slots.bytes,
      { payload, total: maxRecordBytes },
      header,
    );
    if (header.attempt !== attempt) return FrameRead.STALE;
    if (header.channel !== channel.id)
      throw this.#violation("a frame of the channel", `one of channel ${header.channel}`);
    if (header.kind !== kind) throw this.#violation(`a frame of kind ${kind}`, `kind ${header.kind}`);
    if (header.sequence !== this.#sequence) {
      throw this.#violation(`frame ${this.#sequence}`, `frame ${header.sequence}: frames are missing`);
    }
    this.#sequence = (this.#sequence + 1) >>> 0;
    const start = slots.offset + FRAME_HEADER_BYTES;
    if (header.flags !== WHOLE) return this.#assemble(kind, start);
    if (this.#assembly !== undefined) throw this.#violation("the next fragment", "a whole payload");
    this.kind = kind;
    this.bytes = pool;
    this.start = start;
    this.end = start + header.length;
    this.elements = header.elements;
    return FrameRead.IN_SLOT;
  }

  #assemble(kind: FrameKind, start: number): FrameRead {
    const { flags, length, total, elements, sequence } = this.#header;
    if ((flags & FIRST_FRAGMENT) !== 0) {
      if (this.#assembly !== undefined) throw this.#violation("the next fragment", "a first one");
      this.#assembly = new Uint8Array(total);
      this.#assembled = 0;
      this.#assemblySequence = sequence;
    }
    const assembly = this.#assembly;
    if (assembly?.length !== total)
      throw this.#violation("a fragment of the payload begun", `one of ${total} bytes`);
    const end = this.#assembled + length;
    if (end > total || ((flags & LAST_FRAGMENT) !== 0) !== (end === total)) {
      throw this.#violation(`fragments of ${total} bytes in all`, `${end} bytes with flags ${flags}`);
    }
    assembly.set(this.#options.pool.subarray(start, start + length), this.#assembled);
    this.#assembled = end;
    if (end < total) return FrameRead.PART;
    this.#assembly = undefined;
    this.kind = kind;
    this.bytes = assembly;
    this.start = 0;
    this.end = total;
    this.elements = elements;
    return FrameRead.COMPLETED;
  }

  #violation(expected: string, came: string): MillraceError {
    const { id } = this.#options.channel;
    return new MillraceError("PROTOCOL_VIOLATION", `channel ${id}: expected ${expected}, got ${came}`, {
      details: { channel: id },
    });
  }
}
