import type { ByteSink } from "./container-writer.ts";

/** Gathers bytes in memory. */
export class ByteList implements ByteSink {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  write(bytes: Uint8Array): void {
    // Not `slice`, which copies nothing of a Buffer.
    this.#chunks.push(new Uint8Array(bytes));
    this.#length += bytes.length;
  }

  /** All bytes, in a buffer of their own. */
  join(): Uint8Array<ArrayBuffer> {
    const joined = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    return joined;
  }
}
