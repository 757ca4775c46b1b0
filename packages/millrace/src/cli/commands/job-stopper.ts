import { resolve } from "node:path";
import type { LocalJob } from "../../cluster/local/local-job.ts";
import type { Clock } from "../../common/clock/clock.ts";
import { configValue } from "../../common/config/configuration.ts";
import { SAVEPOINT_DIR } from "../../common/config/options.ts";
import type { JobStatus } from "../../graph/execution/job-status.ts";
import type { RunRequest } from "../command-line/requests.ts";
import { ExitCode, exitCodeOfSignal } from "../exit-code.ts";
import { Interrupts } from "../interrupts.ts";
import type { CommandContext } from "./command-context.ts";

/** Where savepoints go that nobody gave a folder for, below the current one. */
const DEFAULT_FOLDER = "savepoints";

/**
 * Stops a job when the process is asked to end: cleanly at the first signal, at once at the second. With `savepointOnExit` the first
 * signal stops it with a savepoint, and the others come one later.
 */
export class JobStopper {
  readonly #context: CommandContext;
  readonly #request: Pick<RunRequest, "savepointOnExit" | "drain">;
  readonly #interrupts: Interrupts;
  #job: LocalJob | undefined;
  #asked: "cancel" | "savepoint" | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(context: CommandContext, clock: Clock, request: Pick<RunRequest, "savepointOnExit" | "drain">) {
    this.#context = context;
    this.#request = request;
    const { reporter, screen } = context;
    const cancel = (): void => {
      reporter.note("stopping; once more to stop at once");
      this.cancel();
    };
    const save = (signal: NodeJS.Signals): void => {
      reporter.note("stopping with a savepoint; once more to stop without");
      this.#asked = "savepoint";
      if (this.#job !== undefined) this.#saving = this.#save(this.#job, signal);
    };
    const atOnce = (signal: NodeJS.Signals): void => {
      screen.setLine(undefined);
      process.exit(exitCodeOfSignal(signal));
    };
    this.#interrupts = new Interrupts(
      clock,
      ...(request.savepointOnExit === undefined ? [] : [save]),
      cancel,
      atOnce,
    );
    context.output.onClosed = () => this.cancel();
  }

  /** The job that is to be stopped. What asked for it while it was being built, when it had done nothing, cancels it now. */
  set job(job: LocalJob) {
    this.#job = job;
    if (this.#asked === undefined) return;
    if (this.#asked === "savepoint")
      this.#context.reporter.note("the job had not begun: it is cancelled, and there is no savepoint");
    job.cancel();
  }

  /** Stops the job cleanly, without a savepoint. */
  cancel(): void {
    this.#asked = "cancel";
    this.#job?.cancel();
  }

  /** The signal that asked the process to end; undefined while none has. */
  get signal(): NodeJS.Signals | undefined {
    return this.#interrupts.signal;
  }

  /** Settles when the savepoint that was asked for is taken, or has failed, and that was told. */
  get saved(): Promise<void> {
    return this.#saving;
  }

  /** Signals have their usual effect again. */
  dispose(): void {
    this.#interrupts.dispose();
  }

  /** What the process answers now that the job has ended. */
  exitCode(status: "FINISHED" | "CANCELED" | "FAILED"): number {
    const { signal } = this.#interrupts;
    if (status === "CANCELED" && signal !== undefined) return exitCodeOfSignal(signal);
    return status === "FINISHED" ? ExitCode.OK : ExitCode.FAILED;
  }

  async #save(job: LocalJob, signal: NodeJS.Signals): Promise<void> {
    const { reporter, cwd } = this.#context;
    try {
      const path = await job.stopWithSavepoint({ directory: this.#folder(job), drain: this.#request.drain });
      reporter.savepoint(job.jobName, resolve(cwd, path));
    } catch (error) {
      // A job that fails tells by itself.
      if (this.#asked === "cancel" || !GOES_ON.has(job.status)) return;
      reporter.failed(error);
      // Nobody sits before a process that was sent a signal by a program: it ends all the same.
      if (signal === "SIGINT") reporter.note("the job goes on; once more to stop it without a savepoint");
      else this.cancel();
    }
  }

  #folder({ streamGraph }: LocalJob): string {
    const { savepointOnExit: folder } = this.#request;
    if (typeof folder === "string") return resolve(this.#context.cwd, folder);
    return configValue(streamGraph.config, SAVEPOINT_DIR) ?? resolve(this.#context.cwd, DEFAULT_FOLDER);
  }
}

const GOES_ON: ReadonlySet<JobStatus> = new Set<JobStatus>(["CREATED", "RUNNING", "RESTARTING"]);
