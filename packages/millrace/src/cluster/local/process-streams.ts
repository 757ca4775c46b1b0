import type { StandardStreams } from "../job-manager/job-master/standard-streams.ts";

/** The real standard streams of this process. */
export class ProcessStreams implements StandardStreams {
  #reader: AsyncIterator<Uint8Array> | undefined;

  write(stream: "stdout" | "stderr", bytes: Uint8Array, written: () => void): void {
    process[stream].write(bytes, () => written());
  }

  read(chunk: (bytes: Uint8Array | null) => void): void {
    this.#reader ??= (process.stdin as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    this.#reader.next().then(
      (result) => chunk(result.done === true ? null : result.value),
      () => chunk(null),
    );
  }

  close(): void {
    if (this.#reader === undefined) return;
    process.stdin.destroy();
  }
}
