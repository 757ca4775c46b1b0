/*
 * Enrichment by broadcast state: each reading of a sensor gets the room that the sensor hangs in. The list of sensors is
 * a stream of its own; each of its records goes to all subtasks, which keep the whole list. Readings that come before
 * their sensor is known wait for it; those of sensors that nobody knows go to a side output after ten minutes.
 *
 * Shows: broadcast state, keyed state, event-time timers, side outputs, one function over two streams.
 *
 *   npx millrace run examples/enrichment.ts
 */
import { join } from "node:path";
import {
  arg,
  fileSource,
  job,
  listState,
  mapState,
  minutes,
  outputTag,
  printSink,
  Types,
  WatermarkStrategy,
  type TypeOf,
} from "millrace";

const Reading = Types.object({ sensor: Types.string, celsius: Types.double, at: Types.timestamp });
const Sensor = Types.object({ id: Types.string, room: Types.string });
const Measurement = Types.object({
  room: Types.string,
  sensor: Types.string,
  celsius: Types.double,
  at: Types.timestamp,
});

const measured = (reading: TypeOf<typeof Reading>, room: string): TypeOf<typeof Measurement> => ({
  room,
  ...reading,
});

const data = (file: string): string => join(import.meta.dirname, "data", file);

export default job(
  import.meta,
  "enrichment",
  {
    description: "Readings of sensors, with the rooms that they hang in",
    args: {
      readings: arg.path().default(data("readings.jsonl")).describe("readings, as JSON lines"),
      sensors: arg.path().default(data("sensors.csv")).describe("the list of sensors, as CSV"),
    },
  },
  (env, args) => {
    const readings = env.fromSource(
      fileSource({ path: args.readings, format: "jsonl", schema: Reading }),
      WatermarkStrategy.forBoundedOutOfOrderness(minutes(1)).withTimestamps((reading) => reading.at),
      "readings",
    );
    const sensors = env
      .fromSource(
        fileSource({ path: args.sensors, format: "csv", schema: Sensor }),
        // No event time of its own. Watermarks of both inputs are joined by the lower one, so event time begins to pass
        // when the whole list was read; a list that never ends would be declared idle instead, by withIdleness.
        WatermarkStrategy.noWatermarks(),
        "sensors",
      )
      .broadcast({ rooms: mapState(Types.string, Types.string) });

    const measurements = readings
      .keyBy("sensor")
      .connect(sensors)
      .process({
        state: { waiting: listState(Reading) },
        outputs: { unknown: outputTag("unknown", Reading) },
        output: Measurement,

        onRecord(reading, ctx) {
          const room = ctx.broadcast.rooms.get(reading.sensor);
          if (room !== undefined) return measured(reading, room);
          ctx.state.waiting.add(reading);
          ctx.timers.registerEventTimeTimer(reading.at + minutes(10));
          return undefined;
        },

        // Called in every subtask: each keeps the whole list, and lets go the readings of its own keys.
        onBroadcast(sensor, ctx) {
          ctx.broadcast.rooms.put(sensor.id, sensor.room);
          ctx.forEachKey("waiting", (key, waiting) => {
            if (key !== sensor.id) return;
            for (const reading of waiting.get()) ctx.collect(measured(reading, sensor.room));
            waiting.clear();
          });
        },

        onTimer(_time, ctx) {
          for (const reading of ctx.state.waiting.get()) ctx.output(ctx.outputs.unknown, reading);
          ctx.state.waiting.clear();
        },
      })
      .name("rooms");

    measurements.sinkTo(
      printSink({ format: (m) => `${m.room}: ${m.celsius.toFixed(1)} °C (sensor ${m.sensor})` }),
      "measurements",
    );
    measurements.sideOutputs.unknown.sinkTo(
      printSink({
        format: (reading) => `unknown sensor ${reading.sensor}: ${reading.celsius.toFixed(1)} °C`,
      }),
      "unknown sensors",
    );
  },
);
