import type { Sink } from "../../common/connector/sink.ts";

/**
 * Takes records and forgets them: for benchmarks, and where only side effects of a program count.
 *
 * @example `stream.sinkTo(discardSink())`
 */
export function discardSink<T = unknown>(): Sink<T> {
  return {
    name: "discard sink",
    guarantee: "none",
    createWriter: () => ({
      ready: true,
      write() {
        // Forgotten.
      },
      flush() {
        // Nothing is kept.
      },
      close() {
        // Nothing is held.
      },
    }),
  };
}
