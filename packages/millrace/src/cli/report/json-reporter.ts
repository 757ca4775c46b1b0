import { errorJson } from "../errors/error-json.ts";
import type { ProgressReport } from "../progress/job-progress.ts";
import type { Screen } from "../terminal/screen.ts";
import type { JobSummary } from "./job-summary.ts";
import { progressJson, savepointJson, summaryJson } from "./report-json.ts";
import type { LogLevel, Reporter } from "./reporter.ts";

/** How often programs hear of progress, ms. */
const INTERVAL = 5000;

/** Reports to programs: every line on standard error is a JSON object, but for what the job itself prints there. */
export class JsonReporter implements Reporter {
  readonly interval: number | undefined;
  readonly #screen: Screen;
  readonly #quiet: boolean;
  readonly #verbose: boolean;

  /** @param quiet neither progress nor summary @param verbose also what the engine logs for information */
  constructor(screen: Screen, quiet: boolean, verbose: boolean) {
    this.#screen = screen;
    this.#quiet = quiet;
    this.#verbose = verbose;
    this.interval = quiet ? undefined : INTERVAL;
  }

  progress(report: ProgressReport): void {
    this.#screen.print(progressJson(report));
  }

  log(level: LogLevel, message: string): void {
    if (level === "info" && !this.#verbose) return;
    this.#screen.print(JSON.stringify({ type: "log", level, message }));
  }

  note(): void {}

  leaveTerminal(): void {}

  savepoint(jobName: string, path: string): void {
    this.#screen.print(savepointJson(jobName, path));
  }

  ended(summary: JobSummary): void {
    if (!this.#quiet) this.#screen.print(summaryJson(summary));
  }

  failed(error: unknown): void {
    this.#screen.print(errorJson(error));
  }
}
