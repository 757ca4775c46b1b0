import type { Clock, ClockTimer } from "../../../../common/clock/clock.ts";
import { JOB_HEAP, JOB_SILENCE_TIMEOUT } from "../../../../common/config/job-manager-options.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { preview } from "../../../../common/errors/preview.ts";
import { unreachable } from "../../../../common/errors/unreachable.ts";
import type { JobId } from "../../../../common/ids/ids.ts";
import type { JobStatus } from "../../../../graph/execution/job-status.ts";
import type {
  FromJobMaster,
  JobMasterCall,
  JobMasterTask,
  ToJobMaster,
} from "../../../../protocol/cluster/job-master-messages.ts";
import type { JobSubmission, LastCommit, SettledJob } from "../../../../protocol/cluster/job-submission.ts";
import type { JobView } from "../../../../protocol/cluster/job-view.ts";
import { fromEnvelope, toEnvelope, type ErrorEnvelope } from "../../../../protocol/control/error-envelope.ts";
import type { Log } from "../../../logging/log.ts";
import { PendingQuestions } from "../../resource-manager/pending-questions.ts";
import type { ResourceManager } from "../../resource-manager/resource-manager.ts";
import { asView, bareView, endedView } from "./job-views.ts";
import type { JobThread } from "./job-thread.ts";
import { JobWatch } from "./job-watch.ts";

/** An end for good, of which a record is made before what the job could go on from is removed. */
export type FinalStatus = "FINISHED" | "CANCELED" | "FAILED";

/** Before what could not be recorded is tried again, ms. */
const RECORD_RETRY = 1000;

/** What a job's host is given. Times in ms. */
export interface JobHostOptions {
  readonly submission: JobSubmission;
  /** What it is called until it was built. */
  readonly name: string;
  readonly thread: JobThread;
  readonly resources: Pick<ResourceManager, "addJob" | "removeJob" | "fromJob" | "waiting">;
  readonly clock: Clock;
  readonly log: Log;
  /** What the job prints. */
  readonly output: (stream: "stdout" | "stderr", bytes: Uint8Array) => void;
  /** How long it may take to be built, and to answer a call. */
  readonly timeout: number;
  /** How long its thread may be silent while it runs. */
  readonly silence: number;
  /** Records what was settled when the job was built. */
  readonly record: (settled: SettledJob) => Promise<void>;
  /** Records that the job can only end from now on. */
  readonly recordCommit: (commit: LastCommit) => Promise<void>;
  /** Records the job's end. @param view what is to be remembered of it, should nothing more be told */
  readonly recordEnd: (status: FinalStatus, view: JobView) => Promise<void>;
  /** It runs for the first time in this process. */
  readonly onStarted: () => void;
  /** It is over: its slots are closed, its thread ends. Comes once. */
  readonly onOver: (view: JobView) => void;
}

/**
 * A job, as the main thread knows it: the thread that its JobMaster runs in, its status, and the calls to it. Whatever the thread's user code
 * does, each call ends in time, and a thread that dies fails its job.
 */
export class JobHost {
  readonly id: JobId;
  readonly submission: JobSubmission;
  status: JobStatus = "INITIALIZING";
  readonly #options: JobHostOptions;
  readonly #calls: PendingQuestions;
  /** The last that was told of it. */
  #view: JobView;
  #phase: "starting" | "running" | "over" = "starting";
  #started = Promise.withResolvers<void>();
  #over = Promise.withResolvers<void>();
  #startTimer: ClockTimer | undefined;
  readonly #watch: JobWatch;

