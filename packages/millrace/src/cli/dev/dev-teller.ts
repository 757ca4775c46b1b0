import { basename } from "node:path";
import type { JobOutcome } from "../../cluster/job-manager/job-master/job-master-options.ts";
import type { RestoreNotice } from "../../cluster/job-manager/restore/restore-check.ts";
import type { CompletedCheckpoint } from "../../runtime/checkpoint/storage/checkpoint-store.ts";
import { showPath } from "../errors/user-frames.ts";
import { formatDuration } from "../format/durations.ts";
import { countOf, formatBytes } from "../format/numbers.ts";
import { formatTimeOfDay } from "../format/times.ts";
import { checkpointBytes } from "../savepoint/checkpoint-bytes.ts";
import { jobSummary } from "../report/job-summary.ts";
import type { Reporter } from "../report/reporter.ts";
import type { DevJob } from "./dev-job.ts";

/** Files that are named; more are counted. */
const MAX_NAMED = 3;

/** Tells what a session does. */
export class DevTeller {
  readonly #reporter: Reporter;
  readonly #cwd: string;
  readonly #elapsed: () => number;
  readonly #from: string | undefined;
  #told = false;
  #lossy = false;

  /**
   * @param elapsed ms since the job at hand was started
   * @param from what the first job starts from; undefined: from nothing
   */
  constructor(reporter: Reporter, cwd: string, elapsed: () => number, from?: string) {
    this.#reporter = reporter;
    this.#cwd = cwd;
    this.#elapsed = elapsed;
    this.#from = from;
  }

  /** @param took ms since the files were saved */
  started(
    saved: readonly string[],
    inputs: readonly string[],
    from: CompletedCheckpoint | undefined,
    took: number,
  ): void {
    if (!this.#told) {
      this.#told = true;
      this.#reporter.note(`watching ${this.#files(inputs)}; Ctrl-C ends`);
    }
    if (saved.length === 0) return;
    const state =
      from === undefined
        ? "starts anew"
        : `goes on with its state, ${formatBytes(checkpointBytes(from.metadata))}`;
    this.#reporter.note(`${this.#files(saved)} saved: the job ${state}, after ${formatDuration(took)}`);
  }

  notBuilt(error: unknown, running: boolean, kept: CompletedCheckpoint | undefined): void {
    this.#reporter.failed(error);
    this.#reporter.note(running ? "the running job goes on; waiting for the next save" : this.#waiting(kept));
  }

  notStopped(error: unknown): void {
    this.#reporter.failed(error);
    this.#reporter.note("no savepoint could be taken: the running job goes on; waiting for the next save");
  }

  /** The job was stopped, and its sinks could not commit what they had prepared. */
  notCommitted(error: Error): void {
    this.#reporter.failed(error);
    this.#reporter.note("its state is kept: the job that goes on with it commits what is left");
  }

  notStarted(error: unknown, kept: CompletedCheckpoint | undefined): void {
    this.#reporter.failed(error);
    this.#reporter.note(this.#waiting(kept));
  }

  refused(error: unknown, kept: CompletedCheckpoint): void {
    this.notStarted(error, kept);
  }

  /** A job starts without the state that doesn't fit it. */
  fresh(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.#reporter.log("warn", `${text}\n  it starts without state`);
  }

  notices(notices: readonly RestoreNotice[]): void {
    for (const { kind, operator, uid, state, text } of notices) {
      if (kind === "generated-uid") continue;
      const of = state === undefined ? "" : `, state "${state}"`;
      this.#reporter.note(`operator "${operator}" (uid "${uid}")${of}: ${text}`);
    }
  }

  /** What sources that can't go back lose at a restart; told once. */
  lossy(sources: readonly string[]): void {
    if (this.#lossy || sources.length === 0) return;
    this.#lossy = true;
    const names = sources.map((name) => `"${name}"`).join(", ");
    this.#reporter.log(
      "warn",
      `${names} can't be read again: what was on its way at a restart, and what comes during one, is lost`,
    );
  }

  ended({ job }: DevJob, outcome: JobOutcome, kept: CompletedCheckpoint | undefined): void {
    this.#reporter.ended(jobSummary(job, outcome, this.#elapsed()));
    if (outcome.error !== undefined) this.#reporter.failed(outcome.error);
    if (outcome.status !== "CANCELED") this.#reporter.note(this.#waiting(kept));
  }

  #files(paths: readonly string[]): string {
    const names = paths.slice(0, MAX_NAMED).map((path) => {
      const shown = showPath(path, this.#cwd);
      return shown === path ? basename(path) : shown;
    });
    const more = paths.length - names.length;
    return `${names.join(", ")}${more === 0 ? "" : ` and ${countOf(more, "more file")}`}`;
  }

  #waiting(kept: CompletedCheckpoint | undefined): string {
    const next = "waiting for the next save, which starts the job";
    if (kept !== undefined) return `${next} with its state of ${formatTimeOfDay(kept.metadata.triggeredAt)}`;
    // Until one was started, the next is the first.
    return this.#from === undefined || this.#told
      ? `${next} anew`
      : `${next} from ${showPath(this.#from, this.#cwd)}`;
  }
}
