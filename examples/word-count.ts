/*
 * Word count: the most frequent words of what comes in by standard input.
 *
 * Shows: standard input as a source, flatMap, keyBy, a window that ends with the input, a second stage that sees the
 * results of all keys, standard output as a sink.
 *
 *   cat README.md | npx millrace run examples/word-count.ts
 *   cat README.md | npx millrace run examples/word-count.ts -- --top 3
 */
import { arg, GlobalWindows, job, printSink, stdinSource, WatermarkStrategy } from "millrace";

export default job(
  import.meta,
  "word count",
  {
    description: "Counts the words of standard input",
    args: { top: arg.int().default(20).describe("how many words to show") },
  },
  (env, args) => {
    env
      .fromSource(stdinSource(), WatermarkStrategy.noWatermarks(), "standard input")
      .flatMap((line) => line.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])
      .name("words")

      // One window for each word that holds everything and fires when the input has ended. Only its count is kept.
      .keyBy((word) => word)
      .window(GlobalWindows.createWithEndOfStreamTrigger())
      .aggregate(
        (a) => a.count(),
        (word, _window, count) => ({ word, count }),
      )
      .name("count")

      // Words were counted in parallel; the order among all of them needs one place that sees them.
      .windowAll(GlobalWindows.createWithEndOfStreamTrigger())
      .apply((_window, counts) =>
        [...counts].sort((a, b) => b.count - a.count || (a.word < b.word ? -1 : 1)).slice(0, args.top),
      )
      .name("order")
      .sinkTo(printSink({ format: ({ word, count }) => `${String(count).padStart(8)}  ${word}` }))
      // Several subtasks would print the ordered words in any order.
      .setParallelism(1);
  },
);
