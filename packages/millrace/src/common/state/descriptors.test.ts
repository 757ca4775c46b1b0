import { describe, expect, it } from "vitest";
import { days } from "../time/durations.ts";
import { Types } from "../types/types.ts";
import { aggregatingState, listState, mapState, reducingState, valueState } from "./descriptors.ts";

describe("state descriptors", () => {
  it("say their kind, types and settings, and are frozen", () => {
    const value = valueState(Types.int, { name: "count", ttl: { ttl: days(1) }, defaultValue: () => 0 });
    expect(value).toMatchObject({
      "~millrace": "state",
      kind: "value",
      name: "count",
      type: Types.int,
      ttl: { ttl: 86_400_000 },
    });
    expect(value.defaultValue()).toBe(0);
    expect(listState(Types.string)).toMatchObject({ kind: "list", type: Types.string });
    expect(mapState(Types.string, Types.int)).toMatchObject({
      kind: "map",
      keyType: Types.string,
      type: Types.int,
    });
    const sum = (a: number, b: number): number => a + b;
    expect(reducingState(sum, Types.int)).toMatchObject({ kind: "reducing", reduce: sum, type: Types.int });
    const mean = {
      createAccumulator: () => 0,
      add: sum,
      getResult: (n: number) => n,
      accumulatorType: Types.double,
    };
    expect(aggregatingState(mean)).toMatchObject({
      kind: "aggregating",
      aggregate: mean,
      type: Types.double,
    });
    for (const each of [value, listState(), mapState(), reducingState(sum), aggregatingState(mean)]) {
      expect(Object.isFrozen(each)).toBe(true);
    }
  });

  it("need no type", () => {
    expect(valueState<number>().type).toBeUndefined();
    expect(valueState<number>()).not.toHaveProperty("defaultValue");
    expect(valueState<number>(undefined, { defaultValue: () => 1 }).defaultValue()).toBe(1);
  });

  it("refuse what is wrong", () => {
    expect(() => valueState("int" as never)).toThrow(/expected a type made by Types/u);
    expect(() => valueState(Types.int, { name: "" })).toThrow(/name of a state/u);
    expect(() => valueState(Types.int, { ttl: { ttl: 0 } })).toThrow(
      /time to live of a state must be above 0 ms/u,
    );
    expect(() => valueState(Types.int, { defaultValue: 0 as never })).toThrow(/must be a function/u);
  });
});
