import { describe, expect, it } from "vitest";
import { readJsonLines, runExample } from "./run-example.ts";

interface Reading {
  readonly sensor: string;
  readonly celsius: number;
}

const ROOMS: Readonly<Record<string, string>> = {
  s1: "Kitchen",
  s2: "Cellar, north",
  s3: "Attic",
  s4: "Kitchen",
  s6: "Hall",
};

const expected = readJsonLines<Reading>("readings.jsonl")
  .map(({ sensor, celsius }) => {
    const room = ROOMS[sensor];
    return room === undefined
      ? `unknown sensor ${sensor}: ${celsius.toFixed(1)} °C`
      : `${room}: ${celsius.toFixed(1)} °C (sensor ${sensor})`;
  })
  .sort();

describe("examples/enrichment.ts", () => {
  it.for([1, 2])(
    "adds the room to every reading, whichever input is first, in %i slots",
    async (parallelism) => {
      const run = await runExample("enrichment", { parallelism });
      expect(run.lines.toSorted()).toEqual(expected);
      expect(run.lines.filter((line) => line.startsWith("unknown"))).toHaveLength(12);
      expect(run.code).toBe(0);
    },
  );
});
