import type { ByteInput } from "../../common/connector/source.ts";
import type { ByteStream, StreamPiece } from "./byte-stream.ts";

/** Standard input as a stream of pieces. */
export class StdinStream implements ByteStream {
  readonly #input: ByteInput;
  #onReadable: (() => void) | undefined;
  #closed = false;

  constructor(input: ByteInput) {
    this.#input = input;
    input.onReadable(() => this.#onReadable?.());
  }

  async read(): Promise<StreamPiece> {
    for (;;) {
      const bytes = this.#input.read();
      if (bytes === null) return { kind: "end" };
      if (bytes !== undefined) return { kind: "bytes", bytes };
      await new Promise<void>((resolve) => {
        this.#onReadable = resolve;
      });
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#input.close();
  }
}
