import { createBatchCodec } from "../../common/codec/batch-codec.ts";
import type { ValueCodec } from "../../common/codec/frame-codec.ts";
import { collectMark } from "../../common/connector/collect-mark.ts";
import type { Sink, SinkWriter, SinkWriterContext } from "../../common/connector/sink.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";

/** Records are sent on when they are so many, or when the task has nothing more to do at the moment. */
const BATCH = 500;
/** The sink takes no more while the client has so many records yet to take. */
const MAX_BACKLOG = 5000;

/**
 * Hands records to the program that runs the job, in batches encoded by `createBatchCodec(type, channel)`. The client's pace is
 * the job's: what it doesn't take holds the sink back. With checkpoints the client is given records when they are part of a completed one, each
 * once; without them at once.
 *
 * @param channel names the results among those of the job
 * @example `counts.sinkTo(collectSink("counts"))`
 */
export function collectSink<T>(channel: string, type?: TypeInfo<T>): Sink<T> & { readonly channel: string } {
  return {
    name: "collect sink",
    channel,
    guarantee: "exactly-once",
    type,
    createWriter: (context) => new CollectWriter(context, channel, createBatchCodec(type, channel)),
  };
}

class CollectWriter<T> implements SinkWriter<T, never, unknown> {
  readonly #context: SinkWriterContext;
  readonly #channel: string;
  readonly #codec: ValueCodec<T[]>;
  readonly #send = (): void => this.#sendLater();
  #batch: T[] = [];
  #sending = false;
  #closed = false;

  constructor(context: SinkWriterContext, channel: string, codec: ValueCodec<T[]>) {
    this.#context = context;
    this.#channel = channel;
    this.#codec = codec;
  }

  get ready(): boolean {
    return this.#context.clientBacklog + this.#batch.length < MAX_BACKLOG;
  }

  write(value: T): void {
    this.#batch.push(value);
    if (this.#batch.length >= BATCH) {
      this.#sendBatch();
    } else if (!this.#sending) {
      this.#sending = true;
      this.#context.clock.yield(this.#send);
    }
  }

  flush(): void {
    this.#sendBatch();
  }

  /** Writes nothing down, and has no state to restore: what was sent by now is the client's when the checkpoint is complete. */
  snapshotState(checkpointId: number): readonly never[] {
    this.#context.sendToClient(this.#channel, collectMark(checkpointId), 0);
    return [];
  }

  close(): void {
    this.#closed = true;
  }

  /** From the event loop, where nobody catches what encoding throws. */
  #sendLater(): void {
    this.#sending = false;
    if (this.#closed) return;
    try {
      this.#sendBatch();
    } catch (error) {
      this.#context.fail(error);
    }
  }

  #sendBatch(): void {
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#batch = [];
    this.#context.sendToClient(this.#channel, this.#codec.encode(batch), batch.length);
  }
}
