import type { Transitions } from "./state-machine.ts";

/** States of one attempt of one subtask. Names as in Flink. */
export type ExecutionState =
  | "CREATED"
  | "SCHEDULED"
  | "DEPLOYING"
  | "INITIALIZING"
  | "RUNNING"
  | "FINISHED"
  | "CANCELING"
  | "CANCELED"
  | "FAILED"
  /** Found again after the JobManager was restarted, before it has said how it is. */
  | "RECONCILING";

/** All of them, in the order in which answers of the REST API list them. */
export const EXECUTION_STATES = [
  "CREATED",
  "SCHEDULED",
  "DEPLOYING",
  "RUNNING",
  "FINISHED",
  "CANCELING",
  "CANCELED",
  "FAILED",
  "RECONCILING",
  "INITIALIZING",
] as const satisfies readonly ExecutionState[];

export const EXECUTION_TRANSITIONS: Transitions<ExecutionState> = {
  CREATED: ["SCHEDULED", "CANCELED", "FAILED", "RECONCILING"],
  SCHEDULED: ["DEPLOYING", "CANCELED", "FAILED"],
  DEPLOYING: ["INITIALIZING", "RUNNING", "CANCELING", "FAILED"],
  INITIALIZING: ["RUNNING", "CANCELING", "FAILED", "FINISHED"],
  RUNNING: ["FINISHED", "CANCELING", "FAILED"],
  // A task may reach its end, or fail, before it hears of the cancellation.
  CANCELING: ["CANCELED", "FAILED", "FINISHED"],
  RECONCILING: ["RUNNING", "FINISHED", "CANCELED", "FAILED"],
  FINISHED: [],
  CANCELED: [],
  FAILED: [],
};
