import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AlignerAction, CheckpointStart } from "./aligner-action.ts";
import { BarrierAligner } from "./barrier-aligner.ts";

const checkpoint = (
  checkpointId: number,
  alignment: "aligned" | "unaligned" = "unaligned",
): CheckpointStart => ({
  checkpointId,
  timestamp: 1000 * checkpointId,
  options: {
    snapshot: "checkpoint",
    mode: "exactly-once",
    alignment,
    alignmentTimeout: undefined,
    location: undefined,
    incremental: true,
  },
});

/** Actions in short: "block 1", "unblock", "start 3 without 0,2", "decline 2", "cancel 2". */
const brief = (actions: readonly AlignerAction[]): string[] =>
  actions.map((action) => {
    switch (action.kind) {
      case "block":
        return `block ${action.channel}`;
      case "unblock":
        return "unblock";
      case "start":
        return `start ${action.checkpoint.checkpointId} without ${action.missing.join()}`;
      case "decline":
      case "cancel":
        return `${action.kind} ${action.checkpointId}`;
    }
  });

/** Barriers overtake on these channels only. */
const overtaking =
  (...channels: readonly number[]) =>
  (channel: number): boolean =>
    channels.includes(channel);

describe("BarrierAligner, unaligned", () => {
  it("starts at once where barriers overtake, and names the channels that they are still on", () => {
    const aligner = new BarrierAligner(3, () => true);
    expect(brief(aligner.overtake(checkpoint(1), 5))).toEqual(["start 1 without 0,1,2"]);
    expect(aligner.aligning).toBe(false);
    // What comes of it in line later says nothing new, and holds nobody.
    expect(brief(aligner.barrier(2, checkpoint(1), 6))).toEqual([]);
    expect(brief(aligner.overtake(checkpoint(1), 6))).toEqual([]);
    expect(brief(aligner.cancelBarrier(0, 1))).toEqual([]);
  });

  it("starts when the first barrier comes in line before anybody tells of it", () => {
    const aligner = new BarrierAligner(3, () => true);
    expect(brief(aligner.barrier(1, checkpoint(1), 5))).toEqual([
      "block 1",
      "unblock",
      "start 1 without 0,2",
    ]);
  });

  it("leaves out channels that have ended", () => {
    const aligner = new BarrierAligner(3, () => true);
    aligner.endOfChannel(1, 0);
    expect(brief(aligner.overtake(checkpoint(1), 5))).toEqual(["start 1 without 0,2"]);
  });

  it("waits for channels on which barriers stay in line, and holds the others behind their barriers meanwhile", () => {
    const aligner = new BarrierAligner(4, overtaking(2, 3));
    expect(brief(aligner.overtake(checkpoint(1), 0))).toEqual([]);
    expect(brief(aligner.barrier(0, checkpoint(1), 1))).toEqual(["block 0"]);
    expect(brief(aligner.barrier(3, checkpoint(1), 2))).toEqual(["block 3"]);
    expect(brief(aligner.barrier(1, checkpoint(1), 3))).toEqual(["block 1", "unblock", "start 1 without 2"]);
  });

  it("does not wait for one of those that ends instead", () => {
    const aligner = new BarrierAligner(2, overtaking(1));
    expect(brief(aligner.overtake(checkpoint(1), 0))).toEqual([]);
    expect(brief(aligner.endOfChannel(0, 1))).toEqual(["start 1 without 1"]);
  });

  it("turns what it aligns unaligned", () => {
    const aligner = new BarrierAligner(3, overtaking(1, 2));
    expect(brief(aligner.barrier(1, checkpoint(1, "aligned"), 0))).toEqual(["block 1"]);
    expect(brief(aligner.overtake(checkpoint(1), 10))).toEqual([]);
    const actions = aligner.barrier(0, checkpoint(1, "aligned"), 11);
    expect(brief(actions)).toEqual(["block 0", "unblock", "start 1 without 2"]);
    expect(actions.at(-1)).toMatchObject({
      alignment: 11,
      checkpoint: { options: { alignment: "unaligned" } },
    });
  });

  it("hears that from a barrier in line, too", () => {
    const aligner = new BarrierAligner(2, overtaking(1));
    expect(brief(aligner.trigger(checkpoint(1, "aligned"), 0))).toEqual([]);
    expect(brief(aligner.barrier(0, checkpoint(1), 1))).toEqual(["block 0", "unblock", "start 1 without 1"]);
  });

  it("starts what is triggered directly without waiting for the ends of channels", () => {
    expect(brief(new BarrierAligner(2, () => true).trigger(checkpoint(1), 0))).toEqual([
      "start 1 without 0,1",
    ]);
    expect(brief(new BarrierAligner(0).trigger(checkpoint(1), 0))).toEqual(["start 1 without "]);
  });

  it("gives up what is older than a barrier that overtakes, and ignores what was given up", () => {
    const aligner = new BarrierAligner(2, () => true);
    aligner.barrier(0, checkpoint(1, "aligned"), 0);
    expect(brief(aligner.overtake(checkpoint(3), 1))).toEqual(["unblock", "cancel 1", "start 3 without 0,1"]);
    expect(brief(aligner.overtake(checkpoint(2), 2))).toEqual([]);
    const other = new BarrierAligner(2, () => true);
    other.abort(1);
    expect(brief(other.overtake(checkpoint(1), 0))).toEqual([]);
    expect(brief(other.barrier(0, checkpoint(1), 0))).toEqual([]);
  });

  it("starts each checkpoint once, with every channel either arrived, ended or missing, in whatever order things come", () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("barrier" as const), channel: fc.nat(3) }),
      fc.record({ do: fc.constant("end" as const), channel: fc.nat(3) }),
      fc.record({ do: fc.constant("overtake" as const), channel: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.subarray([0, 1, 2, 3]), fc.array(step, { maxLength: 12 }), (over, steps) => {
        const aligner = new BarrierAligner(4, overtaking(...over));
        const there = new Set<number>();
        let unaligned = false;
        let started = 0;
        for (const { do: what, channel } of steps) {
          if (what === "overtake") unaligned = true;
          else there.add(channel);
          const actions =
            what === "barrier"
              ? aligner.barrier(channel, checkpoint(1, "aligned"), 0)
              : what === "end"
                ? aligner.endOfChannel(channel, 0)
                : aligner.overtake(checkpoint(1), 0);
          const starts = actions.flatMap((action) => (action.kind === "start" ? [action.missing] : []));
          started += starts.length;
          for (const missing of starts) {
            expect(missing).toEqual([0, 1, 2, 3].filter((other) => !there.has(other)));
            expect(
              missing.length === 0 || (unaligned && missing.every((other) => over.includes(other))),
            ).toBe(true);
          }
        }
        expect(started).toBeLessThanOrEqual(1);
      }),
    );
  });
});
