import type { Sink, SinkWriterContext } from "../../common/connector/sink.ts";
import { refuseUnknownOptions, requireCount, requireOption } from "../base/options.ts";
import type { CreateSinkOptions } from "./create-sink-options.ts";
import { CustomSinkWriter } from "./custom-sink-writer.ts";

const OPTIONS = [
  "name",
  "open",
  "write",
  "writeBatch",
  "flush",
  "close",
  "batchSize",
  "linger",
  "maxBuffered",
  "guarantee",
  "maxParallelism",
] as const;

/**
 * A sink of one's own, from functions: `write` for what takes a record at once, `writeBatch` for what takes time. Records wait
 * in a bounded buffer; a slow `writeBatch` slows the job down, nothing is dropped. What one of the functions throws fails the job.
 *
 * At-least-once with checkpoints: when one is complete, all records before it were written and `flush` had returned; after a failure
 * records since the last one come again. Writes that are the same when repeated (an upsert by key) make that harmless.
 *
 * @throws MillraceError INVALID_OPTION, UNKNOWN_OPTION
 * @example
 * ```ts
 * const toDatabase = createSink({
 *   name: "orders table",
 *   open: () => connect(url),
 *   writeBatch: (orders: readonly Order[], db) => db.upsert("orders", orders),
 *   close: (db) => db.end(),
 *   batchSize: 1000,
 *   linger: 50,
 * });
 * orders.sinkTo(toDatabase);
 * ```
 */
export function createSink<T, R = undefined>(options: CreateSinkOptions<T, R>): Sink<T> {
  const { name, write, writeBatch, batchSize = 500, linger = 0 } = options;
  requireOption(typeof name === "string" && name !== "", "createSink", "name", "a name", name);
  refuseUnknownOptions(name, options, OPTIONS);
  const one = (write === undefined) !== (writeBatch === undefined);
  requireOption(one, name, "write", "either write or writeBatch, a function", write ?? writeBatch);
  requireCount(name, "batchSize", options.batchSize, 1);
  requireCount(name, "maxBuffered", options.maxBuffered, 1);
  requireCount(name, "maxParallelism", options.maxParallelism, 1);
  requireOption(Number.isFinite(linger) && linger >= 0, name, "linger", "a number of ms from 0 up", linger);
  const maxBuffered = options.maxBuffered ?? 4 * batchSize;
  return {
    name,
    guarantee: options.guarantee ?? "at-least-once",
    maxParallelism: options.maxParallelism,
    createWriter: (context: SinkWriterContext) =>
      new CustomSinkWriter(context, options, { batchSize, linger, maxBuffered }),
  };
}
