import { arg, generatorSource, job, Types, WatermarkStrategy } from "millrace";
import type { Sink } from "millrace";

/** Takes one record, then nothing for a while. */
const slowSink: Sink<unknown> = {
  name: "slow sink",
  guarantee: "none",
  createWriter(context) {
    let ready = true;
    return {
      get ready() {
        return ready;
      },
      write() {
        ready = false;
        context.clock.schedule(2, () => {
          ready = true;
          context.wakeUp();
        });
      },
      flush() {},
      close() {},
    };
  },
};

/** An endless source that is far faster than its sink, with records of about 1 kB, each of which becomes several. */
export default job(import.meta, "slow-sink", { args: { fan: arg.int() } }, (env, { fan }) => {
  const Parcel = Types.object({ id: Types.int, payload: Types.string });
  const payload = "x".repeat(1000);
  env
    .fromSource(
      generatorSource({ generate: (id) => ({ id, payload }) }),
      WatermarkStrategy.noWatermarks<{ id: number; payload: string }>(),
      "parcels",
    )
    .flatMap((parcel) => Array.from({ length: fan }, () => parcel))
    .returns(Parcel)
    .keyBy((parcel) => parcel.id)
    .filter(() => true)
    .sinkTo(slowSink);
});
