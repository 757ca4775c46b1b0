import type { ProgressReport } from "../progress/job-progress.ts";
import type { JobSummary } from "./job-summary.ts";

/** How serious a message is. */
export type LogLevel = "info" | "warn" | "error";

/**
 * Who tells the user how a job is getting on; one for each kind of reader. Called in this order: `log` at any time, `progress` every
 * `interval` ms while the job runs, then `ended`, then `failed` where it failed. A job that doesn't start has `failed` alone.
 */
export interface Reporter {
  /** How often progress is wanted, ms; undefined: never. */
  readonly interval: number | undefined;
  progress(report: ProgressReport): void;
  log(level: LogLevel, message: string): void;
  /** A remark of the command's own: "stopping". */
  note(text: string): void;
  /** The job reads what the user types on the terminal: nothing may be drawn there while it runs. */
  leaveTerminal(): void;
  /** The job was stopped with a savepoint: its folder. Told however quiet it is to be. */
  savepoint(jobName: string, path: string): void;
  ended(summary: JobSummary): void;
  failed(error: unknown): void;
}
