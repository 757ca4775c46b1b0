import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_WATERMARK, MIN_WATERMARK } from "../../common/time/timestamps.ts";
import { WatermarkValve } from "./watermark-valve.ts";

type Step =
  | { readonly kind: "watermark"; readonly channel: number; readonly watermark: number }
  | { readonly kind: "idle" | "active" | "end"; readonly channel: number };

/** The definition, without any shortcut: everything is worked out anew after each step. */
class Oracle {
  readonly channels: { watermark: number; idle: boolean; done: boolean; ended: boolean }[];
  combined = MIN_WATERMARK;

  constructor(count: number) {
    this.channels = Array.from({ length: count }, () => ({
      watermark: MIN_WATERMARK,
      idle: false,
      done: false,
      ended: false,
    }));
  }

  apply(step: Step): void {
    const channel = this.channels[step.channel]!;
    if (channel.ended) return;
    if (step.kind === "watermark") {
      if (channel.idle || channel.done) return;
      if (step.watermark === MAX_WATERMARK) channel.done = true;
      else channel.watermark = Math.max(channel.watermark, step.watermark);
    } else {
      channel.idle = step.kind === "idle";
      if (step.kind === "end") channel.done = channel.ended = true;
    }
    this.combined = Math.max(this.combined, this.#now());
  }

  get idle(): boolean {
    const open = this.channels.filter((channel) => !channel.ended);
    return open.length > 0 && open.every((channel) => channel.idle);
  }

  #now(): number {
    const { channels } = this;
    if (channels.every((channel) => channel.done)) return MAX_WATERMARK;
    if (this.idle) return Math.max(...channels.map((channel) => channel.watermark));
    const counting = channels.filter(
      (channel) => !channel.idle && !channel.done && channel.watermark >= this.combined,
    );
    return counting.length === 0 ? this.combined : Math.min(...counting.map((channel) => channel.watermark));
  }
}

function apply(valve: WatermarkValve, step: Step): boolean {
  if (step.kind === "watermark") return valve.advance(step.channel, step.watermark);
  if (step.kind === "end") return valve.end(step.channel);
  return valve.setIdle(step.channel, step.kind === "idle");
}

const steps = (count: number): fc.Arbitrary<Step[]> => {
  const channel = fc.nat(count - 1);
  return fc.array(
    fc.oneof(
      {
        weight: 50,
        arbitrary: fc.record({
          kind: fc.constant("watermark" as const),
          channel,
          watermark: fc.oneof(
            { weight: 9, arbitrary: fc.nat(30) },
            fc.constantFrom(MAX_WATERMARK, MIN_WATERMARK, -5),
          ),
        }),
      },
      { weight: 20, arbitrary: fc.record({ kind: fc.constant("idle" as const), channel }) },
      { weight: 20, arbitrary: fc.record({ kind: fc.constant("active" as const), channel }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("end" as const), channel }) },
    ),
    { maxLength: 60 },
  );
};

describe("WatermarkValve", () => {
  it("is what its definition says, never goes back, and tells each advance", () => {
    const programs = fc
      .integer({ min: 1, max: 5 })
      .chain((count) => fc.tuple(fc.constant(count), steps(count)));
    fc.assert(
      fc.property(programs, ([count, program]) => {
        const valve = new WatermarkValve(count);
        const oracle = new Oracle(count);
        for (const step of program) {
          const before = valve.watermark;
          const advanced = apply(valve, step);
          oracle.apply(step);
          expect([valve.watermark, valve.idle]).toEqual([oracle.combined, oracle.idle]);
          expect(advanced).toBe(valve.watermark > before);
          expect(valve.watermark).toBeGreaterThanOrEqual(before);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("takes the minimum, once every channel has a watermark", () => {
    const valve = new WatermarkValve(3);
    expect(valve.advance(0, 10)).toBe(false);
    expect(valve.advance(1, 5)).toBe(false);
    expect(valve.advance(2, 7)).toBe(true);
    expect(valve.watermark).toBe(5);
    expect(valve.advance(1, 4)).toBe(false);
    expect(valve.advance(1, 20)).toBe(true);
    expect(valve.watermark).toBe(7);
  });

  it("goes on without an idle channel, and waits for it again only when it has caught up", () => {
    const valve = new WatermarkValve(2);
    valve.advance(0, 10);
    expect(valve.setIdle(1, true)).toBe(true);
    expect(valve.watermark).toBe(10);
    valve.setIdle(1, false);
    expect(valve.advance(1, 3)).toBe(false);
    expect(valve.advance(0, 12)).toBe(true);
    expect(valve.advance(1, 12)).toBe(false);
    expect(valve.advance(0, 15)).toBe(false);
    expect(valve.watermark).toBe(12);
  });

  it("ignores what an idle channel sends", () => {
    const valve = new WatermarkValve(2);
    valve.setIdle(0, true);
    expect(valve.advance(0, 100)).toBe(false);
    valve.setIdle(0, false);
    valve.advance(1, 5);
    expect(valve.watermark).toBe(MIN_WATERMARK);
  });

  it("goes to the largest watermark when all are idle, in whatever order", () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ] as const) {
      const valve = new WatermarkValve(2);
      valve.advance(0, 10);
      valve.advance(1, 30);
      for (const channel of order) valve.setIdle(channel, true);
      expect([valve.watermark, valve.idle]).toEqual([30, true]);
    }
  });

  it("comes to the end when all channels have", () => {
    const valve = new WatermarkValve(3);
    valve.setIdle(2, true);
    expect(valve.end(0)).toBe(false);
    expect(valve.end(2)).toBe(false);
    expect(valve.idle).toBe(false);
    expect(valve.end(1)).toBe(true);
    expect(valve.watermark).toBe(MAX_WATERMARK);
  });

  it("does not make late what an idle channel still sends when another has ended", () => {
    for (const order of ["idle first", "end first"]) {
      const valve = new WatermarkValve(2);
      valve.advance(0, 10);
      valve.advance(1, 5);
      if (order === "idle first") valve.setIdle(1, true);
      // What a source says at its end.
      valve.advance(0, MAX_WATERMARK);
      valve.end(0);
      valve.setIdle(1, true);
      expect([valve.watermark, valve.idle]).toEqual([10, true]);
      valve.setIdle(1, false);
      expect(valve.advance(1, 20)).toBe(true);
      expect([valve.watermark, valve.idle]).toEqual([20, false]);
      expect(valve.end(1)).toBe(true);
      expect(valve.watermark).toBe(MAX_WATERMARK);
    }
  });

  it("has nothing to say without channels", () => {
    expect([new WatermarkValve(0).idle, new WatermarkValve(0).watermark]).toEqual([false, MIN_WATERMARK]);
  });
});
