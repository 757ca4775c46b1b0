import type { StandardStreams } from "../../cluster/job-manager/job-master/standard-streams.ts";
import type { Screen } from "./screen.ts";

/** The standard streams as a job gets them: what it prints goes over the screen, around the live line. */
export class ScreenStreams implements StandardStreams {
  readonly #inner: StandardStreams;
  readonly #screen: Screen;
  readonly #onRead: () => void;
  #reading = false;

  /**
   * @param inner reads standard input
   * @param onRead called once, when the job reads standard input for the first time
   */
  constructor(inner: StandardStreams, screen: Screen, onRead: () => void) {
    this.#inner = inner;
    this.#screen = screen;
    this.#onRead = onRead;
  }

  write(stream: "stdout" | "stderr", bytes: Uint8Array, written: () => void): void {
    this.#screen.pass(stream, bytes, written);
  }

  read(chunk: (bytes: Uint8Array | null) => void): void {
    if (!this.#reading) {
      this.#reading = true;
      this.#onRead();
    }
    this.#inner.read(chunk);
  }

  close(): void {
    this.#inner.close();
  }
}
