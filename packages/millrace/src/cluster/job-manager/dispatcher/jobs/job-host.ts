import type { ClockTimer } from "../../../../common/clock/clock.ts";
import { JOB_HEAP, JOB_SILENCE_TIMEOUT } from "../../../../common/config/job-manager-options.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { preview } from "../../../../common/errors/preview.ts";
import { unreachable } from "../../../../common/errors/unreachable.ts";
import type { JobId } from "../../../../common/ids/ids.ts";
import type { JobStatus } from "../../../../graph/execution/job-status.ts";
import { NO_HISTORY, type JobHistory } from "../../../../protocol/cluster/job-history.ts";
import type {
  FromJobMaster,
  JobMasterCall,
  ToJobMaster,
} from "../../../../protocol/cluster/job-master-messages.ts";
import type { JobSubmission, LastCommit, SettledJob } from "../../../../protocol/cluster/job-submission.ts";
import type { JobView } from "../../../../protocol/cluster/job-view.ts";
import { fromEnvelope, toEnvelope, type ErrorEnvelope } from "../../../../protocol/control/error-envelope.ts";
import { hexDigits } from "../../../../runtime/checkpoint/storage/unique-name.ts";
import { PendingQuestions } from "../../resource-manager/pending-questions.ts";
import { decideAfterDeath, type AfterDeath } from "./after-death.ts";
import type { FinalStatus, JobHostOptions } from "./job-host-options.ts";
import { asMishaps, asView, bareView, endedView, threadlessView } from "./job-views.ts";
import type { JobThread } from "./job-thread.ts";
import { JobWatch } from "./job-watch.ts";
import type { RunTask } from "./resume-task.ts";

/** Before what could not be recorded is tried again, ms. */
const RECORD_RETRY = 1000;

/** An end that a thread has told of, and when that is recorded. */
interface ToldEnd {
  readonly status: FinalStatus;
  readonly view: JobView;
  readonly recorded: Promise<void>;
}

/** How long a thread may take to be gone when it is ended, ms: a call into the system that never returns holds it. */
const END_PATIENCE = 30_000;

/**
 * A job, as the main thread knows it: the thread that its JobMaster runs in, its status, and the calls to it. Whatever the thread's user code
 * does, each call ends in time. A thread that dies, or is silent for too long, is followed by another, which goes on from the job's last checkpoint,
 * as the job's restart strategy says; not before the first is gone, and all slots that it had are closed. Before the job was accepted there is
 * nothing to go on with: then it fails.
 */
export class JobHost {
  readonly id: JobId;
  readonly submission: JobSubmission;
  status: JobStatus = "INITIALIZING";
  readonly #options: JobHostOptions;
  readonly #calls: PendingQuestions;
  /** The last that was told of it. */
  #view: JobView;
  /** restarting: its thread has died, and the next one does not run the job yet. */
  #phase: "starting" | "running" | "restarting" | "over" = "starting";
  #thread: JobThread | undefined;
  /** From when on the job is accepted. */
  #settled: SettledJob | undefined;
  #history: JobHistory = NO_HISTORY;
  /** Whether it has run in this process. */
  #ran = false;
  #canceling = false;
  #suspending = false;
  #committing: LastCommit | undefined;
  #ending: ToldEnd | undefined;
  /** It is ended here, without its thread: settles when that is done. */
  #concluding: Promise<void> | undefined;
  #started = Promise.withResolvers<void>();
  #over = Promise.withResolvers<void>();
  #startTimer: ClockTimer | undefined;
  /** Until the next thread is due. */
  #delayTimer: ClockTimer | undefined;
  #watch: JobWatch | undefined;

  constructor(options: JobHostOptions) {
    const { submission, name, clock } = options;
    this.#options = options;
    this.submission = submission;
    this.id = submission.jobId;
    this.#view = bareView(submission, name);
    this.#calls = new PendingQuestions(clock);
    // Whoever starts it waits for it; a job that is ended meanwhile must not end the process.
    this.#started.promise.catch(() => {});
  }

  /** Settles when the job is over. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Settles when it runs, and was recorded; runs again, where its thread has died. Rejects as `start`. */
  get ready(): Promise<void> {
    return this.#started.promise;
  }

  get isOver(): boolean {
    return this.#phase === "over";
  }

