import { describe, expect, it } from "vitest";
import { Slices, type Backlog } from "./slices.ts";

/** A file that has so many bytes to go, until it is told that they are written. */
class SlowFile implements Backlog {
  backlog = 0;
  #drain: (() => void) | undefined;

  drained(): Promise<void> {
    return new Promise((resolve) => (this.#drain = resolve));
  }

  drain(): void {
    this.backlog = 0;
    this.#drain?.();
  }
}

const aborted = expect.objectContaining({ code: "CHECKPOINT_ABORTED" });

describe("Slices", () => {
  it("look at the pace after so much work", () => {
    let looks = 0;
    const pace = {
      get over() {
        looks++;
        return looks > 1;
      },
      async next() {},
    };
    const slices = new Slices(pace, new SlowFile(), 10);
    const rests = Array.from({ length: 40 }, () => slices.spend(0.5));
    expect(looks).toBe(2);
    expect(rests.indexOf(true)).toBe(39);
    expect(slices.spend(1000)).toBe(true);
  });

  it("wait for the file before they ask for the next slice", async () => {
    const log: string[] = [];
    const file = new SlowFile();
    const slices = new Slices({ over: false, next: async () => void log.push("next") }, file, 1);
    expect(slices.spend(1)).toBe(false);
    file.backlog = 5e6;
    expect(slices.spend(1)).toBe(true);
    const resting = slices.rest().then(() => log.push("rested"));
    await Promise.resolve();
    log.push("drained");
    file.drain();
    await resting;
    expect(log).toEqual(["drained", "next", "rested"]);
  });

  it("end for who waits, and for who comes later, when they are given up", async () => {
    const file = new SlowFile();
    const slices = new Slices({ over: true, next: () => new Promise(() => {}) }, file, 1);
    const resting = slices.rest();
    slices.abort();
    await expect(resting).rejects.toEqual(aborted);
    await expect(slices.rest()).rejects.toEqual(aborted);
    await expect(slices.unlessAborted(Promise.resolve(1))).rejects.toEqual(aborted);
  });

  it("leave no rejection to nobody when a pace is given up with them", async () => {
    const pace = { over: true, next: () => Promise.reject(new Error("given up")) };
    const slices = new Slices(pace, new SlowFile(), 1);
    slices.abort();
    await expect(slices.rest()).rejects.toEqual(aborted);
    // Vitest fails for a rejection that nobody has handled by then.
    await new Promise((resolve) => setImmediate(resolve));
  });

  it("pass on what the file and the pace throw", async () => {
    const failed = new Error("disk full");
    const file: Backlog = { backlog: 5e6, drained: () => Promise.reject(failed) };
    await expect(new Slices({ over: true, async next() {} }, file, 1).rest()).rejects.toBe(failed);
    const pace = { over: true, next: () => Promise.reject(failed) };
    await expect(new Slices(pace, new SlowFile(), 1).rest()).rejects.toBe(failed);
  });
});
