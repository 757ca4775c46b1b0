import { describe, expect, it } from "vitest";
import { ManualClock } from "../../common/clock/manual-clock.ts";
import { SnapshotPacer } from "./snapshot-pacer.ts";

/** Lets what is ready go on. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("SnapshotPacer", () => {
  it("gives an idle task's snapshot one slice after the other, and wakes the task for each", async () => {
    const clock = new ManualClock();
    let woken = 0;
    const pacer = new SnapshotPacer(clock, () => woken++);
    for (let slice = 1; slice <= 3; slice++) {
      let begun = false;
      const next = pacer.next().then(() => (begun = true));
      await turn();
      expect([woken, begun]).toEqual([slice, false]);
      pacer.grant(false);
      await next;
      expect(pacer.over).toBe(false);
      clock.advance(1);
      expect(pacer.over).toBe(true);
    }
  });

  it("takes a small share of a busy task's time, in proportion to what its slices took", async () => {
    const clock = new ManualClock(1000);
    const pacer = new SnapshotPacer(clock, () => {});
    const granted: number[] = [];
    for (const took of [1, 1, 4, 1]) {
      const before = granted.length;
      void pacer.next().then(() => granted.push(clock.now() - 1000));
      await turn();
      while (granted.length === before) {
        pacer.grant(true);
        await turn();
        if (granted.length === before) clock.advance(1);
      }
      clock.advance(took);
    }
    // The first at once; then three times as long as the slice before took passes between two.
    expect(granted).toEqual([0, 4, 8, 24]);
  });

  it("ends with the checkpoint: for who waits, for who asks, and for who writes", async () => {
    const pacer = new SnapshotPacer(new ManualClock(), () => {});
    const waiting = pacer.next();
    pacer.abort();
    const aborted = expect.objectContaining({ code: "CHECKPOINT_ABORTED" });
    await expect(waiting).rejects.toEqual(aborted);
    await expect(pacer.next()).rejects.toEqual(aborted);
    expect(pacer.over).toBe(true);
  });
});
