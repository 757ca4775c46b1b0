import type { Timestamp } from "../../common/time/timestamps.ts";

/**
 * Takes the elements that a barrier overtakes in one channel, in order: as blocks of the edge's codec, as they lie in frames, or one by one.
 *
 * Duties of the channel: calls come between two records of its task, on its thread.
 * Duties of the sink: takes everything, at once and without throwing; what goes wrong is told where the sink's result is waited for.
 */
export interface InFlightSink {
  /**
   * The elements of the block in `bytes[start, end)` but the first `skip`, which the reader has taken. `elements` are all of the block's.
   * Perhaps shared memory: copied before the call returns.
   */
  block(bytes: Uint8Array, start: number, end: number, elements: number, skip: number): void;
  record(value: unknown, timestamp: Timestamp): void;
  watermark(watermark: Timestamp): void;
  /**
   * From here on: elements that were in flight at an earlier checkpoint already, in that round of its; undefined: at this one. Said by
   * channels that replay them.
   */
  since(round: number | undefined): void;
  /** That was all. Said by `InputChannel.capture` only, and once. */
  end(): void;
}
