import { hrtime } from "node:process";
import { arg, job, PollStatus, Types, WatermarkStrategy } from "millrace";
import type { ReaderOutput, Sink, Source } from "millrace";

const Ping = Types.object({ key: Types.int, sentAt: Types.double });

/** Milliseconds of a clock that all threads of the process share. */
const now = (): number => {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
};

/** Sends one record every `pause` ms: between two of them, everything is idle. */
const pings = (count: number, pause: number): Source<{ key: number; sentAt: number }> => ({
  name: "pings",
  boundedness: "bounded",
  guarantee: "at-most-once",
  maxParallelism: 1,
  createEnumerator: () => ({
    start() {},
    addReader() {},
    handleSplitRequest() {},
    addSplitsBack() {},
    snapshotState: () => ({}),
    close() {},
  }),
  createReader(context) {
    let due = false;
    let sent = 0;
    const again = (): void => {
      due = true;
      context.wakeUp();
    };
    return {
      start: () => void context.clock.schedule(200, again),
      pollNext(output: ReaderOutput<{ key: number; sentAt: number }>) {
        if (!due) return PollStatus.NOTHING;
        due = false;
        output.collect({ key: sent, sentAt: now() });
        if (++sent === count) return PollStatus.END;
        context.clock.schedule(pause, again);
        return PollStatus.NOTHING;
      },
      addSplits() {},
      notifyNoMoreSplits() {},
      snapshotState: () => [],
      close() {},
    };
  },
});

/** Prints how long records took, as one line of JSON at the end. */
const stopwatch = (): Sink<{ key: number; sentAt: number }> => ({
  name: "stopwatch",
  guarantee: "none",
  createWriter(context) {
    const times: number[] = [];
    return {
      ready: true,
      write: ({ sentAt }) => void times.push(now() - sentAt),
      flush(end) {
        if (end) context.stdout(new TextEncoder().encode(JSON.stringify(times)));
      },
      close() {},
    };
  },
});

/** From a source in one thread over a keyed shuffle to a sink in another. */
export default job(
  import.meta,
  "latency",
  { args: { records: arg.int(), pause: arg.int() } },
  (env, args) => {
    env
      .fromSource(pings(args.records, args.pause), WatermarkStrategy.noWatermarks(), "pings")
      .returns(Ping)
      .setParallelism(1)
      .slotSharingGroup("source")
      .keyBy((p) => p.key)
      .map((p) => p)
      .setParallelism(1)
      .slotSharingGroup("sink")
      .sinkTo(stopwatch())
      .setParallelism(1)
      .slotSharingGroup("sink");
  },
);
