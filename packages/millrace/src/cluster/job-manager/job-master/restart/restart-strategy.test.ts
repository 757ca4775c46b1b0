import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { parseConfig } from "../../../../common/config/configuration.ts";
import { hopelessCause } from "./hopeless.ts";
import { restartStrategy } from "./restart-settings.ts";
import { decideRestart, NO_FAILURES } from "./restart-strategy.ts";
import type { RestartStrategy } from "./restart-strategy.ts";

/** The delays of restarts after failures at these times, "fail" in the end where the strategy gives up. */
function delays(strategy: RestartStrategy, times: readonly number[], chance = 0.5): (number | "fail")[] {
  const answers: (number | "fail")[] = [];
  let history = NO_FAILURES;
  for (const now of times) {
    const decision = decideRestart(strategy, history, now, chance);
    answers.push(decision.kind === "restart" ? decision.delay : "fail");
    if (decision.kind === "fail") break;
    history = decision.history;
  }
  return answers;
}

const exponential = {
  kind: "exponential-delay",
  initial: 1000,
  max: 5000,
  multiplier: 2,
  reset: 60_000,
  jitter: 0.1,
  attempts: 5,
} as const;

describe("decideRestart", () => {
  it("never restarts without a strategy", () => {
    expect(delays({ kind: "none" }, [0])).toEqual(["fail"]);
  });

  it("waits the same each time with fixed delays, so often", () => {
    expect(delays({ kind: "fixed-delay", attempts: 2, delay: 300 }, [0, 1e6, 2e6])).toEqual([
      300,
      300,
      "fail",
    ]);
  });

  it("waits longer each time with exponential delays, up to the longest, and gives up", () => {
    expect(delays(exponential, [0, 1, 2, 3, 4, 5])).toEqual([1000, 2000, 4000, 5000, 5000, "fail"]);
  });

  it("begins anew after a time without failures, which the delay is no part of", () => {
    expect(delays(exponential, [0, 100, 62_100])).toEqual([1000, 2000, 1000]);
    expect(delays(exponential, [0, 100, 62_099])).toEqual([1000, 2000, 4000]);
  });

  it("varies exponential delays by the jitter, and no more", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), (chance) => {
        const [first, second] = delays(exponential, [0, 1], chance) as [number, number];
        expect(Math.abs(first - 1000)).toBeLessThanOrEqual(100);
        // Jitter doesn't add up.
        expect(Math.abs(second - 2000)).toBeLessThanOrEqual(200);
      }),
    );
  });

  it("bears so many failures within any interval by rate", () => {
    const strategy = { kind: "failure-rate", max: 2, interval: 1000, delay: 10 } as const;
    expect(delays(strategy, [0, 500, 1001, 1700])).toEqual([10, 10, 10, 10]);
    expect(delays(strategy, [0, 500, 999])).toEqual([10, 10, "fail"]);
  });
});

describe("restartStrategy", () => {
  it("is exponential with checkpoints and none without, unless it is set", () => {
    expect(restartStrategy(parseConfig({})).kind).toBe("none");
    expect(restartStrategy(parseConfig({ "execution.checkpointing.interval": "1 s" }))).toEqual({
      kind: "exponential-delay",
      initial: 1000,
      max: 60_000,
      multiplier: 1.5,
      reset: 3_600_000,
      jitter: 0.1,
      attempts: 20,
    });
    expect(
      restartStrategy(
        parseConfig({
          "restart-strategy.type": "fixed-delay",
          "restart-strategy.fixed-delay.attempts": 3,
          "restart-strategy.fixed-delay.delay": "2 s",
        }),
      ),
    ).toEqual({ kind: "fixed-delay", attempts: 3, delay: 2000 });
    expect(restartStrategy(parseConfig({ "restart-strategy.type": "failure-rate" }))).toEqual({
      kind: "failure-rate",
      max: 1,
      interval: 60_000,
      delay: 1000,
    });
  });
});

describe("hopelessCause", () => {
  it("finds what no restart can mend, among the causes, too", () => {
    const corrupt = new MillraceError("CHECKPOINT_CORRUPT", "cut");
    expect(hopelessCause(corrupt)).toBe(corrupt);
    expect(hopelessCause(new MillraceError("USER_FUNCTION_FAILED", "open", { cause: corrupt }))).toBe(
      corrupt,
    );
    expect(hopelessCause(new MillraceError("USER_FUNCTION_FAILED", "map", { cause: new RangeError() }))).toBe(
      undefined,
    );
  });
});
