import type { ExecutionId, VertexId } from "../../../common/ids/ids.ts";
import { EXECUTION_TRANSITIONS } from "../../../graph/execution/execution-state.ts";
import type { ExecutionState } from "../../../graph/execution/execution-state.ts";
import { StateMachine } from "../../../graph/execution/state-machine.ts";
import type { DeploymentPlan } from "./plan-deployment.ts";

/** One attempt of one subtask, as its JobMaster knows it. */
export interface Execution {
  readonly id: ExecutionId;
  readonly vertex: VertexId;
  readonly subtask: number;
  readonly slot: number;
  readonly machine: StateMachine<ExecutionState>;
}

/** The executions of one attempt of a job. */
export class ExecutionTable {
  readonly all: readonly Execution[];
  readonly #byId: ReadonlyMap<ExecutionId, Execution>;

  constructor(plan: DeploymentPlan) {
    this.all = plan.slots.flatMap(({ tasks }, slot) =>
      tasks.map((task) => ({
        id: task.execution,
        vertex: task.vertex,
        subtask: task.subtask,
        slot,
        machine: new StateMachine<ExecutionState>(
          `execution ${task.execution}`,
          EXECUTION_TRANSITIONS,
          "CREATED",
        ),
      })),
    );
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

  every(state: ExecutionState): boolean {
    return this.all.every(({ machine }) => machine.state === state);
  }
}
