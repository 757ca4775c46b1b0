import { hrtime } from "node:process";
import { arg, job, PollStatus, Types, valueState, WatermarkStrategy } from "millrace";
import type { ReaderOutput, Sink, Source } from "millrace";

const Ping = Types.object({ key: Types.int, sentAt: Types.double });

/** Milliseconds of a clock that all threads of the process share. */
const now = (): number => {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
};

/** One record for each key, as fast as they are taken; then `count` records, one each ms, which say when they were sent. */
const pings = (keys: number, count: number): Source<{ key: number; sentAt: number }> => ({
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
    let filled = 0;
    let sent = 0;
    let started: number | undefined;
    return {
      start() {},
      pollNext(output: ReaderOutput<{ key: number; sentAt: number }>, limit) {
        for (let i = 0; i < limit && filled < keys && !output.blocked; i++)
          output.collect({ key: filled++, sentAt: 0 });
        if (filled < keys) return PollStatus.MORE;
        // The records' times are those of the schedule: one that is sent late counts as having waited.
        started ??= now() + 500;
        for (let at = started + sent; at <= now() && sent < count; at = started + sent)
          output.collect({ key: (sent++ * 7919) % keys, sentAt: at });
        if (sent === count) return PollStatus.END;
        context.clock.schedule(1, () => context.wakeUp());
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
const stopwatch = (): Sink<number> => ({
  name: "stopwatch",
  guarantee: "none",
  createWriter(context) {
    const times: number[] = [];
    let printed = false;
    return {
      ready: true,
      write: (sentAt) => void times.push(now() - sentAt),
      flush(end) {
        if (!end || printed) return;
        printed = true;
        context.stdout(new TextEncoder().encode(JSON.stringify(times)));
      },
      close() {},
    };
  },
});

/** How long records wait while state of `keys` keys is checkpointed: from a source in one thread to keyed state in another. */
export default job(import.meta, "pause", { args: { keys: arg.int(), records: arg.int() } }, (env, args) => {
  env
    .fromSource(pings(args.keys, args.records), WatermarkStrategy.noWatermarks(), "pings")
    .returns(Ping)
    .setParallelism(1)
    .slotSharingGroup("source")
    .keyBy((p) => p.key)
    .process({
      output: Types.double,
      state: { sum: valueState(Types.object({ n: Types.int, last: Types.double })) },
      onRecord(ping, ctx) {
        ctx.state.sum.mutate(
          (sum) => {
            sum.n++;
            sum.last = ping.sentAt;
          },
          () => ({ n: 0, last: 0 }),
        );
        if (ping.sentAt > 0) ctx.collect(ping.sentAt);
      },
    })
    .setParallelism(1)
    .slotSharingGroup("state")
    .sinkTo(stopwatch())
    .setParallelism(1)
    .slotSharingGroup("state");
});
