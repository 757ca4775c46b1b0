import type { Transitions } from "./state-machine.ts";

/** States of a job. Names as in Flink. */
export type JobStatus =
  | "INITIALIZING"
  | "CREATED"
  | "RUNNING"
  | "FAILING"
  | "FAILED"
  | "CANCELLING"
  | "CANCELED"
  | "FINISHED"
  | "RESTARTING"
  | "SUSPENDED"
  | "RECONCILING";

/** All of them, in the order in which answers of the REST API list them. */
export const JOB_STATUSES = [
  "INITIALIZING",
  "CREATED",
  "RUNNING",
  "FAILING",
  "FAILED",
  "CANCELLING",
  "CANCELED",
  "FINISHED",
  "RESTARTING",
  "SUSPENDED",
  "RECONCILING",
] as const satisfies readonly JobStatus[];

export const JOB_TRANSITIONS: Transitions<JobStatus> = {
  INITIALIZING: ["CREATED", "FAILED", "CANCELED", "SUSPENDED"],
  CREATED: ["RUNNING", "FAILING", "CANCELLING", "SUSPENDED"],
  RUNNING: ["FINISHED", "FAILING", "CANCELLING", "RESTARTING", "SUSPENDED"],
  RESTARTING: ["CREATED", "RUNNING", "FAILING", "CANCELLING", "SUSPENDED"],
  FAILING: ["FAILED", "RESTARTING", "SUSPENDED"],
  // Whatever its tasks still report: who cancelled the job gets a cancelled one.
  CANCELLING: ["CANCELED", "SUSPENDED"],
  SUSPENDED: ["RECONCILING"],
  RECONCILING: ["RUNNING", "FAILING", "CANCELLING", "SUSPENDED"],
  FINISHED: [],
  CANCELED: [],
  FAILED: [],
};
