/*
 * What tests of Millrace programs need: harnesses for single operators, a whole cluster in the test's thread, both with time in the
 * test's hand.
 */
export { harnessFor } from "./harness/harness-for.ts";
export type { HarnessEvent, HarnessRecord, SkippedRecord } from "./harness/harness-events.ts";
export type { HarnessOptions, HarnessSettings, HarnessSnapshot } from "./harness/harness-options.ts";
export type { OperatorHarness } from "./harness/operator-harness.ts";
export {
  miniCluster,
  type MiniCluster,
  type MiniClusterOptions,
  type MiniClusterStart,
} from "./mini-cluster.ts";
export { ManualClock } from "../common/clock/manual-clock.ts";
