import type { StandardStreams } from "../cluster/job-manager/job-master/standard-streams.ts";

/** Standard streams that are texts. */
export class TextStreams implements StandardStreams {
  stdout = "";
  stderr = "";
  #stdin: Uint8Array | null;
  readonly #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };

  /** @param stdin what is read from standard input, once */
  constructor(stdin: string) {
    this.#stdin = stdin === "" ? null : new TextEncoder().encode(stdin);
  }

  write(stream: "stdout" | "stderr", bytes: Uint8Array, written: () => void): void {
    this[stream] += this.#decoders[stream].decode(bytes, { stream: true });
    queueMicrotask(written);
  }

  read(chunk: (bytes: Uint8Array | null) => void): void {
    const bytes = this.#stdin;
    this.#stdin = null;
    queueMicrotask(() => chunk(bytes));
  }

  close(): void {}

  /** A line of a job's log. */
  note(line: string): void {
    this.stderr += line;
  }
}
