import type { StandardStreams } from "./standard-streams.ts";

/** Standard input and output of the process as its slots share them: credits of output for each slot, one reading of input. */
export class SlotStandardStreams {
  readonly #streams: StandardStreams;
  /** Bytes that were written, in all, by whoever wrote them. */
  readonly #written = new WeakMap<object, number[]>();
  readonly #readers: { readonly chunk: (bytes: Uint8Array | null) => void; readonly alive: () => boolean }[] =
    [];
  /** Came when nobody wanted it any more. */
  readonly #unread: (Uint8Array | null)[] = [];
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

  /**
   * The next chunk of input for a task. What comes for one that has failed meanwhile goes to who asks next.
   *
   * @param alive whether the task still wants it
   */
  read(chunk: (bytes: Uint8Array | null) => void, alive: () => boolean): void {
    this.#readers.push({ chunk, alive });
    this.#serve();
  }

  #serve(): void {
    while (this.#readers[0]?.alive() === false) this.#readers.shift();
    const [reader] = this.#readers;
    if (reader === undefined || this.#reading) return;
    const left = this.#unread.shift();
    if (left !== undefined) {
      this.#readers.shift();
      reader.chunk(left);
      this.#serve();
      return;
    }
    this.#reading = true;
    this.#streams.read((bytes) => {
      this.#reading = false;
      this.#unread.push(bytes);
      this.#serve();
    });
  }
}
