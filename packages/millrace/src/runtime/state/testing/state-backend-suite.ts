import { describe } from "vitest";
import type { MakeBackend } from "./backend-fixture.ts";
import { describeIncremental } from "./incremental-suite.ts";
import { describeKeyedState } from "./keyed-state-suite.ts";
import { describeKeyKinds } from "./key-kind-suite.ts";
import { describeNamespaceTables } from "./namespace-tables-suite.ts";
import { describeNamespacedState } from "./namespaced-state-suite.ts";
import { describeOperatorState } from "./operator-state-suite.ts";
import { describeRestore } from "./restore-suite.ts";
import { describeSnapshotModel } from "./snapshot-model-suite.ts";
import { describeSnapshots } from "./snapshot-suite.ts";
import { describeTimers } from "./timers-suite.ts";
import { describeTtl } from "./ttl-suite.ts";

/**
 * Holds a state backend to the contract of all backends.
 *
 * @param name - for the report
 * @param makeBackend - a fresh one for each test; it should rest often while it writes a snapshot, so that a lot can happen meanwhile
 * @param runs - histories that the model is tried with, and the measure of other properties; fewer where a store takes long to make. Default 40
 * @example `describeStateBackend("HashMapStateBackend", () => new HashMapStateBackend({ lookEvery: 1 }))`
 */
export function describeStateBackend(name: string, makeBackend: MakeBackend, runs = 40): void {
  // oxlint-disable-next-line vitest/valid-title -- the backend under test gives it
  describe(name, () => {
    describeKeyedState(makeBackend);
    describeTtl(makeBackend);
    describeNamespacedState(makeBackend);
    describeNamespaceTables(makeBackend, 2 * runs);
    describeTimers(makeBackend, 4 * runs);
    describeOperatorState(makeBackend);
    describeSnapshots(makeBackend);
    describeRestore(makeBackend);
    describeKeyKinds(makeBackend);
    describeIncremental(makeBackend, runs < 40 ? 1 : 3);
    describeSnapshotModel(makeBackend, runs);
  });
}
