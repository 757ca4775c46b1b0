import { SystemClock } from "../packages/millrace/src/common/clock/system-clock.ts";
import { operatorUid } from "../packages/millrace/src/common/ids/ids.ts";
import type { StateStoreRequest } from "../packages/millrace/src/runtime/state/state-backend.ts";

/** A request for the store of one subtask that owns all 128 key groups, for benchmarks of state in one thread. */
export const benchStore = (): StateStoreRequest => ({
  operator: operatorUid("bench"),
  operatorName: "bench",
  subtaskIndex: 0,
  parallelism: 1,
  maxParallelism: 128,
  keyGroups: { start: 0, end: 128 },
  clock: new SystemClock(),
  freeze: false,
});
