import type { InputChannel } from "./channel.ts";

/**
 * All input channels of one task. Hands out readable channels in turn; a channel blocked by alignment is passed over, and keeps its
 * frames and its place.
 */
export class InputGate {
  readonly channels: readonly InputChannel[];
  /** Told when a channel becomes readable while none was. */
  onReadable: (() => void) | undefined;

  /** Readable channels in turn: a ring of indices, each at most once. */
  readonly #queue: Int32Array;
  readonly #queued: Uint8Array;
  readonly #blocked: Uint8Array;
  #first = 0;
  #count = 0;

  constructor(channels: readonly InputChannel[]) {
    this.channels = channels;
    this.#queue = new Int32Array(channels.length);
    this.#queued = new Uint8Array(channels.length);
    this.#blocked = new Uint8Array(channels.length);
    for (const channel of channels) {
      channel.onReadable = () => this.#enqueue(channel.index);
      if (isReadable(channel)) this.#enqueue(channel.index);
    }
  }

  /** Whether `next` would answer. */
  get readable(): boolean {
    return this.#count > 0;
  }

  /** The next readable channel, or undefined. It loses its turn: call `again` when it has more. Throws a channel's failure. */
  next(): InputChannel | undefined {
    while (this.#count > 0) {
      const index = this.#queue[this.#first] as number;
      this.#first = this.#first + 1 === this.#queue.length ? 0 : this.#first + 1;
      this.#count--;
      this.#queued[index] = 0;
      const channel = this.channels[index] as InputChannel;
      if (channel.head() !== "none") return channel;
    }
    return undefined;
  }

  /** The channel goes to the end of the queue, if it has anything. */
  again(channel: InputChannel): void {
    if (isReadable(channel)) this.#enqueue(channel.index);
  }

  /** Passes the channel over until it is unblocked: it waits for its siblings' barriers. */
  block(channel: InputChannel): void {
    this.#blocked[channel.index] = 1;
    if (this.#queued[channel.index] === 1) this.#dequeue(channel.index);
  }

  /** Lets all blocked channels take part again. */
  unblockAll(): void {
    for (const channel of this.channels) {
      if (this.#blocked[channel.index] === 0) continue;
      this.#blocked[channel.index] = 0;
      this.again(channel);
    }
  }

  close(): void {
    for (const channel of this.channels) channel.close();
  }

  /** Takes a channel out of the queue; the others keep their order. */
  #dequeue(index: number): void {
    for (let left = this.#count; left > 0; left--) {
      const other = this.#queue[this.#first] as number;
      this.#first = this.#first + 1 === this.#queue.length ? 0 : this.#first + 1;
      this.#count--;
      if (other !== index) this.#append(other);
    }
    this.#queued[index] = 0;
  }

  #enqueue(index: number): void {
    if (this.#queued[index] === 1 || this.#blocked[index] === 1) return;
    this.#queued[index] = 1;
    this.#append(index);
    if (this.#count === 1) this.onReadable?.();
  }

  #append(index: number): void {
    const at = this.#first + this.#count;
    this.#queue[at >= this.#queue.length ? at - this.#queue.length : at] = index;
    this.#count++;
  }
}

/** A failed channel is readable: whoever takes it finds out. */
function isReadable(channel: InputChannel): boolean {
  try {
    return channel.head() !== "none";
  } catch {
    return true;
  }
}
