import type { JobOutcome } from "../../cluster/job-manager/job-master/job-master-options.ts";
import type { PreparedModule } from "../../cluster/local/prepare-module.ts";
import type { Clock } from "../../common/clock/clock.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { CompletedCheckpoint } from "../../runtime/checkpoint/storage/checkpoint-store.ts";
import { checkKept } from "./check-kept.ts";
import type { DevJob } from "./dev-job.ts";
import type { DevStreams } from "./dev-streams.ts";
import type { DevTeller } from "./dev-teller.ts";
import { filesNamed } from "./files-named.ts";
import { FileWatch } from "./file-watch.ts";

/** What a session is made of. */
export interface DevSessionOptions {
  readonly clock: Clock;
  readonly streams: DevStreams;
  readonly tell: DevTeller;
  /** Leave behind state of operators that the job doesn't have. */
  readonly allowNonRestoredState: boolean;
  /** Start without state where a change can't keep it. */
  readonly freshOnMismatch: boolean;
  /** The module's file. */
  readonly module: string;
  /**
   * Bundles and builds the job as its files are now.
   * @param first whether nothing has been started yet: the job starts from what its settings name
   */
  prepare(first: boolean): Promise<PreparedModule>;
  /** Starts it, and follows it until it has ended. */
  start(prepared: PreparedModule, restore: CompletedCheckpoint | undefined): Promise<DevJob>;
}

/**
 * Runs a job, and puts another in its place whenever its files are saved: the new one is built while the old one runs, the old one stops with
 * a savepoint in memory, the new one goes on from it. One thing happens at a time; what is saved meanwhile comes next.
 */
export class DevSession {
  readonly #options: DevSessionOptions;
  readonly #watch: FileWatch;
  readonly #saved = new Set<string>();
  #inputs: readonly string[];
  #running: DevJob | undefined;
  #outcome: JobOutcome | undefined;
  /** What the next job starts from. */
  #kept: CompletedCheckpoint | undefined;
  #started = false;
  #stopped = false;
  #wake: () => void = () => {};

  constructor(options: DevSessionOptions) {
    this.#options = options;
    this.#inputs = [options.module];
    this.#watch = new FileWatch(options.clock, (paths) => {
      for (const path of paths) this.#saved.add(path);
      this.#wake();
    });
  }

  /** Settles when the session was stopped, and its job has ended. */
  async run(): Promise<void> {
    try {
      this.#watch.update(this.#inputs);
      await this.#replace([]);
      while (!this.#stopped) await this.#round();
    } finally {
      this.#watch.close();
    }
    await this.#running?.cancel();
    if (this.#outcome !== undefined) this.#ended(this.#outcome);
  }

  /** Ends the session, and its job with it. */
  stop(): void {
    this.#stopped = true;
    this.#running?.job.cancel();
    this.#wake();
  }

  async #round(): Promise<void> {
    if (this.#outcome !== undefined) this.#ended(this.#outcome);
    if (this.#saved.size > 0) {
      const saved = [...this.#saved];
      this.#saved.clear();
      await this.#replace(saved);
    } else if (!this.#stopped) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** The job ended by itself, or was cancelled. */
  #ended(outcome: JobOutcome): void {
    const running = this.#running;
    this.#running = undefined;
    this.#outcome = undefined;
    if (running === undefined) return;
    // A job that has come to its end begins at its beginning.
    if (outcome.status === "FINISHED") this.#kept = undefined;
    this.#options.tell.ended(running, outcome, this.#stopped ? undefined : this.#kept);
  }

  async #replace(saved: readonly string[]): Promise<void> {
    const { tell } = this.#options;
    const since = this.#options.clock.monotonic();
    const prepared = await this.#prepare();
    if (prepared === undefined) return;
    if (this.#running?.hash === prepared.hash) {
      await prepared.dispose();
      return;
    }
    if (!(await this.#stopRunning()) || this.#stopped) {
      await prepared.dispose();
      return;
    }
    const kept = await this.#fitting(prepared);
    if (kept === undefined) {
      await prepared.dispose();
      return;
    }
    if (await this.#start(prepared, kept.checkpoint)) {
      tell.started(saved, prepared.inputs, kept.checkpoint, this.#options.clock.monotonic() - since);
    }
  }

  async #prepare(): Promise<PreparedModule | undefined> {
    try {
      const prepared = await this.#options.prepare(!this.#started);
      this.#inputs = prepared.inputs;
      this.#watch.update(this.#inputs);
      return prepared;
    } catch (error) {
      // What doesn't parse imports who knows what: watched is what was imported before, and what has to be mended.
      this.#watch.update([...this.#inputs, ...filesNamed(error)]);
      this.#options.tell.notBuilt(error, this.#running !== undefined, this.#kept);
      return undefined;
    }
  }

  /** Stops the running job, if there is one, and keeps its savepoint. False where it goes on. */
  async #stopRunning(): Promise<boolean> {
    const { streams, tell } = this.#options;
    const running = this.#running;
    if (running === undefined) return true;
    try {
      if (streams.taken) {
        streams.hold();
        await running.settled();
      }
      const { savepoint, failure } = await running.stopWithSavepoint();
      this.#kept = savepoint;
      if (failure !== undefined) tell.notCommitted(failure);
      this.#running = undefined;
      this.#outcome = undefined;
      return true;
    } catch (error) {
      // It may have ended by itself meanwhile.
      if (this.#outcome !== undefined) {
        this.#ended(this.#outcome);
        return true;
      }
      streams.release();
      if (!this.#stopped) tell.notStopped(error);
      return false;
    }
  }

  /** What the job is to start from, if it fits; undefined where it doesn't, which was told. */
  async #fitting(
    prepared: PreparedModule,
  ): Promise<{ readonly checkpoint: CompletedCheckpoint | undefined } | undefined> {
    const { tell, allowNonRestoredState, freshOnMismatch } = this.#options;
    const kept = this.#kept;
    if (kept === undefined) return { checkpoint: undefined };
    try {
      tell.notices(checkKept(kept, prepared, allowNonRestoredState));
      return { checkpoint: kept };
    } catch (error) {
      if (!MillraceError.is(error, "RESTORE_REFUSED") || !freshOnMismatch) {
        tell.refused(error, kept);
        return undefined;
      }
      tell.fresh(error);
      this.#kept = undefined;
      return { checkpoint: undefined };
    }
  }

  async #start(prepared: PreparedModule, restore: CompletedCheckpoint | undefined): Promise<boolean> {
    try {
      const running = await this.#options.start(prepared, restore);
      this.#running = running;
      this.#started = true;
      void running.job.done.then((outcome) => {
        if (this.#running !== running) return;
        this.#outcome = outcome;
        this.#wake();
      });
      if (this.#stopped) running.job.cancel();
      return true;
    } catch (error) {
      await prepared.dispose();
      this.#options.tell.notStarted(error, restore);
      return false;
    }
  }
}
