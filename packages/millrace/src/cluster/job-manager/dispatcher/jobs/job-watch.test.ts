import { expect, it } from "vitest";
import { ManualClock } from "../../../../common/clock/manual-clock.ts";
import { JobWatch } from "./job-watch.ts";

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A watch over a thread that answers while `answers` says so. */
function watched(answers: () => boolean) {
  const clock = new ManualClock();
  const seen = { asked: 0, silent: 0 };
  const watch = new JobWatch({
    clock,
    patience: 100,
    ask: (timeout) => {
      seen.asked++;
      if (answers()) return Promise.resolve();
      return new Promise((_, reject) => clock.schedule(timeout, () => reject(new Error("late"))));
    },
    onSilent: () => seen.silent++,
  });
  watch.start();
  const pass = async (ms: number): Promise<void> => {
    for (let i = 0; i < ms; i += 10) {
      clock.advance(10);
      await settle();
    }
  };
  return { seen, watch, pass };
}

it("says once that a thread is silent, after its patience and before twice that", async () => {
  const { seen, pass } = watched(() => false);
  await pass(100);
  expect(seen.silent).toBe(0);
  await pass(50);
  expect(seen).toEqual({ asked: 2, silent: 1 });
  await pass(1000);
  expect(seen).toEqual({ asked: 2, silent: 1 });
});

it("goes on asking a thread that answers, also one that missed a question", async () => {
  let asked = 0;
  const { seen, pass } = watched(() => ++asked !== 2);
  await pass(500);
  expect(seen.silent).toBe(0);
  expect(seen.asked).toBeGreaterThan(4);
});

it("says nothing of a thread that it no longer watches", async () => {
  const { seen, watch, pass } = watched(() => false);
  await pass(120);
  watch.stop();
  await pass(1000);
  expect(seen).toEqual({ asked: 2, silent: 0 });
});
