import { appendFileSync } from "node:fs";
import { arg, generatorSource, job, Types, valueState, WatermarkStrategy } from "millrace";
import type { Sink } from "millrace";

const Beat = Types.object({ key: Types.int, fill: Types.boolean });

/** Appends the time to a file whenever something comes, once a millisecond at most: its gaps are the pauses of the job. */
const clockSink = (path: string): Sink<number> => ({
  name: "clock",
  guarantee: "none",
  createWriter() {
    let last = 0;
    return {
      ready: true,
      write() {
        const now = Date.now();
        if (now === last) return;
        last = now;
        appendFileSync(path, `${now}\n`);
      },
      flush() {},
      close() {},
    };
  },
});

/** State of about `megabytes` MB in values of 1 kB; then beats, a thousand a second, which read and write it. */
export default job(
  import.meta,
  "beats",
  { args: { output: arg.path(), megabytes: arg.int() } },
  (env, { output, megabytes }) => {
    const keys = Math.max(1000, megabytes * 1000);
    const none = WatermarkStrategy.noWatermarks<{ key: number; fill: boolean }>();
    const filling = env
      .fromSource(
        generatorSource({ count: keys, schema: Beat, generate: (key) => ({ key, fill: true }) }),
        none,
        "filling",
      )
      .uid("filling");
    env
      .fromSource(
        generatorSource({
          ratePerSecond: 1000,
          schema: Beat,
          generate: (i) => ({ key: (i * 7919) % keys, fill: false }),
        }),
        none,
        "beats",
      )
      .uid("beats")
      .union(filling)
      .keyBy((beat) => beat.key)
      .process({
        output: Types.int,
        state: { value: valueState(Types.string) },
        onRecord({ key, fill }, ctx) {
          ctx.state.value.update(`${key} `.padEnd(1000, String(key)));
          if (!fill) ctx.collect(key);
        },
      })
      .uid("values")
      .sinkTo(clockSink(output))
      .uid("clock");
  },
);
