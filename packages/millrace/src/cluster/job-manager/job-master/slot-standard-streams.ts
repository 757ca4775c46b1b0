import type { StandardStreams } from "./standard-streams.ts";

/** Standard input and output of the process as its slots share them: credits of output for each slot, one reader of input. */
export class SlotStandardStreams {
  readonly #streams: StandardStreams;
  /** Bytes that were written, in all, by whoever wrote them. */
  readonly #written = new WeakMap<object, number[]>();
  #reader: ((chunk: Uint8Array | null) => void) | undefined;
  #reading = false;

  constructor(streams: StandardStreams) {
    this.#streams = streams;
  }

  /**
   * Writes for one slot.
   *
   * @param attempt - whose slot it is, @param taken - called with the bytes that were written for that slot, in all
   */
  write(
    stream: "stdout" | "stderr",
    bytes: Uint8Array,
    attempt: object,
    slot: number,
    taken: (bytes: number) => void,
  ): void {
    this.#streams.write(stream, bytes, () => {
      const written = this.#written.get(attempt) ?? [];
      this.#written.set(attempt, written);
      written[slot] = (written[slot] ?? 0) + bytes.byteLength;
      taken(written[slot]);
    });
  }

  /** The next chunk of input. Who asks while a read is underway gets its chunk: the one who asked before has failed. */
  read(chunk: (bytes: Uint8Array | null) => void): void {
    this.#reader = chunk;
    if (this.#reading) return;
    this.#reading = true;
    this.#streams.read((bytes) => {
      this.#reading = false;
      const reader = this.#reader;
      this.#reader = undefined;
      reader?.(bytes);
    });
  }
}
