import type { RuntimeContext } from "../../common/functions/runtime-context.ts";
import type { ListState, ListStateDescriptor } from "../../common/state/state.ts";
import { MAX_WATERMARK, MIN_WATERMARK, type Timestamp } from "../../common/time/timestamps.ts";
import { Types } from "../../common/types/types.ts";
import { EMITTED_WATERMARKS } from "../state/emitted-watermarks.ts";
import type { OperatorContext } from "./operator.ts";

/** How far one subtask had come, of how many. */
interface Emitted {
  readonly subtask: number;
  readonly parallelism: number;
  readonly watermark: Timestamp;
  readonly idle: boolean;
}

const DESCRIPTOR: ListStateDescriptor<Emitted> = {
  "~millrace": "state",
  kind: "list",
  type: Types.object({
    subtask: Types.int,
    parallelism: Types.int,
    watermark: Types.double,
    idle: Types.boolean,
  }),
};

/** The watermark that an operator has emitted, as state (correctness rule 15). */
export class EmittedWatermark {
  readonly #runtime: RuntimeContext;
  readonly #state: ListState<Emitted>;
  /** What to go on from; -Infinity where nothing was restored. */
  readonly restored: Timestamp;

  constructor({ runtime, operatorState }: OperatorContext) {
    this.#runtime = runtime;
    this.#state = operatorState.getUnionListState(EMITTED_WATERMARKS, DESCRIPTOR);
    this.restored = restoredWatermark([...(this.#state.get() as Iterable<Emitted>)], runtime);
    this.#state.clear();
  }

  keep(watermark: Timestamp, idle: boolean): void {
    const { subtaskIndex: subtask, parallelism } = this.#runtime;
    this.#state.update([{ subtask, parallelism, watermark: Math.max(watermark, this.restored), idle }]);
  }
}

/**
 * A subtask goes on from what it had emitted itself. At another parallelism there is no such subtask: all start from the least that any
 * active one had emitted. Nobody below had seen more, because readers of several subtasks take the least of them; a higher one would
 * make records late that were not.
 */
function restoredWatermark(
  emitted: readonly Emitted[],
  { subtaskIndex, parallelism }: RuntimeContext,
): Timestamp {
  // Who had come to the end of its input holds back nobody, nor is it a place to go on from.
  const unfinished = emitted.filter(({ watermark }) => watermark !== MAX_WATERMARK);
  const own = unfinished.find((one) => one.parallelism === parallelism && one.subtask === subtaskIndex);
  if (own !== undefined) return own.watermark;
  if (unfinished.length === 0) return MIN_WATERMARK;
  const active = unfinished.filter(({ idle }) => !idle);
  return Math.min(...(active.length > 0 ? active : unfinished).map(({ watermark }) => watermark));
}
