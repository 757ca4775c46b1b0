import { ElementKind } from "../../common/codec/frame-codec.ts";
import type { ChannelEvent } from "../../protocol/channel-event.ts";
import type { ElementQueue } from "./element-queue.ts";
import { EVENT } from "./element-queue.ts";
import type { InFlightSink } from "./in-flight-sink.ts";

/**
 * A capture of a local channel (see `InputChannel.capture`): copies what is in the queue when it is told to catch up, each element once.
 * The reader says how many elements it has taken since.
 */
export class QueueCapture {
  readonly #queue: ElementQueue;
  readonly #checkpointId: number;
  readonly #sink: InFlightSink;
  /** Elements at the front of the queue that have been copied. */
  #copied = 0;

  constructor(queue: ElementQueue, checkpointId: number, sink: InFlightSink) {
    this.#queue = queue;
    this.#checkpointId = checkpointId;
    this.#sink = sink;
  }

  /** The reader has taken elements, all of them copied before. */
  taken(count: number): void {
    this.#copied -= count;
  }

  /**
   * Copies what has arrived. Whether the barrier has, and the sink was told so.
   *
   * @param taken elements that the reader has taken and not told of yet
   */
  catchUp(taken: number): boolean {
    const queue = this.#queue;
    for (let index = this.#copied - taken; index < queue.size; index++) {
      const kind = queue.kindAt(index);
      if (kind === ElementKind.RECORD) this.#sink.record(queue.valueAt(index), queue.timestampAt(index));
      else if (kind === ElementKind.WATERMARK) this.#sink.watermark(queue.timestampAt(index));
      else if (kind === EVENT && endsCapture(queue.valueAt(index) as ChannelEvent, this.#checkpointId)) {
        this.#sink.end();
        return true;
      }
    }
    this.#copied = queue.size + taken;
    return false;
  }
}

/** Whether nothing behind this event belongs to the checkpoint. */
export function endsCapture(event: ChannelEvent, checkpointId: number): boolean {
  return event.kind === "endOfPartition" || (event.kind === "barrier" && event.checkpointId >= checkpointId);
}
