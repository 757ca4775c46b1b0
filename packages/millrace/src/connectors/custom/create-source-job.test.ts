import { describe, expect, it } from "vitest";
import { outputTag } from "../../common/outputs/create-output-tag.ts";
import type { DeadLetter } from "../../api/streams/dead-letter.ts";
import { seconds } from "../../common/time/durations.ts";
import { Types } from "../../common/types/types.ts";
import { WatermarkStrategy } from "../../common/watermarks/watermark-strategy.ts";
import { TumblingEventTimeWindows } from "../../common/windows/tumbling-windows.ts";
import { createEnvironment } from "../../root/create-environment.ts";
import { createSource } from "./create-source.ts";

const rooms = ["kitchen", "cellar", "attic"].map((splitId) => ({ splitId }));

/** Readings of several rooms, each from second 0 on. */
const thermometers = (boundedness: "bounded" | "unbounded") =>
  createSource({
    name: "thermometers",
    boundedness,
    splits: () => rooms,
    read: async function* (split) {
      for (let i = 0; i < 1000; i++) {
        if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
        yield { room: split.splitId, at: seconds(i) };
      }
    },
  });

describe("a custom source in a job", () => {
  it.each([
    ["bounded", 1],
    ["bounded", 2],
    ["unbounded", 1],
    ["unbounded", 2],
  ] as const)(
    "splits that are read side by side make none of each other's records late: %s, %d subtasks",
    async (boundedness, parallelism) => {
      const windows = await createEnvironment({
        parallelism,
        config: { "pipeline.auto-watermark-interval": 0 },
      })
        .fromSource(
          thermometers(boundedness),
          WatermarkStrategy.forMonotonousTimestamps().withTimestamps((r) => r.at),
        )
        .keyBy((r) => r.room)
        .window(TumblingEventTimeWindows.of(seconds(100)))
        .aggregate(
          (a) => a.count(),
          (room, window, n) => `${room} ${window.start} ${n}`,
        )
        .executeAndCollect()
        .toArray();
      const expected = rooms.flatMap(({ splitId }) =>
        Array.from({ length: 10 }, (_, i) => `${splitId} ${seconds(i * 100)} 100`),
      );
      expect(windows.sort()).toEqual(expected.sort());
    },
  );

  it("checks its records against the declared type as they are read, also where nothing is encoded", async () => {
    const source = createSource({
      name: "orders",
      boundedness: "bounded",
      schema: Types.object({ id: Types.int }),
      read: () => [{ id: 1 }, { id: "two" as unknown as number }, { id: 3 }],
    });
    const orders = () => createEnvironment().fromSource(source, WatermarkStrategy.noWatermarks());
    await expect(orders().executeAndCollect().toArray()).rejects.toThrow(/id: expected int, got "two"/u);
    expect(
      await orders()
        .onPoisonRecord("skip")
        .map((order) => order.id)
        .executeAndCollect()
        .toArray(),
    ).toEqual([1, 3]);
    const dead = outputTag<DeadLetter<string>>("dead");
    const letters = orders().onPoisonRecord({ deadLetter: dead }).getSideOutput(dead);
    expect(await letters.executeAndCollect().toArray()).toMatchObject([
      { record: '{ id: "two" }', operator: "Source: orders" },
    ]);
  });
});
