import { expect, it } from "vitest";
import type { Clock } from "../../../../common/clock/clock.ts";
import { ManualClock } from "../../../../common/clock/manual-clock.ts";
import { countedFailures, restartHistory } from "./counted-failures.ts";
import { decideRestart } from "./restart-strategy.ts";

/** A thread that began so long ago, at this time. */
const thread = (now: number, age: number): Clock =>
  Object.assign(new ManualClock(now), { monotonic: () => age });

it("lets a thread go on counting what happened in another, whenever either began", () => {
  const strategy = { kind: "failure-rate", max: 2, interval: 1000, delay: 10 } as const;
  const old = thread(1_000_000, 500);
  // 700 and 200 ms ago.
  const told = countedFailures({ attempts: 2, delay: 10, failures: [-200, 300] }, old);
  expect(told.failures).toEqual([999_300, 999_800]);
  const young = thread(1_000_100, 3);
  const failures = restartHistory(told, young);
  expect(failures.failures).toEqual([-797, -297]);
  expect(decideRestart(strategy, failures, young.monotonic(), 0).kind).toBe("fail");
  expect(decideRestart(strategy, failures, young.monotonic() + 200, 0)).toMatchObject({
    kind: "restart",
    history: { attempts: 3 },
  });
});
