import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseConfig } from "../../../../common/config/configuration.ts";
import { vertexId } from "../../../../common/ids/ids.ts";
import type { ParallelismBounds } from "../../../../protocol/cluster/job-submission.ts";
import { growthAt } from "./decide-growth.ts";
import { decideParallelism, sameParallelism, slotsFor } from "./decide-parallelism.ts";
import { decideStart } from "./decide-start.ts";
import { checkRequirements, parallelismBounds } from "./parallelism-bounds.ts";
import type { ScalableVertex } from "./scalable-vertices.ts";
import { schedulerSettings } from "./scheduler-settings.ts";

const vertex = (id: string, over: Partial<ScalableVertex> = {}): ScalableVertex => ({
  id: vertexId(id),
  name: `vertex ${id}`,
  slotSharingGroup: "default",
  parallelism: 2,
  limit: 128,
  set: false,
  tie: Number(id),
  ...over,
});

const bounded = (bounds: Record<string, readonly [number, number]>): ReadonlyMap<string, ParallelismBounds> =>
  new Map(Object.entries(bounds).map(([id, [lower, upper]]) => [id, { lower, upper }]));

/** Vertices with their bounds. */
const jobs = fc
  .array(
    fc.record({
      group: fc.constantFrom("a", "b", "c"),
      tie: fc.option(fc.nat(2), { nil: undefined, freq: 3 }),
      lower: fc.integer({ min: 1, max: 4 }),
      more: fc.nat(6),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((all) => ({
    vertices: all.map(({ group, tie }, index) =>
      vertex(String(index), { slotSharingGroup: group, tie: tie === undefined ? 100 + index : tie }),
    ),
    bounds: new Map(all.map(({ lower, more }, index) => [String(index), { lower, upper: lower + more }])),
  }))
  // What can't be met is refused when it is asked for.
  .filter(({ vertices, bounds }) =>
    vertices.every(({ id, tie }) =>
      vertices.every((other) => {
        const [mine, theirs] = [bounds.get(id), bounds.get(other.id)];
        return other.tie !== tie || (theirs?.lower ?? 0) <= (mine?.upper ?? 0);
      }),
    ),
  );

describe("decideParallelism", () => {
  it("spreads slots over groups, and lets each vertex have as many as its group", () => {
    const vertices = [vertex("1"), vertex("2", { slotSharingGroup: "heavy" }), vertex("3")];
    const bounds = bounded({ 1: [1, 8], 2: [1, 8], 3: [1, 2] });
    expect(decideParallelism(vertices, bounds, 1)).toBeUndefined();
    expect(decideParallelism(vertices, bounds, 5)).toEqual({ 1: 3, 2: 2, 3: 2 });
    expect(decideParallelism(vertices, bounds, 100)).toEqual({ 1: 8, 2: 8, 3: 2 });
  });

  it("gives tied vertices one parallelism", () => {
    const vertices = [vertex("1", { tie: 0 }), vertex("2", { tie: 0 }), vertex("3")];
    expect(decideParallelism(vertices, bounded({ 1: [1, 3], 2: [1, 8], 3: [1, 8] }), 6)).toEqual({
      1: 3,
      2: 3,
      3: 6,
    });
  });

  it("keeps all bounds, never takes more slots than there are, and uses more slots only for more", () => {
    fc.assert(
      fc.property(jobs, fc.nat(40), ({ vertices, bounds }, slots) => {
        const decided = decideParallelism(vertices, bounds, slots);
        const least = slotsFor(vertices, (id) =>
          Math.max(
            ...vertices
              .filter(({ tie }) => tie === vertices.find((other) => other.id === id)?.tie)
              .map((other) => bounds.get(other.id)?.lower ?? 0),
          ),
        );
        expect(decided === undefined).toBe(least > slots);
        if (decided === undefined) return;
        for (const { id, tie } of vertices) {
          const { lower, upper } = bounds.get(id) as ParallelismBounds;
          expect(decided[id]).toBeGreaterThanOrEqual(lower);
          expect(decided[id]).toBeLessThanOrEqual(upper);
          const tied = vertices.filter((other) => other.tie === tie).map((other) => decided[other.id]);
          expect(new Set(tied).size).toBe(1);
        }
        expect(slotsFor(vertices, (id) => decided[id] ?? 0)).toBeLessThanOrEqual(slots);
        const more = decideParallelism(vertices, bounds, slots + 1) ?? {};
        for (const { id } of vertices) expect(more[id]).toBeGreaterThanOrEqual(decided[id] ?? 0);
        expect(sameParallelism(decided, decideParallelism(vertices, bounds, slots) ?? {})).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe("parallelismBounds", () => {
  const vertices = [vertex("1", { limit: 1, parallelism: 1 }), vertex("2"), vertex("3", { set: true })];
  const of = (config: Parameters<typeof parseConfig>[0], requirements?: Record<string, ParallelismBounds>) =>
    Object.fromEntries(parallelismBounds(vertices, schedulerSettings(parseConfig(config)), requirements));

  it("are what the program says by default, less when adaptive, more when reactive", () => {
    expect(of({})).toEqual({
      1: { lower: 1, upper: 1 },
      2: { lower: 2, upper: 2 },
      3: { lower: 2, upper: 2 },
    });
    expect(of({ "jobmanager.scheduler": "Adaptive" })["2"]).toEqual({ lower: 1, upper: 2 });
    expect(of({ "scheduler-mode": "REACTIVE" })).toEqual({
      1: { lower: 1, upper: 1 },
      2: { lower: 1, upper: 128 },
      3: { lower: 1, upper: 2 },
    });
    expect(of({}, { 2: { lower: 1, upper: 7 } })["2"]).toEqual({ lower: 1, upper: 7 });
  });

  it("refuses what no vertex can do, by name", () => {
    const check = (requirements: Record<string, ParallelismBounds>) => () =>
      checkRequirements(vertices, requirements);
    expect(check({ 9: { lower: 1, upper: 1 } })).toThrow("the job has no vertex 9; it has 1, 2, 3");
    expect(check({ 1: { lower: 1, upper: 2 } })).toThrow(/"vertex 1" .* 1 to 2: .* upper <= 1/u);
    expect(check({ 2: { lower: 3, upper: 2 } })).toThrow(/1 <= lower <= upper/u);
    expect(check({ 2: { lower: 1.5, upper: 2 } })).toThrow(/whole numbers/u);
    expect(check({ 2: { lower: 1, upper: 128 } })).not.toThrow();
    const tied = [vertex("1", { tie: 0 }), vertex("2", { tie: 0 })];
    expect(() => checkRequirements(tied, { 1: { lower: 3, upper: 3 }, 2: { lower: 1, upper: 2 } })).toThrow(
      /tied together by forward\(\)/u,
    );
  });
});

describe("decideStart", () => {
  const settings = { stabilization: 10, waitTimeout: 100 };
  const situation = {
    possible: { a: 1 },
    complete: false,
    started: false,
    waitingSince: 1000,
    changedAt: 1005,
  };

  it("starts with all slots at once, with fewer once their number is stable", () => {
    expect(decideStart(settings, situation, 1014)).toEqual({ kind: "wait", until: 1015 });
    expect(decideStart(settings, situation, 1015)).toEqual({ kind: "start", parallelism: { a: 1 } });
    expect(decideStart(settings, { ...situation, complete: true }, 1005).kind).toBe("start");
    expect(decideStart(settings, { ...situation, started: true }, 1005).kind).toBe("start");
  });

  it("waits for the least as long as it may", () => {
    const none = { ...situation, possible: undefined };
    expect(decideStart(settings, none, 1099)).toEqual({ kind: "wait", until: 1100 });
    expect(decideStart(settings, none, 1100)).toEqual({ kind: "fail" });
    expect(decideStart({ ...settings, waitTimeout: 0 }, none, 9e9)).toEqual({
      kind: "wait",
      until: undefined,
    });
  });
});

describe("growthAt", () => {
  const settings = { minIncrease: 2, stabilization: 10, cooldown: 30 };
  const at = { changedAt: 1000, startedAt: 900 };

  it("waits until slots are stable and the last start is some time ago, and only for enough", () => {
    expect(growthAt(settings, { a: 2, b: 1 }, { a: 4, b: 1 }, at)).toBe(1010);
    expect(growthAt(settings, { a: 2 }, { a: 4 }, { ...at, startedAt: 990 })).toBe(1020);
    expect(growthAt(settings, { a: 2 }, { a: 3 }, at)).toBeUndefined();
    expect(growthAt(settings, { a: 2, b: 2 }, { a: 4, b: 1 }, at)).toBeUndefined();
  });
});
