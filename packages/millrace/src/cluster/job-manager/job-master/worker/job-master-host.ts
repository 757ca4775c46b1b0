import { resolve } from "node:path";
import type { Clock } from "../../../../common/clock/clock.ts";
import type { Random } from "../../../../common/clock/random.ts";
import { configValue } from "../../../../common/config/configuration.ts";
import { SAVEPOINT_DIR } from "../../../../common/config/options.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { unreachable } from "../../../../common/errors/unreachable.ts";
import type {
  JobMasterCall,
  JobMasterTask,
  ToJobMaster,
} from "../../../../protocol/cluster/job-master-messages.ts";
import { toEnvelope } from "../../../../protocol/control/error-envelope.ts";
import type { BuiltJob } from "../../../artifact/build-job.ts";
import { jobPlan } from "../../../artifact/job-plan.ts";
import { createStore } from "../../../local/create-store.ts";
import { restoreJob } from "../../../local/restore-job.ts";
import type { RestoreFrom } from "../../../local/restore-job.ts";
import type { CompletedCheckpoint } from "../../../../runtime/checkpoint/storage/checkpoint-store.ts";
import { PortSlots } from "../slots/port-slots.ts";
import type { SendToMain } from "../slots/port-slots.ts";
import { JobSupervisor } from "../supervisor/job-supervisor.ts";
import { SharedStore } from "../supervisor/shared-store.ts";
import { PortStreams } from "./port-streams.ts";
import { buildAgain, firstBuild, loadProgram, settledOf, withCheckpointDirectory } from "./prepare-job.ts";
import { checkpointsLost, recoverCheckpoints } from "./recover-checkpoints.ts";

type StopCall = Extract<JobMasterCall, { readonly method: "stop" }>;
type RunTask = Extract<JobMasterTask, { readonly kind: "run" }>;

/** What the thread of a JobMaster is made of. */
export interface JobMasterHostOptions {
  readonly send: SendToMain;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * The thread of a job, seen from its messages: builds the job or its plan, runs it, answers what is asked of it. What user code throws is told
 * to the main thread, and never thrown here.
 */
export class JobMasterHost {
  readonly #send: SendToMain;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #slots: PortSlots;
  readonly #settledRecorded = Promise.withResolvers<void>();
  readonly #checkpointRecorded = Promise.withResolvers<void>();
  readonly #commitRecorded = Promise.withResolvers<void>();
  readonly #endRecorded = Promise.withResolvers<void>();
  /** Whether a checkpoint was told of, by this thread or an earlier one. */
  #checkpointed = false;
  /** Being answered. */
  readonly #calls = new Set<Promise<void>>();
  #supervisor: JobSupervisor | undefined;
  #config: Readonly<Record<string, unknown>> = {};
  #available: number | undefined;

  constructor({ send, clock, random }: JobMasterHostOptions) {
    this.#send = send;
    this.#clock = clock;
    this.#random = random;
    this.#slots = new PortSlots(send, clock);
  }

  /** A message of the main thread. Never throws. */
  receive(message: ToJobMaster): void {
    switch (message.type) {
      case "task":
        void this.#begin(message.task);
        return;
      case "settledRecorded":
        return this.#settledRecorded.resolve();
      case "checkpointRecorded":
        return this.#checkpointRecorded.resolve();
      case "commitRecorded":
        return this.#commitRecorded.resolve();
      case "endRecorded":
        return this.#endRecorded.resolve();
      case "slotsOpened":
      case "slotsRefused":
      case "slotMessage":
      case "slotGone":
        return this.#slots.receive(message);
      case "slotsAvailable":
        this.#available = message.count;
        return this.#supervisor?.slotsAvailable(message.count);
      case "call":
        return this.#called(message.request, message.call);
      default:
        return unreachable(message, "message to the thread of a JobMaster");
    }
  }

