import { describe } from "vitest";
import type { MakeBackend } from "./backend-fixture.ts";
import { describeCapture } from "./capture-suite.ts";
import { describeKeyedState } from "./keyed-state-suite.ts";
import { describeNamespaceTables } from "./namespace-tables-suite.ts";
import { describeNamespacedState } from "./namespaced-state-suite.ts";
import { describeOperatorState } from "./operator-state-suite.ts";
import { describeStateModel } from "./state-model-suite.ts";
import { describeTimers } from "./timers-suite.ts";
import { describeTtl } from "./ttl-suite.ts";

/**
 * Holds a state backend to the contract of all backends.
 *
 * @param name - for the report
 * @param makeBackend - a fresh one for each test
 * @example `describeStateBackend("HashMapStateBackend", () => new HashMapStateBackend())`
 */
export function describeStateBackend(name: string, makeBackend: MakeBackend): void {
  // oxlint-disable-next-line vitest/valid-title -- the backend under test gives it
  describe(name, () => {
    describeKeyedState(makeBackend);
    describeTtl(makeBackend);
    describeNamespacedState(makeBackend);
    describeNamespaceTables(makeBackend);
    describeTimers(makeBackend);
    describeOperatorState(makeBackend);
    describeCapture(makeBackend);
    describeStateModel(makeBackend);
  });
}
