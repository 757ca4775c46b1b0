import type { Clock } from "../../../../common/clock/clock.ts";
import type { SendToMain } from "../slots/port-slots.ts";
import type { StandardStreams } from "../standard-streams.ts";

/** What a job prints goes to its JobManager's output; standard input is at its end, as there is nobody who types. */
export class PortStreams implements StandardStreams {
  readonly #send: SendToMain;
  readonly #clock: Clock;

  constructor(send: SendToMain, clock: Clock) {
    this.#send = send;
    this.#clock = clock;
  }

  write(stream: "stdout" | "stderr", bytes: Uint8Array, written: () => void): void {
    // A view of a larger buffer would take all of it along.
    const own = new Uint8Array(bytes);
    this.#send({ type: "output", stream, bytes: own }, [own.buffer]);
    this.#clock.yield(written);
  }

  read(chunk: (bytes: Uint8Array | null) => void): void {
    this.#clock.yield(() => chunk(null));
  }

  close(): void {}
}
