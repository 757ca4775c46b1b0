import { errorText } from "../errors/error-text.ts";
import { showPath } from "../errors/user-frames.ts";
import type { ProgressReport } from "../progress/job-progress.ts";
import type { Screen } from "../terminal/screen.ts";
import type { Style } from "../terminal/style.ts";
import type { JobSummary } from "./job-summary.ts";
import { liveLine } from "./live-line.ts";
import { logLine } from "./log-line.ts";
import type { LogLevel, Reporter } from "./reporter.ts";
import { summaryText } from "./summary-text.ts";

/** How often the live line is drawn, and how often a log gets a line, ms. */
const LIVE_INTERVAL = 250;
const LOG_INTERVAL = 5000;

/** What a TextReporter is made of. */
export interface TextReporterOptions {
  readonly screen: Screen;
  readonly style: Style;
  readonly cwd: string;
  /** Neither progress nor summary. */
  readonly quiet: boolean;
  /** Whole stacks, and what the engine logs for information. */
  readonly verbose: boolean;
}

/** Reports to people: by a live line on a terminal, by a line every few seconds elsewhere. */
export class TextReporter implements Reporter {
  readonly interval: number | undefined;
  readonly #options: TextReporterOptions;
  readonly #live: boolean;
  #left = false;

  constructor(options: TextReporterOptions) {
    this.#options = options;
    this.#live = options.screen.isTerminal;
    this.interval = options.quiet ? undefined : this.#live ? LIVE_INTERVAL : LOG_INTERVAL;
  }

  progress(report: ProgressReport): void {
    const { screen, style } = this.#options;
    if (!this.#live) screen.print(logLine(report));
    else if (!this.#left) screen.setLine(liveLine(report, screen.columns, style));
  }

  log(level: LogLevel, message: string): void {
    const { screen, style, verbose } = this.#options;
    if (level === "info" && !verbose) return;
    const paint = level === "error" ? style.red : level === "warn" ? style.yellow : style.dim;
    screen.print(`${paint(level === "warn" ? "warning" : level)}: ${message}`);
  }

  note(text: string): void {
    if (!this.#options.quiet) this.#options.screen.print(this.#options.style.dim(text));
  }

  leaveTerminal(): void {
    this.#left = true;
    this.#options.screen.setLine(undefined);
  }

  savepoint(_jobName: string, path: string): void {
    const { screen, style, cwd } = this.#options;
    screen.print(`${style.green("savepoint")}: ${showPath(path, cwd)}`);
  }

  ended(summary: JobSummary): void {
    const { screen, style, cwd, quiet } = this.#options;
    screen.setLine(undefined);
    if (!quiet) screen.print(summaryText(summary, style, cwd));
  }

  failed(error: unknown): void {
    const { screen, style, cwd, verbose } = this.#options;
    screen.setLine(undefined);
    screen.print(errorText(error, { style, cwd, verbose }));
  }
}
