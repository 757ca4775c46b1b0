import type { StandardStreams } from "./standard-streams.ts";

const NEWLINE = 10;

/** A task that wants the next chunk of input. */
interface InputReader {
  readonly chunk: (bytes: Uint8Array | null) => void;
  readonly alive: () => boolean;
  /** Whose chunks these are: of one attempt. */
  readonly attempt: object;
  readonly resumed: boolean;
}

/** Standard input and output of the process as its slots share them: credits of output for each slot, one reading of input. */
export class SlotStandardStreams {
  readonly #streams: StandardStreams;
  /** Bytes that were written, in all, by whoever wrote them. */
  readonly #written = new WeakMap<object, number[]>();
  readonly #readers: InputReader[] = [];
  /** Came when nobody wanted it any more. */
  readonly #unread: (Uint8Array | null)[] = [];
  #reading = false;
  /** The attempt that was handed the last chunk. */
  #reader: object | undefined;
  /** Whether a line begins with the next chunk. */
  #lineBegins = true;

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
   * A task of a later attempt takes what it is handed first for the rest of a line, whose beginning an earlier one has had. Where that one had
   * whole lines, the end of the last comes again, so that no line is lost which nobody has seen.
   *
   * @param reader `alive`: whether the task still wants it; `attempt`: the attempt it is of; `resumed`: whether that is a later one
   */
  read(
    chunk: (bytes: Uint8Array | null) => void,
    reader: { readonly alive: () => boolean; readonly attempt: object; readonly resumed: boolean },
  ): void {
    this.#readers.push({ ...reader, chunk });
    this.#serve();
  }

  #serve(): void {
    while (this.#readers[0]?.alive() === false) this.#readers.shift();
    const [reader] = this.#readers;
    if (reader === undefined || this.#reading) return;
    const left = this.#unread.shift();
    if (left !== undefined) {
      this.#readers.shift();
      reader.chunk(left === null ? null : this.#handed(left, reader));
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

  #handed(bytes: Uint8Array, { attempt, resumed }: InputReader): Uint8Array {
    const again = resumed && this.#lineBegins && attempt !== this.#reader;
    this.#reader = attempt;
    if (bytes.length > 0) this.#lineBegins = bytes.at(-1) === NEWLINE;
    return again ? Buffer.concat([Uint8Array.of(NEWLINE), bytes]) : bytes;
  }
}
