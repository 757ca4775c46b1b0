import { describe } from "vitest";
import { describeKeyedState } from "../../millrace/src/runtime/state/testing/keyed-state-suite.ts";
import { describeNamespaceTables } from "../../millrace/src/runtime/state/testing/namespace-tables-suite.ts";
import { describeNamespacedState } from "../../millrace/src/runtime/state/testing/namespaced-state-suite.ts";
import { describeTimers } from "../../millrace/src/runtime/state/testing/timers-suite.ts";
import { describeTtl } from "../../millrace/src/runtime/state/testing/ttl-suite.ts";
import { bindingProblem } from "./binding/load-binding.ts";
import { rocksFactory } from "./testing/factories.ts";

const problem = bindingProblem();
// What is snapshotted and restored with little or no cache, `snapshot-model.test.ts` tries.
describe.skipIf(problem !== undefined)(`RocksDB ${problem ?? ""}`, () => {
  // Without a cache, and with one so small that something goes all the time.
  for (const kind of ["uncached", "tiny"] as const) {
    // oxlint-disable-next-line vitest/valid-title -- one of these two words
    describe(kind, () => {
      const make = rocksFactory(kind);
      describeKeyedState(make);
      describeNamespacedState(make);
      describeNamespaceTables(make, 12);
      describeTimers(make, 20);
      describeTtl(make);
    });
  }
});