  /** User code of this thread threw where nobody could catch it. Answers whether that was the job's matter. */
  crashed(error: unknown): boolean {
    if (this.#supervisor === undefined) return false;
    this.#supervisor.jobFailed(
      error instanceof Error ? error : new MillraceError("SOURCE_FAILED", String(error)),
    );
    return true;
  }

  #begin(task: JobMasterTask): Promise<void> {
    switch (task.kind) {
      case "describe":
        return this.#describe(task);
      case "plan":
        return this.#plan(task);
      case "run":
        return this.#run(task);
      default:
        return unreachable(task, "task of a JobMaster");
    }
  }

  async #describe(task: JobMasterTask): Promise<void> {
    try {
      const { name, description } = await loadProgram(task);
      this.#send({ type: "described", jobName: name, description });
    } catch (error) {
      this.#send({ type: "unbuilt", error: toEnvelope(error) });
    }
  }

  async #plan(task: JobMasterTask): Promise<void> {
    try {
      const program = await loadProgram(task);
      const built = firstBuild(program, task.submission);
      this.#send({ type: "built", settled: settledOf(built), plan: jobPlan({ program, ...built }) });
    } catch (error) {
      this.#send({ type: "unbuilt", error: toEnvelope(error) });
    }
  }

  async #run(task: RunTask): Promise<void> {
    let supervisor: JobSupervisor;
    try {
      supervisor = await this.#supervise(task);
    } catch (error) {
      this.#send({ type: "unbuilt", error: toEnvelope(error) });
      return;
    }
    this.#supervisor = supervisor;
    if (this.#available !== undefined) supervisor.slotsAvailable(this.#available);
    supervisor.start();
    const { status, error, view } = await supervisor.done;
    await this.#slots.close();
    await Promise.allSettled(this.#calls);
    this.#send({ type: "ended", status, view, error: error === undefined ? undefined : toEnvelope(error) });
  }

  async #supervise(task: RunTask): Promise<JobSupervisor> {
    const { submission, settled } = task;
    const { jobId, artifact } = submission;
    const program = await loadProgram(task);
    const first =
      settled === undefined
        ? withCheckpointDirectory(firstBuild(program, submission), task.checkpointDirectory)
        : buildAgain(program, settled);
    const log = (level: "info" | "warn" | "error", message: string): void =>
      this.#send({ type: "log", level, message });
    const leader = { epoch: task.epoch, submittedAt: submission.submittedAt };
    const store = new SharedStore(await createStore(first.config, leader));
    const recovered = task.recovering ? await recoverCheckpoints(store, jobId, log) : [];
    if (task.checkpointed === true) {
      if (recovered.length === 0) throw checkpointsLost(jobId, first.config);
      this.#checkpointed = true;
      this.#checkpointRecorded.resolve();
    }
    const { built, restore } =
      recovered.length > 0
        ? { built: first, restore: undefined }
        : await restoreJob(first, restoreFrom(task), log);
    if (settled === undefined) {
      this.#send({ type: "built", settled: settledOf(built), plan: jobPlan({ program, ...built }) });
      await this.#settledRecorded.promise;
    } else log(...recoveryLog(recovered.at(-1), restore?.checkpoint.path));
    this.#config = built.config;
    return this.#supervisorOf(task, sameAsSettled(first, built, settled !== undefined), {
      store,
      recovered,
      restore,
      log,
      program: { kind: "artifact", sha256: artifact.sha256, originalUrl: artifact.originalUrl },
    });
  }

  #supervisorOf(
    { submission, epoch, requirements, history }: RunTask,
    built: BuiltJob,
    found: Pick<
      ConstructorParameters<typeof JobSupervisor>[0],
      "store" | "recovered" | "restore" | "log" | "program"
    >,
  ): JobSupervisor {
    return new JobSupervisor({
      ...found,
      jobId: submission.jobId,
      epoch,
      built,
      slots: this.#slots,
      clock: this.#clock,
      random: this.#random,
      streams: new PortStreams(this.#send, this.#clock),
      requirements,
      startedAt: submission.submittedAt,
      history,
      onMishaps: (mishaps) => this.#send({ type: "mishaps", mishaps }),
      available: this.#available,
      checkpointed: () => {
        if (!this.#checkpointed) this.#send({ type: "checkpointed" });
        this.#checkpointed = true;
        return this.#checkpointRecorded.promise;
      },
      committing: async (commit) => {
        this.#send({ type: "committing", ...commit });
        await this.#commitRecorded.promise;
      },
      ending: async (status) => {
        this.#send({ type: "ending", status, view: this.#supervisor?.describe() });
        await this.#endRecorded.promise;
      },
      onStatus: (status) => this.#send({ type: "status", status, at: this.#clock.now() }),
    });
  }

  #called(request: number, call: JobMasterCall): void {
    const answer = this.#answer(call).then(
      (value) => this.#send({ type: "reply", request, value }),
      (error: unknown) => this.#send({ type: "refusal", request, error: toEnvelope(error) }),
    );
    this.#calls.add(answer);
    void answer.then(() => this.#calls.delete(answer));
  }

  async #answer(call: JobMasterCall): Promise<unknown> {
    const supervisor = this.#supervisor;
    if (supervisor === undefined) {
      throw new MillraceError("CONFLICT", "the job is being built: try again when it runs", {
        retryable: true,
      });
    }
    switch (call.method) {
      case "describe":
        return supervisor.describe();
      case "cancel":
        return supervisor.cancel();
      case "suspend":
        return supervisor.suspend();
      case "checkpoint": {
        const { metadata } = await supervisor.snapshot({ kind: "checkpoint", target: undefined });
        return { checkpointId: metadata.checkpointId };
      }
      case "savepoint": {
        const { path } = await supervisor.snapshot({
          kind: "savepoint",
          target: this.#folder(call.directory),
        });
        return { path };
      }
      case "stop":
        return this.#stop(supervisor, call);
      case "requirements":
        return supervisor.require(call.requirements);
      default:
        return unreachable(call, "call to a JobMaster");
    }
  }

  /** Settles when the job has ended. */
  async #stop(supervisor: JobSupervisor, { directory, drain, cancels = false }: StopCall): Promise<unknown> {
    const target = this.#folder(directory);
    const { path } = await supervisor.snapshot({ kind: drain ? "drain" : "stop", target, cancels });
    const { status, error } = await supervisor.done;
    if (status === "FAILED" && error !== undefined) throw error;
    return { path };
  }

  #folder(directory: string | undefined): string {
    const target = directory ?? configValue(this.#config, SAVEPOINT_DIR);
    if (target !== undefined) return resolve(target);
    throw new MillraceError("INVALID_ARGUMENT", "nobody says where the savepoint goes", {
      help: `Give a folder (millrace stop <job> --savepoint-dir <folder>, millrace savepoint <job> <folder>), or set ${SAVEPOINT_DIR.key} for the job or the cluster.`,
    });
  }
}

/** Key groups that were taken over when the job was first built stand among its settings since then. */
const sameAsSettled = (first: BuiltJob, adopted: BuiltJob, settled: boolean): BuiltJob =>
  settled ? first : adopted;

/** What is said of a job that was recovered. */
function recoveryLog(
  newest: CompletedCheckpoint | undefined,
  savepoint: string | undefined,
): ["info" | "warn", string] {
  if (newest !== undefined)
    return ["info", `going on from checkpoint ${newest.metadata.checkpointId}, ${newest.path}`];
  const from = savepoint === undefined ? "its beginning" : `what it was first started from, ${savepoint}`;
  return [
    "warn",
    `the job had completed no checkpoint: it starts again from ${from}, and writes again what its sinks have shown since`,
  ];
}

function restoreFrom({ submission: { restore } }: RunTask): RestoreFrom | undefined {
  return restore === undefined
    ? undefined
    : {
        path: restore.path,
        claimMode: restore.claimMode,
        allowNonRestoredState: restore.allowNonRestoredState,
      };
}
