/** States of a task in its slot; reported to the JobMaster, whose executions follow them. */
export type TaskState = "INITIALIZING" | "RUNNING" | "FINISHED" | "CANCELED" | "FAILED";
