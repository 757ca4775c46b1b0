/** The frame slots (or event slots) of a channel, used one after the other, over and over. */
export class FrameSlots {
  /** Bytes of a slot, header included. */
  readonly bytes: number;
  /** How many there are: the channel's credit when all are free. */
  readonly count: number;
  /** Where the current slot begins. */
  offset: number;
  readonly #first: number;
  readonly #end: number;

  constructor(offset: number, bytes: number, count: number) {
    this.bytes = bytes;
    this.count = count;
    this.offset = offset;
    this.#first = offset;
    this.#end = offset + bytes * count;
  }

  /** The same slots, from the current one on. */
  fork(): FrameSlots {
    const fork = new FrameSlots(this.#first, this.bytes, this.count);
    fork.offset = this.offset;
    return fork;
  }

  advance(): void {
    this.offset += this.bytes;
    if (this.offset === this.#end) this.offset = this.#first;
  }
}