  /**
   * Lets a thread build the job, and run it. Settles when it runs, and was recorded.
   *
   * @throws as the builder; JOB_MODULE_INVALID when it takes too long; then the job is over
   */
  async start(task: RunTask): Promise<void> {
    this.#settled = task.settled;
    this.#history = task.history ?? NO_HISTORY;
    const { restarts, exceptions } = this.#history;
    this.#view = { ...this.#view, restarts, exceptions };
    try {
      this.#launch(task);
    } catch (error) {
      this.end("FAILED", asMillraceError(error));
    }
    return this.ready;
  }

  /** The job as it is now; as it was last where its own code lets nobody in for `patience` ms. */
  async view(patience = this.#options.timeout): Promise<JobView> {
    if (this.#phase !== "running") return this.#viewNow();
    try {
      this.#view = this.#told(await this.call({ method: "describe" }, patience));
    } catch (error) {
      if (!MillraceError.is(error, "CONNECTION_LOST") && !this.isOver) throw error;
    }
    return this.#viewNow();
  }

  /** @param timeout ms; "none": it may take as long as it takes @throws as the job; CONFLICT once it is over, CONNECTION_LOST when it takes too long */
  async call(call: JobMasterCall, timeout: number | "none" = this.#options.timeout): Promise<unknown> {
    if (this.#phase !== "running") {
      throw new MillraceError(
        "CONFLICT",
        this.isOver
          ? `job ${this.id} is over: ${this.status}`
          : `job ${this.id} is being ${this.#phase === "restarting" ? "started again" : "built"}: try again when it runs`,
        { retryable: !this.isOver },
      );
    }
    const request = this.#calls.next();
    const late = (): MillraceError =>
      new MillraceError(
        "CONNECTION_LOST",
        `job ${this.id} has not answered ${call.method} within ${timeout} ms`,
        {
          retryable: true,
          help: "Its own code keeps the thread of its JobMaster busy: an enumerator that does not return.",
        },
      );
    const answer = this.#calls.wait(request, timeout === "none" ? undefined : timeout, late);
    this.#thread?.send({ type: "call", request, call });
    return answer;
  }

  /** Cancels the job; one that does not answer is ended. */
  async cancel(): Promise<void> {
    if (this.#settled === undefined) {
      return this.end(
        "CANCELED",
        new MillraceError("JOB_CANCELED", `job ${this.id} was cancelled while it was built`),
      );
    }
    this.#canceling = true;
    if (this.#phase === "starting" || this.#phase === "restarting")
      return this.#conclude("CANCELED", undefined);
    try {
      await this.call({ method: "cancel" });
    } catch (error) {
      if (!MillraceError.is(error, "CONNECTION_LOST")) throw error;
      if (!this.isOver && this.#concluding === undefined)
        this.#options.log("warn", `job ${this.id} does not take its cancellation: its thread is ended`);
      await (this.#ending === undefined
        ? this.#conclude("CANCELED", undefined)
        : this.#endAsTold(this.#ending));
    }
  }

  /** Lets go of the job, so that another JobManager goes on with it. Settles when it is over; a job that does not let go is ended. @param patience ms */
  async suspend(patience: number): Promise<void> {
    this.#suspending = true;
    const timer = this.#options.clock.schedule(patience, () => this.end("SUSPENDED", undefined));
    if (this.#phase !== "running") this.end("SUSPENDED", undefined);
    // What it answers is of no meaning: it is over, or the timer ends it.
    else this.call({ method: "suspend" }, patience).catch(() => {});
    await this.over;
    timer.cancel();
  }

  /** Ends the job here and now, without a word to its thread. */
  end(status: JobStatus, error: MillraceError | undefined): void {
    this.#finish(status, this.#endedView(status, error), error);
  }

  #viewNow(): JobView {
    const view = this.#phase === "over" ? this.#view : { ...this.#view, status: this.status };
    const waiting = this.isOver ? undefined : this.#options.resources.waiting(this.id);
    return waiting === undefined ? view : { ...view, waiting };
  }

  /** User code of that thread can send what it likes. */
  #receive(message: FromJobMaster): void {
    if (this.isOver) return;
    try {
      this.#take(message);
    } catch (cause) {
      const what = preview((message as { type?: unknown } | undefined)?.type);
      const text = `the thread of job ${this.id} sent a message, type ${what}, that nobody understands`;
      this.end("FAILED", new MillraceError("PROTOCOL_VIOLATION", text, { cause }));
    }
  }

  #take(message: FromJobMaster): void {
    const { resources, log, output, recordCheckpoint, recordCommit } = this.#options;
    switch (message.type) {
      case "described":
        return;
      case "built":
        void this.#built(message.settled);
        return;
      case "unbuilt":
        return this.#unbuilt(message.error);
      case "status":
        return this.#changed(message.status, message.at);
      case "mishaps": {
        const { restarts, failures, exceptions } = asMishaps(message.mishaps);
        this.#history = { ...this.#history, restarts, failures, exceptions };
        return this.#options.recordHistory(this.#history);
      }
      case "openSlots": {
        const next = message.token.attempt + 1;
        if (next > this.#history.nextAttempt) this.#history = { ...this.#history, nextAttempt: next };
        return resources.fromJob(this.id, message);
      }
      case "forgetSlots":
      case "prepareSlots":
      case "wantSlots":
      case "slotMessage":
      case "closeSlot":
        return resources.fromJob(this.id, message);
      case "reply":
        this.#calls.answer(message.request, message.value);
        return;
      case "refusal":
        this.#calls.refuse(message.request, fromEnvelope(message.error));
        return;
      case "log":
        return log(message.level, `job ${this.id}: ${message.message}`);
      case "output":
        return output(message.stream, message.bytes);
      case "checkpointed":
        void this.#recordSurely("first checkpoint", recordCheckpoint, { type: "checkpointRecorded" });
        return;
      case "committing": {
        const { savepoint, drained } = message;
        const commit = { savepoint, drained };
        this.#committing = commit;
        void this.#recordSurely("last commit", () => recordCommit(commit), { type: "commitRecorded" });
        return;
      }
      case "ending":
        return this.#ends(message.status, message.view);
      case "ended":
        return this.#finish(
          message.status,
          this.#told(message.view),
          message.error && fromEnvelope(message.error),
        );
      default:
        return unreachable(message, "message of a JobMaster");
    }
  }

  async #built(settled: SettledJob): Promise<void> {
    this.#view = { ...this.#view, name: settled.jobName };
    try {
      await this.#options.record(settled);
    } catch (error) {
      this.end("FAILED", asMillraceError(error));
      return;
    }
    if (this.isOver) return;
    this.#settled = settled;
    this.#thread?.send({ type: "settledRecorded" });
    this.#runs();
  }

  #unbuilt(envelope: ErrorEnvelope): void {
    this.#lost(asMillraceError(fromEnvelope(envelope)));
  }

