/* A plan with a declared type, a shuffle, a side output and an operator of two inputs. */
import { EventTimeSessionWindows, generatorSource, job, minutes, Types, WatermarkStrategy } from "millrace";

const Reading = Types.object({ sensor: Types.string, value: Types.double, at: Types.timestamp });

export default job(import.meta, "keyed", { description: "Sessions of sensors" }, (env) => {
  const sessions = env
    .fromSource(
      generatorSource({
        count: 100,
        generate: (n) => ({ sensor: `s${n % 3}`, value: n, at: n * 1000 }),
        schema: Reading,
      }),
      WatermarkStrategy.forMonotonousTimestamps<{ at: number }>().withTimestamps((reading) => reading.at),
      "readings",
    )
    .filter((reading) => reading.value >= 0)
    .name("valid")
    .keyBy((reading) => reading.sensor)
    .window(EventTimeSessionWindows.withGap(minutes(1)))
    .sideOutputLateData()
    .aggregate((a) => ({ n: a.count() }))
    .name("sessions")
    .uid("sessions");
  sessions
    .connect(sessions.sideOutputs.late)
    .map(
      (session) => `session of ${session.n}`,
      (late) => `late ${late.sensor}`,
    )
    .name("tell")
    .setParallelism(1)
    .print()
    .setParallelism(1);
});