  constructor(options: JobHostOptions) {
    const { submission, name, thread, clock } = options;
    this.#options = options;
    this.submission = submission;
    this.id = submission.jobId;
    this.#view = bareView(submission, name);
    this.#calls = new PendingQuestions(clock);
    this.#watch = new JobWatch({
      clock,
      patience: options.silence,
      ask: (limit) => this.call({ method: "describe" }, limit),
      onSilent: () => this.#stuck(),
    });
    // Whoever starts it waits for it; a job that is ended meanwhile must not end the process.
    this.#started.promise.catch(() => {});
    thread.onMessage = (message) => this.#receive(message);
    thread.onExit = (error) => this.#died(error);
  }

  /** Settles when the job is over. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Settles when it runs, and was recorded. Rejects as `start`. */
  get ready(): Promise<void> {
    return this.#started.promise;
  }

  get isOver(): boolean {
    return this.#phase === "over";
  }

  /**
   * Lets the thread build the job, and run it. Settles when it runs, and was recorded.
   *
   * @throws as the builder; JOB_MODULE_INVALID when it takes too long; then the job is over
   */
  async start(task: Extract<JobMasterTask, { kind: "run" }>): Promise<void> {
    const { thread, resources, submission, clock, timeout } = this.#options;
    this.#startTimer = clock.schedule(timeout, () =>
      this.end("FAILED", notBuilt(`did not come to an end within ${timeout} ms`)),
    );
    thread.send({ type: "task", task });
    resources.addJob(this.id, submission.artifact, thread);
    return this.#started.promise;
  }

  /** The job as it is now; as it was last where its own code lets nobody in for `patience` ms. */
  async view(patience = this.#options.timeout): Promise<JobView> {
    if (this.#phase !== "running") return this.#viewNow();
    try {
      this.#view = asView(await this.call({ method: "describe" }, patience));
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
          : `job ${this.id} is being built: try again when it runs`,
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
    this.#options.thread.send({ type: "call", request, call });
    return answer;
  }

  /** Cancels the job; one that does not answer is ended. */
  async cancel(): Promise<void> {
    if (this.#phase === "starting") {
      return this.end(
        "CANCELED",
        new MillraceError("JOB_CANCELED", `job ${this.id} was cancelled while it was built`),
      );
    }
    try {
      await this.call({ method: "cancel" });
    } catch (error) {
      if (!MillraceError.is(error, "CONNECTION_LOST")) throw error;
      this.#options.log("warn", `job ${this.id} does not take its cancellation: its thread is ended`);
      await this.#recordEnd("CANCELED", undefined);
      this.end("CANCELED", undefined);
    }
  }

  /** Lets go of the job, so that another JobManager goes on with it. Settles when it is over; a job that does not let go is ended. @param patience ms */
  async suspend(patience: number): Promise<void> {
    const timer = this.#options.clock.schedule(patience, () => this.end("SUSPENDED", undefined));
    if (this.#phase === "starting") this.end("SUSPENDED", undefined);
    // What it answers is of no meaning: it is over, or the timer ends it.
    else this.call({ method: "suspend" }, patience).catch(() => {});
    await this.over;
    timer.cancel();
  }

  /** Ends the job here and now, without a word to its thread. */
  end(status: JobStatus, error: MillraceError | undefined): void {
    this.#finish(
      status,
      endedView(this.#view, status, this.#options.clock.now(), error && toEnvelope(error)),
      error,
    );
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
    const { resources, log, output, recordCommit, recordEnd } = this.#options;
    switch (message.type) {
      case "described":
        return;
      case "built":
        void this.#built(message.settled);
        return;
      case "unbuilt":
        return this.#unbuilt(message.error);
      case "status":
        this.status = message.status;
        this.#view = {
          ...this.#view,
          status: message.status,
          timestamps: { ...this.#view.timestamps, [message.status]: message.at },
        };
        // One that is recovered was built before, and does not say so again.
        if (message.status !== "INITIALIZING") this.#runs();
        return;
      case "openSlots":
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
      case "committing": {
        const { savepoint, drained } = message;
        void this.#recordSurely("last commit", () => recordCommit({ savepoint, drained }), {
          type: "commitRecorded",
        });
        return;
      }
      case "ending": {
        const { status } = message;
        const view = endedView(
          message.view === undefined ? this.#view : asView(message.view),
          status,
          this.#options.clock.now(),
          undefined,
        );
        void this.#recordSurely("end", () => recordEnd(status, view), { type: "endRecorded" });
        return;
      }
      case "ended":
        this.#finish(message.status, asView(message.view), message.error && fromEnvelope(message.error));
        return;
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
    this.#options.thread.send({ type: "settledRecorded" });
    this.#runs();
  }

  #unbuilt(envelope: ErrorEnvelope): void {
    this.end("FAILED", asMillraceError(fromEnvelope(envelope)));
  }

  #runs(): void {
    if (this.#phase !== "starting") return;
    this.#phase = "running";
    this.#startTimer?.cancel();
    this.#watch.start();
    this.#options.onStarted();
    this.#started.resolve();
  }

  /**
   * Records what the thread waits for, and tells it: as often as it takes, because a storage that fails may come back, and nothing of the job may be
   * done before. A JobManager that leads no more stops anyway.
   */
  async #recordSurely(what: string, record: () => Promise<void>, answer: ToJobMaster): Promise<void> {
    const { clock, log, thread } = this.#options;
    while (!this.isOver) {
      try {
        await record();
        if (!this.isOver) thread.send(answer);
        return;
      } catch (error) {
        log("error", `the ${what} of job ${this.id} can't be recorded, and is tried again`, error);
        if (MillraceError.is(error, "FENCED")) return;
      }
      await new Promise<void>((resolve) => clock.schedule(RECORD_RETRY, resolve));
    }
  }

  /** Records the end of a job whose thread has nothing more to say. Where that fails, the next JobManager goes on with it. */
  async #recordEnd(status: FinalStatus, error: MillraceError | undefined): Promise<void> {
    const { clock, recordEnd } = this.#options;
    try {
      await recordEnd(status, endedView(this.#view, status, clock.now(), error && toEnvelope(error)));
    } catch (error) {
      this.#options.log("error", `the end of job ${this.id} can't be recorded`, error);
    }
  }

  /** Its own code does not return: nobody can reach the job, and it takes no more checkpoints. */
  #stuck(): void {
    const { silence } = this.#options;
    const error = new MillraceError(
      "JOB_FAILED",
      `the thread of the JobMaster of job "${this.#view.name}" (${this.id}) has not answered for more than ${silence} ms: its own code keeps it busy`,
      {
        help: `A split enumerator must not wait in a loop, or compute for long: it is called again. ${JOB_SILENCE_TIMEOUT.key} says how long it may take. Start the job from its last checkpoint.`,
      },
    );
    void this.#recordEnd("FAILED", error).then(() => this.end("FAILED", error));
  }

  #died(cause: Error | undefined): void {
    const why = cause?.message ?? "it has stopped by itself";
    const built = this.#phase === "running";
    const error = new MillraceError(
      built ? "JOB_FAILED" : "JOB_MODULE_INVALID",
      `the thread of the JobMaster of job "${this.#view.name}" (${this.id}) has ended: ${why}`,
      { cause, help: threadHelp },
    );
    // One that did not even begin is nobody's end.
    const recorded = built ? this.#recordEnd("FAILED", error) : Promise.resolve();
    void recorded.then(() => this.end("FAILED", error));
  }

  #finish(status: JobStatus, view: JobView, error: Error | undefined): void {
    if (this.isOver) return;
    const { resources, thread, onOver, log } = this.#options;
    this.#phase = "over";
    this.status = status;
    this.#view = view;
    this.#startTimer?.cancel();
    this.#watch.stop();
    resources.removeJob(this.id, status !== "SUSPENDED");
    this.#calls.refuseAll(new MillraceError("CONFLICT", `job ${this.id} is over: ${status}`));
    this.#started.reject(error ?? new MillraceError("JOB_FAILED", `job ${this.id} is over: ${status}`));
    log(status === "FAILED" ? "error" : "info", `job ${this.id} (${view.name}) is over: ${status}`, error);
    onOver(view);
    void thread.end().then(() => this.#over.resolve());
  }
}

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
