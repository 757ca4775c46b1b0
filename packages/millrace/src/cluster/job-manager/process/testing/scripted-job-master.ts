import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type {
  FromJobMaster,
  GrantedSlot,
  JobMasterTask,
  ToJobMaster,
} from "../../../../protocol/cluster/job-master-messages.ts";
import type { JobView } from "../../../../protocol/cluster/job-view.ts";
import { toEnvelope } from "../../../../protocol/control/error-envelope.ts";
import { bareView } from "../../dispatcher/jobs/job-views.ts";
import type { JobThread } from "../../dispatcher/jobs/job-thread.ts";

/** A JobMaster's thread that does as the test says; its messages are copied, as those of threads are. */
export class ScriptedJobMaster implements JobThread {
  onMessage: ((message: FromJobMaster) => void) | undefined;
  onExit: ((error: Error | undefined) => void) | undefined;
  readonly name: string;
  readonly received: ToJobMaster[] = [];
  slots: readonly GrantedSlot[] = [];
  ended = false;
  /** Whether calls are answered. */
  answering = true;
  view: JobView | undefined;
  #task = Promise.withResolvers<JobMasterTask>();

  constructor(name: string) {
    this.name = name;
  }

  get task(): Promise<JobMasterTask> {
    return this.#task.promise;
  }

  send(message: ToJobMaster): void {
    if (this.ended) return;
    const copy = structuredClone(message);
    setImmediate(() => this.#take(copy));
  }

  async end(): Promise<void> {
    this.ended = true;
  }

  say(message: FromJobMaster): void {
    if (!this.ended) this.onMessage?.(structuredClone(message));
  }

  /** Its thread ends by itself. */
  die(why: string): void {
    this.onExit?.(new MillraceError("JOB_FAILED", why));
  }

  built(
    captured: Readonly<Record<string, unknown>> = {},
    config: Readonly<Record<string, unknown>> = {},
  ): void {
    this.say({
      type: "built",
      settled: { jobName: "scripted", args: {}, captured, config, fingerprint: "f" },
      plan: { job: "scripted" },
    });
  }

  unbuilt(error: Error): void {
    this.say({ type: "unbuilt", error: toEnvelope(error) });
  }

  runs(): void {
    this.say({ type: "status", status: "RUNNING", at: 5 });
  }

  async openSlots(request: number, count: number, epoch: number, attempt = 0): Promise<void> {
    const task = await this.task;
    this.say({
      type: "openSlots",
      request,
      token: { epoch, jobId: task.submission.jobId, attempt },
      jobName: "scripted",
      count,
      firstSlot: 0,
      channels: [],
      networkMemory: undefined,
    });
  }

  finish(status: "FINISHED" | "CANCELED" | "FAILED"): void {
    this.say({
      type: "ended",
      status,
      view: { ...(this.view as JobView), status, endedAt: 9 },
      error: undefined,
    });
  }

  #take(message: ToJobMaster): void {
    if (this.ended) return;
    this.received.push(message);
    if (message.type === "task") {
      this.view = { ...bareView(message.task.submission, "scripted"), status: "RUNNING" };
      this.#task.resolve(message.task);
    }
    if (message.type === "slotsOpened") this.slots = message.slots;
    if (message.type === "call" && this.answering) this.#answer(message);
  }

  #answer({ request, call }: Extract<ToJobMaster, { type: "call" }>): void {
    const values = {
      describe: this.view,
      checkpoint: { checkpointId: 7 },
      savepoint: { path: "/savepoints/1" },
      stop: { path: "/savepoints/2" },
    };
    const value = call.method in values ? values[call.method as keyof typeof values] : undefined;
    this.say({ type: "reply", request, value });
    if (call.method === "cancel") this.finish("CANCELED");
    if (call.method === "suspend") {
      this.say({ type: "ended", status: "SUSPENDED", view: this.view, error: undefined });
    }
  }
}
