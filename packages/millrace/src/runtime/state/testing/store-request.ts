import { ManualClock } from "../../../common/clock/manual-clock.ts";
import { operatorUid } from "../../../common/ids/ids.ts";
import { keyGroupRange } from "../../../common/keys/key-groups.ts";
import type { StateStoreRequest } from "../state-backend.ts";

/** What tests say of the store they ask for. */
export interface TestStoreOptions {
  readonly maxParallelism?: number;
  readonly parallelism?: number;
  readonly subtask?: number;
  readonly clock?: ManualClock;
  readonly freeze?: boolean;
}

/** A request for a store of operator "test"; one subtask that owns all 128 key groups unless told otherwise. */
export function storeRequest(options: TestStoreOptions = {}): StateStoreRequest {
  const {
    maxParallelism = 128,
    parallelism = 1,
    subtask = 0,
    clock = new ManualClock(),
    freeze = false,
  } = options;
  return {
    operator: operatorUid("test"),
    operatorName: "test",
    subtaskIndex: subtask,
    parallelism,
    maxParallelism,
    keyGroups: keyGroupRange(maxParallelism, parallelism, subtask),
    clock,
    freeze,
  };
}
