import { describe, expect, it } from "vitest";
import { graphOf } from "../../../../api/streams/testing/recorded-graph.ts";
import { parseConfig } from "../../../../common/config/configuration.ts";
import type { ConfigValues } from "../../../../common/config/options.ts";
import type { ExecutionId } from "../../../../common/ids/ids.ts";
import { settleGraph } from "../../../artifact/build-job.ts";
import type { SubtaskKey } from "../units/subtask-key.ts";
import { barrierOptions } from "./barrier-options.ts";
import { checkpointSettings } from "./checkpoint-settings.ts";
import { planTrigger } from "./plan-trigger.ts";

const key = (text: string): SubtaskKey => text as SubtaskKey;
const living = (...keys: string[]) =>
  keys.map((name) => ({ key: key(name), execution: `${name}#0` as ExecutionId }));

/** Two sources, of which each feeds a map; both feed the sink. */
const PRODUCERS = new Map([
  [key("map/0"), [key("source/0")]],
  [key("map/1"), [key("source/1")]],
  [key("sink/0"), [key("map/0"), key("map/1")]],
]);

describe("planTrigger", () => {
  const plan = (alive: readonly string[], finished: readonly string[]): readonly (readonly string[])[] => {
    const { trigger, acknowledge } = planTrigger(
      living(...alive),
      (name) => finished.includes(name),
      PRODUCERS,
    );
    return [trigger, acknowledge].map((list) => list.map((subtask) => subtask.key));
  };

  it("begins at the sources, and wants everybody's acknowledgement", () => {
    const all = ["source/0", "source/1", "map/0", "map/1", "sink/0"];
    expect(plan(all, [])).toEqual([["source/0", "source/1"], all]);
  });

  it("begins below those that have ended", () => {
    const rest = ["source/1", "map/0", "map/1", "sink/0"];
    expect(plan(rest, ["source/0"])).toEqual([["source/1", "map/0"], rest]);
    expect(plan(["sink/0"], ["source/0", "source/1", "map/0", "map/1"])).toEqual([["sink/0"], ["sink/0"]]);
  });

  it("leaves out who is about to end", () => {
    const all = ["source/0", "source/1", "map/0", "map/1", "sink/0"];
    expect(plan(all, ["source/0", "map/0"])).toEqual([["source/1"], ["source/1", "map/1", "sink/0"]]);
  });
});

describe("barrierOptions", () => {
  const settings = (config: ConfigValues) => checkpointSettings(parseConfig(config));
  const unaligned = { "execution.checkpointing.unaligned.enabled": true } as const;

  it("overtakes at once, or after a time, where that is asked for", () => {
    const of = (config: ConfigValues) => barrierOptions(settings(config), "checkpoint", undefined, true);
    expect(of({})).toMatchObject({ alignment: "aligned", alignmentTimeout: undefined, mode: "exactly-once" });
    expect(of(unaligned)).toMatchObject({ alignment: "unaligned", alignmentTimeout: undefined });
    expect(of({ ...unaligned, "execution.checkpointing.aligned-checkpoint-timeout": "2 s" })).toMatchObject({
      alignment: "aligned",
      alignmentTimeout: 2000,
    });
    expect(of({ "execution.checkpointing.mode": "AT_LEAST_ONCE" })).toMatchObject({
      alignment: "aligned",
      mode: "at-least-once",
    });
  });

  it("builds on earlier ones where there are some that may be built on", () => {
    const of = (config: ConfigValues, confirmed: boolean) =>
      barrierOptions(settings(config), "checkpoint", undefined, confirmed).incremental;
    expect([of({}, true), of({}, false), of({ "execution.checkpointing.incremental": false }, true)]).toEqual(
      [true, false, false],
    );
  });

  it("aligns savepoints, which hold all that they are of", () => {
    for (const kind of ["savepoint", "stop", "drain"] as const) {
      for (const config of [unaligned, { "execution.checkpointing.mode": "AT_LEAST_ONCE" }] as const) {
        expect(barrierOptions(settings(config), kind, undefined, true)).toMatchObject({
          alignment: "aligned",
          alignmentTimeout: undefined,
          mode: "exactly-once",
          incremental: false,
        });
      }
    }
  });

  it("takes one at a time where barriers overtake or a pause is asked for", () => {
    const config = { "execution.checkpointing.max-concurrent-checkpoints": 3 } as const;
    expect(settings(config)).toMatchObject({ maxConcurrent: 3, exclusive: false });
    expect(settings(unaligned)).toMatchObject({ maxConcurrent: 1, exclusive: true });
    expect(settings({ ...config, "execution.checkpointing.min-pause": "1 s" })).toMatchObject({
      maxConcurrent: 1,
    });
  });

  it.each([
    ["execution.checkpointing.mode AT_LEAST_ONCE", { "execution.checkpointing.mode": "AT_LEAST_ONCE" }],
    [
      "execution.checkpointing.max-concurrent-checkpoints 2",
      { "execution.checkpointing.max-concurrent-checkpoints": 2 },
    ],
  ] as const)("refuses unaligned ones together with %s, before anything starts", (named, config) => {
    const both = parseConfig({ ...unaligned, ...config });
    const refused = expect.objectContaining({
      code: "INVALID_OPTION",
      message: expect.stringMatching(
        new RegExp(`^execution\\.checkpointing\\.unaligned\\.enabled .* ${named}: `, "u"),
      ) as unknown,
    }) as Error;
    expect(() => checkpointSettings(both)).toThrowError(refused);
    const graph = graphOf((flights) => flights);
    expect(() => settleGraph({ ...graph, config: both }, 1)).toThrowError(refused);
  });
});