  #launch(task: RunTask): void {
    const { spawn, resources, submission, clock, timeout } = this.#options;
    const thread = spawn();
    this.#thread = thread;
    thread.onMessage = (message) => this.#receive(message);
    thread.onExit = (error) => this.#died(error);
    this.#startTimer = clock.schedule(timeout, () => {
      const late = notBuilt(`did not come to an end within ${timeout} ms`);
      // What it was built from has not changed: it may be the machine.
      this.#lost(this.#settled === undefined ? late : new MillraceError("JOB_FAILED", late.message));
    });
    thread.send({ type: "task", task });
    resources.addJob(this.id, submission.artifact, thread);
  }

  #runs(): void {
    if (this.#phase !== "starting" && this.#phase !== "restarting") return;
    const { clock, silence, onStarted } = this.#options;
    this.#phase = "running";
    this.#ran = true;
    this.#startTimer?.cancel();
    this.#watch = new JobWatch({
      clock,
      patience: silence,
      ask: (limit) => this.call({ method: "describe" }, limit),
      onSilent: () => this.#stuck(),
    });
    this.#watch.start();
    onStarted();
    this.#started.resolve();
  }

  #changed(status: JobStatus, at: number): void {
    // One that was started again has been created before.
    this.status = status === "CREATED" && this.status === "RESTARTING" ? "RESTARTING" : status;
    this.#view = {
      ...this.#view,
      status: this.status,
      timestamps: { ...this.#view.timestamps, [status]: at },
    };
    // One that is recovered was built before, and does not say so again.
    if (status !== "INITIALIZING") this.#runs();
  }

  #ends(status: FinalStatus, view: unknown): void {
    const { clock, recordEnd } = this.#options;
    const told = endedView(
      view === undefined ? this.#known : this.#told(view),
      status,
      clock.now(),
      undefined,
    );
    const recorded = this.#recordSurely("end", () => recordEnd(status, told, false), { type: "endRecorded" });
    this.#ending = { status, view: told, recorded };
  }

  /**
   * Records what the thread waits for, and tells it: as often as it takes, because a storage that fails may come back, and nothing of the job may be
   * done before. A JobManager that leads no more stops anyway.
   */
  async #recordSurely(what: string, record: () => Promise<void>, answer: ToJobMaster): Promise<void> {
    const { clock, log } = this.#options;
    while (!this.isOver) {
      try {
        await record();
        if (!this.isOver) this.#thread?.send(answer);
        return;
      } catch (error) {
        log("error", `the ${what} of job ${this.id} can't be recorded, and is tried again`, error);
        if (MillraceError.is(error, "FENCED")) return;
      }
      await new Promise<void>((resolve) => clock.schedule(RECORD_RETRY, resolve));
    }
  }

  /** Its own code does not return: nobody can reach the job, and it takes no more checkpoints. */
  #stuck(): void {
    const { silence } = this.#options;
    this.#lost(
      new MillraceError(
        "JOB_FAILED",
        `the thread of the JobMaster of job "${this.#view.name}" (${this.id}) has not answered for more than ${silence} ms: its own code keeps it busy`,
        {
          help: `A split enumerator must not wait in a loop, or compute for long: it is called again. ${JOB_SILENCE_TIMEOUT.key} says how long it may take. Where the job has failed, start it from its last checkpoint.`,
        },
      ),
    );
  }

  #died(cause: Error | undefined): void {
    const why = cause?.message ?? "it has stopped by itself";
    this.#lost(
      new MillraceError(
        this.#settled === undefined ? "JOB_MODULE_INVALID" : "JOB_FAILED",
        `the thread of the JobMaster of job "${this.#view.name}" (${this.id}) has ended: ${why}`,
        { cause, help: threadHelp },
      ),
    );
  }

  /** The thread is gone, or of no use any more. */
  #lost(death: MillraceError): void {
    if (this.isOver || this.#concluding !== undefined) return;
    const { clock, resources, submission, randomBytes, log, recordHistory } = this.#options;
    const settled = this.#settled;
    const thread = this.#thread;
    // One that did not even begin is nobody's end.
    if (settled === undefined || thread === undefined) return this.end("FAILED", death);
    thread.onMessage = undefined;
    thread.onExit = undefined;
    this.#startTimer?.cancel();
    this.#watch?.stop();
    resources.orphanJob(this.id);
    this.#calls.refuseAll(new MillraceError("CONNECTION_LOST", death.message, { retryable: true }));
    if (this.#ending !== undefined) {
      log("warn", `job ${this.id} had come to its end before its thread`, death);
      void this.#endAsTold(this.#ending);
      return;
    }
    if (this.#suspending) return this.end("SUSPENDED", undefined);
    if (this.#canceling) {
      void this.#conclude("CANCELED", undefined);
      return;
    }
    const job = { submission, settled, history: this.#history, committing: this.#committing };
    let after: AfterDeath;
    try {
      after = decideAfterDeath(job, death, clock.now(), fraction(randomBytes));
    } catch (error) {
      // Settings that contradict each other: they fail the job, not this process.
      after = { kind: "failed", error: asMillraceError(error), kept: true };
    }
    if (after.kind === "failed") {
      void this.#conclude("FAILED", after.error, after.kept);
      return;
    }
    log("warn", `job ${this.id} goes on with another thread in ${after.delay} ms`, death);
    if (this.#phase === "running") {
      this.#started = Promise.withResolvers();
      this.#started.promise.catch(() => {});
    }
    this.#phase = "restarting";
    this.#history = after.history;
    recordHistory(after.history);
    this.status = "RESTARTING";
    this.#view = threadlessView(this.#view, after.history, clock.now());
    void this.#goOn(thread, after.delay);
  }

  /** Starts the next thread, when the last one and all that it had are gone for certain, and its time has come. */
  async #goOn(thread: JobThread, delay: number): Promise<void> {
    const { clock, resources, resume } = this.#options;
    const due = new Promise<void>((resolve) => (this.#delayTimer = clock.schedule(delay, resolve)));
    const { promise, resolve } = Promise.withResolvers<"gone" | "held">();
    const timer = clock.schedule(END_PATIENCE, () => resolve("held"));
    void thread.end().then(() => resolve("gone"));
    const end = await promise;
    timer.cancel();
    if (end === "held") {
      const text = `the thread of the JobMaster of job "${this.#view.name}" (${this.id}) can't be ended: it waits for a call into the system that does not return`;
      await this.#conclude("FAILED", new MillraceError("JOB_FAILED", text), true);
      return;
    }
    await Promise.all([due, resources.released(this.id)]);
    if (this.isOver || this.#concluding !== undefined) return;
    try {
      this.#launch({ ...resume(), history: this.#history });
    } catch (error) {
      await this.#conclude("FAILED", asMillraceError(error), true);
    }
  }

  /** Its thread has told of its end, and has not lived to do the rest. */
  async #endAsTold({ status, view, recorded }: ToldEnd): Promise<void> {
    await recorded;
    this.#finish(status, view, undefined, status);
  }

  /**
   * Ends a job whose thread has nothing more to say. Where that can't be recorded, the next JobManager goes on with it.
   *
   * @param kept whether its checkpoints are left as they are
   */
  #conclude(status: FinalStatus, error: MillraceError | undefined, kept = false): Promise<void> {
    return (this.#concluding ??= (async () => {
      const { log, recordEnd } = this.#options;
      let clears = !kept;
      // One that could not be recovered is tried again by the next JobManager.
      if (this.#ran || status !== "FAILED") {
        try {
          await recordEnd(status, this.#endedView(status, error), kept);
        } catch (failure) {
          log("error", `the end of job ${this.id} can't be recorded`, failure);
          clears = false;
        }
      }
      this.#finish(status, this.#endedView(status, error), error, clears ? status : undefined);
    })());
  }

  /** What its thread tells of the job; what went before is added, as far as it does not know. @throws PROTOCOL_VIOLATION */
  #told(value: unknown): JobView {
    const view = asView(value);
    return { ...view, timestamps: { ...this.#view.timestamps, ...view.timestamps } };
  }

  /** What is known of the job, where its thread does not tell. */
  get #known(): JobView {
    const { restarts, exceptions } = this.#history;
    return { ...this.#view, restarts, exceptions };
  }

  #endedView(status: JobStatus, error: MillraceError | undefined): JobView {
    return endedView(this.#known, status, this.#options.clock.now(), error && toEnvelope(error));
  }

  /** @param clears the end for which its checkpoints are to be removed; undefined: nothing is to be done about them */
  #finish(status: JobStatus, view: JobView, error: Error | undefined, clears?: FinalStatus): void {
    if (this.isOver) return;
    const { resources, onOver, log, clear } = this.#options;
    const settled = this.#settled;
    this.#phase = "over";
    this.status = status;
    this.#view = view;
    this.#startTimer?.cancel();
    this.#delayTimer?.cancel();
    this.#watch?.stop();
    resources.removeJob(this.id, status !== "SUSPENDED");
    this.#calls.refuseAll(new MillraceError("CONFLICT", `job ${this.id} is over: ${status}`));
    this.#started.reject(error ?? new MillraceError("JOB_FAILED", `job ${this.id} is over: ${status}`));
    log(status === "FAILED" ? "error" : "info", `job ${this.id} (${view.name}) is over: ${status}`, error);
    const ended = this.#thread?.end();
    const cleared =
      clears === undefined || settled === undefined
        ? Promise.resolve(true)
        : Promise.all([ended, resources.released(this.id)]).then(() => clear(clears, settled));
    onOver(view, cleared);
    void Promise.all([ended, cleared]).then(() => this.#over.resolve());
  }
}

/** Uniform in [0, 1). */
const fraction = (randomBytes: (count: number) => Uint8Array): number =>
  Number.parseInt(hexDigits(randomBytes(4)), 16) / 2 ** 32;

const asMillraceError = (error: unknown): MillraceError =>
  MillraceError.is(error)
    ? error
    : new MillraceError("JOB_FAILED", error instanceof Error ? error.message : String(error), {
        cause: error,
      });

/** What to do where a job's own code has ended the thread of its JobMaster. */
export const threadHelp = `A job's builder and enumerators must not call process.exit, or throw where nobody catches it. ${JOB_HEAP.key} bounds their memory.`;

/** The builder of a job takes too long. */
export const notBuilt = (why: string): MillraceError =>
  new MillraceError("JOB_MODULE_INVALID", `the builder of the job ${why}`, {
    help: "A job's module and its builder only describe the job: they must not wait for anything. web.timeout says how long they may take.",
  });
