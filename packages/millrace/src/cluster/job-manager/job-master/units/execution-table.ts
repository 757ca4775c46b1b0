import { attempt as attemptOf, executionId } from "../../../../common/ids/ids.ts";
import type { ExecutionId, VertexId } from "../../../../common/ids/ids.ts";
import { EXECUTION_TRANSITIONS } from "../../../../graph/execution/execution-state.ts";
import type { ExecutionState } from "../../../../graph/execution/execution-state.ts";
import { StateMachine } from "../../../../graph/execution/state-machine.ts";
import type { FailoverUnit } from "./plan-units.ts";
import { subtaskKey } from "./subtask-key.ts";
import type { SubtaskKey } from "./subtask-key.ts";

/** One attempt of one subtask, as its JobMaster knows it. */
export interface Execution {
  readonly id: ExecutionId;
  readonly vertex: VertexId;
  readonly subtask: number;
  /** The subtask, whatever the attempt. */
  readonly key: SubtaskKey;
  /** Of its unit. */
  readonly slot: number;
  readonly machine: StateMachine<ExecutionState>;
  /** When it came into each state, ms since the epoch. */
  readonly timestamps: Readonly<Partial<Record<ExecutionState, number>>>;
  /** Whether its operators have finished: it waits for the last commit. */
  endOfData: boolean;
}

/** The executions of one attempt of one failover unit. */
export class ExecutionTable {
  readonly all: readonly Execution[];
  readonly #byId: ReadonlyMap<ExecutionId, Execution>;

  /** @param now ms since the epoch */
  constructor(unit: FailoverUnit, attempt: number, now: () => number) {
    this.all = unit.tasks.map(({ vertex, subtask, slot }) => {
      const id = executionId(vertex, subtask, attemptOf(attempt));
      const timestamps: Partial<Record<ExecutionState, number>> = { CREATED: now() };
      const machine = new StateMachine<ExecutionState>(
        `execution ${id}`,
        EXECUTION_TRANSITIONS,
        "CREATED",
        (state) => (timestamps[state] = now()),
      );
      const key = subtaskKey(vertex, subtask);
      return { id, vertex, subtask, key, slot, machine, timestamps, endOfData: false };
    });
    this.#byId = new Map(this.all.map((execution) => [execution.id, execution]));
  }

  /** undefined for executions of another attempt: their messages are stale. */
  get(id: ExecutionId): Execution | undefined {
    return this.#byId.get(id);
  }

  /** Whether every execution is in a state that nothing follows. */
  get allTerminal(): boolean {
    return this.all.every(({ machine }) => machine.terminal);
  }
}
