import type { ChannelSnapshot } from "../../../protocol/control/snapshots.ts";
import type { InFlightSink } from "../../network/in-flight-sink.ts";
import type { StateFiles } from "../storage/state-files.ts";
import type { ChannelPlace } from "./channel-place.ts";
import { ChannelStateWriter } from "./channel-state-writer.ts";

/**
 * The records in flight that one task saves for one checkpoint. It is whole when each sink that was given out has been ended, and no
 * further one will be asked for.
 */
export class InFlightSnapshot {
  readonly #checkpointId: number;
  readonly #files: StateFiles;
  readonly #writers: ChannelStateWriter[] = [];
  readonly #sealed = Promise.withResolvers<void>();
  #isSealed = false;
  #aborted = false;

  constructor(checkpointId: number, files: StateFiles) {
    this.#checkpointId = checkpointId;
    this.#files = files;
  }

  /** Where a channel gives what it has on its way, on one side of it. */
  sink(place: ChannelPlace, side: ChannelSnapshot["side"]): InFlightSink {
    const writer = new ChannelStateWriter(place, side, this.#checkpointId, this.#files);
    if (this.#aborted) writer.abort();
    else this.#writers.push(writer);
    return writer;
  }

  /** Whether it is up to others, who have to let records or barriers pass, that it isn't whole. */
  get waits(): boolean {
    return !this.#isSealed || this.#writers.some(({ over }) => !over);
  }

  /** No further sink will be asked for. */
  seal(): void {
    this.#isSealed = true;
    this.#sealed.resolve();
  }

  /** All of it, written. @throws what went wrong first: CHECKPOINT_STORAGE_FAILED, and what encoding records throws */
  async written(): Promise<readonly ChannelSnapshot[]> {
    await this.#sealed.promise;
    const parts = await Promise.all(this.#writers.map(({ done }) => done));
    return parts.filter((part) => part !== undefined);
  }

  /** Gives up, and removes what was written. `written` may never settle. */
  abort(): void {
    this.#aborted = true;
    for (const writer of this.#writers.splice(0)) writer.abort();
  }
}
