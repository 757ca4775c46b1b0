import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shareSlots, type Claimant, type SpareSlots } from "./share-slots.ts";

const claimant = (job: string, over: Partial<Claimant<string>> = {}): Claimant<string> => ({
  job,
  held: 0,
  demand: 0,
  least: 0,
  most: Infinity,
  started: false,
  told: 0,
  ...over,
});
const spare = (id: string, count: number, over: Partial<SpareSlots<string>> = {}): SpareSlots<string> => ({
  id,
  count,
  exclusive: false,
  owner: undefined,
  ...over,
});
const counts = (
  claimants: readonly Claimant<string>[],
  slots: readonly SpareSlots<string>[],
  total: number,
): readonly number[] => [...shareSlots(claimants, slots, total).values()].map(({ count }) => count);

describe("shareSlots", () => {
  it("keeps what a job that restarts needs from one that is older and waits, and from one that would grow", () => {
    const restarting = claimant("b", { least: 2, most: 2, started: true });
    expect(counts([claimant("a", { demand: 3, least: 3 }), restarting], [spare("x", 4)], 4)).toEqual([2, 2]);
    expect(counts([claimant("a", { held: 2, most: 4 }), restarting], [spare("x", 2)], 4)).toEqual([0, 2]);
  });

  it("lets new jobs begin before others grow, and what was promised stand before new promises", () => {
    const growing = claimant("a", { held: 1, least: 1, most: 4, started: true });
    expect(counts([growing, claimant("b", { least: 2 })], [spare("x", 3)], 4)).toEqual([1, 2]);
    const promised = claimant("b", { held: 1, least: 1, most: 3, started: true, told: 3 });
    expect(counts([growing, promised], [spare("x", 3)], 5)).toEqual([1, 2]);
  });

  it("keeps nothing for what could never run", () => {
    expect(
      counts([claimant("a", { least: 9, most: 9 }), claimant("b", { least: 4 })], [spare("x", 4)], 4),
    ).toEqual([0, 4]);
  });

  it("gives a TaskManager that is exclusive to one job", () => {
    const own = spare("x", 1, { exclusive: true, owner: "a" });
    const free = spare("y", 2, { exclusive: true });
    const all = shareSlots(
      [claimant("a", { held: 1, most: 4, started: true }), claimant("b", { least: 1 })],
      [own, free],
      4,
    );
    expect([...all].map(([job, { count, own: ids }]) => [job, count, [...ids]])).toEqual([
      ["a", 1, ["x"]],
      ["b", 2, ["y"]],
    ]);
  });

  it("promises no slot twice, never more than is of use, and the same again when it is asked again", () => {
    const claims = fc.array(
      fc.record({
        held: fc.nat(4),
        demand: fc.nat(4),
        least: fc.nat(6),
        more: fc.option(fc.nat(6)),
        started: fc.boolean(),
        told: fc.nat(10),
      }),
      { maxLength: 5 },
    );
    const spares = fc.array(
      fc.record({ count: fc.nat(4), exclusive: fc.boolean(), owner: fc.option(fc.nat(4)) }),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(claims, spares, (drawn, managers) => {
        const jobs = drawn.map(({ more, ...each }, index) =>
          claimant(String(index), {
            ...each,
            most: more === null ? Infinity : Math.max(each.least, each.held + each.demand) + more,
          }),
        );
        const slots = managers.map(({ count, exclusive, owner }, index) =>
          spare(`tm${index}`, count, {
            exclusive,
            owner: owner === null ? undefined : String(owner % Math.max(1, jobs.length)),
          }),
        );
        const total = slots.reduce((sum, { count }) => sum + count, 0);
        const cluster = total + jobs.reduce((sum, { held }) => sum + held, 0);
        const shares = shareSlots(jobs, slots, cluster);
        expect([...shares.values()].reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(total);
        const keepers = [...shares.values()].flatMap(({ own }) => [...own]);
        expect(new Set(keepers).size).toBe(keepers.length);
        for (const { job, held, most } of jobs)
          expect(held + (shares.get(job)?.count ?? 0)).toBeLessThanOrEqual(Math.max(most, held));
        const again = jobs.map((each) => ({ ...each, told: each.held + (shares.get(each.job)?.count ?? 0) }));
        expect(counts(again, slots, cluster)).toEqual([...shares.values()].map(({ count }) => count));
      }),
      { numRuns: 500 },
    );
  });
});
