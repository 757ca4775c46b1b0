import { randomBytes } from "node:crypto";
import { Worker } from "node:worker_threads";
import { bundleJob } from "../../packages/millrace/src/cluster/artifact/bundle-job.ts";
import { planProcessRings } from "../../packages/millrace/src/cluster/task-manager/process-rings.ts";
import { WorkerSlot } from "../../packages/millrace/src/cluster/task-manager/worker-slot.ts";
import { MillraceError } from "../../packages/millrace/src/common/errors/millrace-error.ts";
import { jobId } from "../../packages/millrace/src/common/ids/ids.ts";
import type { JobId } from "../../packages/millrace/src/common/ids/ids.ts";
import type {
  FromJobMaster,
  JobMasterCall,
  JobMasterTask,
  ToJobMaster,
} from "../../packages/millrace/src/protocol/cluster/job-master-messages.ts";
import type {
  ResourceRequirements,
  SettledJob,
} from "../../packages/millrace/src/protocol/cluster/job-submission.ts";
import type { JobView } from "../../packages/millrace/src/protocol/cluster/job-view.ts";
import { fromEnvelope, toEnvelope } from "../../packages/millrace/src/protocol/control/error-envelope.ts";

type OpenSlots = Extract<FromJobMaster, { readonly type: "openSlots" }>;
type Ended = Extract<FromJobMaster, { readonly type: "ended" }>;

/** How a job is submitted to it. */
export interface FakeSubmission {
  readonly module: URL;
  readonly args: readonly string[];
  readonly config: Readonly<Record<string, string>>;
  readonly parallelism?: number;
  readonly slots: number;
  readonly restore?: string;
  /** Of a job that was started before. */
  readonly earlier?: { readonly jobId: JobId; readonly settled: SettledJob; readonly checkpointed: boolean };
  /** Of the JobManager's leadership. Default 1. */
  readonly epoch?: number;
}

const WORKER = new URL(
  "../../packages/millrace/src/cluster/job-manager/job-master/worker/job-master-worker.ts",
  import.meta.url,
);
const SHA256 = "ab".repeat(32);

/**
 * The main thread of a JobManager for one job, and all TaskManagers, in this process: the thread of the JobMaster is real, slots are real
 * threads, and there are so many of them as the test says.
 */
export class FakeMain {
  readonly jobId: JobId;
  readonly log: string[] = [];
  readonly output: string[] = [];
  readonly statuses: string[] = [];
  /** How often it was told that there is a checkpoint. */
  checkpointed = 0;
  /** What came in which order. */
  readonly built = Promise.withResolvers<{ readonly settled: SettledJob; readonly plan: unknown }>();
  readonly ended = Promise.withResolvers<Ended>();
  readonly #thread: Worker;
  readonly #calls = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #slots = new Map<number, WorkerSlot>();
  readonly #waiting: OpenSlots[] = [];
  readonly #forgotten = new Set<number>();
  #capacity: number;
  #reserved = 0;
  #next = 1;
  #artifactUrl = "";
  #dispose: () => Promise<void> = async () => {};

  private constructor(slots: number, id: JobId) {
    this.#capacity = slots;
    this.jobId = id;
    this.#thread = new Worker(WORKER, { name: "job-master" });
    this.#thread.on("message", (message: FromJobMaster) => this.#receive(message));
    this.#thread.on("error", (error) => {
      this.built.reject(error);
      this.ended.reject(error);
    });
    this.built.promise.catch(() => {});
    this.ended.promise.catch(() => {});
  }

  static async run(submission: FakeSubmission): Promise<FakeMain> {
    return FakeMain.#start(submission, (base) => ({
      kind: "run",
      ...base,
      settled: submission.earlier?.settled,
      epoch: submission.epoch ?? 1,
      recovering: submission.earlier !== undefined,
      checkpointed: submission.earlier?.checkpointed,
      requirements: undefined,
    }));
  }

  static async plan(submission: FakeSubmission): Promise<FakeMain> {
    return FakeMain.#start(submission, (base) => ({ kind: "plan", ...base }));
  }

  static async #start(
    { module, args, config, parallelism, slots, restore, earlier }: FakeSubmission,
    taskOf: (base: Pick<JobMasterTask, "submission" | "artifactUrl">) => JobMasterTask,
  ): Promise<FakeMain> {
    const artifact = await bundleJob(module.href);
    const main = new FakeMain(slots, earlier?.jobId ?? jobId(randomBytes(16)));
    main.#artifactUrl = artifact.url;
    main.#dispose = () => artifact.dispose();
    const task = taskOf({
      artifactUrl: artifact.url,
      submission: {
        jobId: main.jobId,
        artifact: { sha256: SHA256, bytes: 1, originalUrl: artifact.originalUrl },
        args: { argv: args },
        config,
        parallelism,
        restore:
          restore === undefined
            ? undefined
            : { path: restore, claimMode: "NO_CLAIM", allowNonRestoredState: false },
        submittedAt: 0,
      },
    });
    main.#send({ type: "task", task });
    main.#send({ type: "slotsAvailable", count: slots });
    return main;
  }

  /** Asks the job. */
  async call(call: JobMasterCall): Promise<unknown> {
    const request = this.#next++;
    const answer = Promise.withResolvers<unknown>();
    this.#calls.set(request, answer);
    this.#send({ type: "call", request, call });
    return answer.promise;
  }

  async describe(): Promise<JobView> {
    return (await this.call({ method: "describe" })) as JobView;
  }

  /** Asks every vertex that can to run at this parallelism. */
  async rescale(parallelism: number): Promise<void> {
    const { vertices } = await this.describe();
    const requirements: ResourceRequirements = Object.fromEntries(
      vertices.map(({ id }) => [id, { lower: 1, upper: parallelism }]),
    );
    await this.call({ method: "requirements", requirements });
  }

  /** There are more slots now, or fewer: then the threads of some end. */
  resize(capacity: number): void {
    this.#capacity = capacity;
    for (const [allocation, slot] of [...this.#slots].slice(capacity))
      void slot
        .close()
        .then(() => this.#gone(allocation, new MillraceError("CONNECTION_LOST", "its TaskManager is lost")));
    this.#send({ type: "slotsAvailable", count: capacity });
    this.#serve();
  }

  /** The slots that are open. */
  get taken(): number {
    return this.#slots.size;
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
    await Promise.all([...this.#slots.values()].map((slot) => slot.close()));
    await this.#dispose();
  }

  #send(message: ToJobMaster): void {
    this.#thread.postMessage(message);
  }

  #receive(message: FromJobMaster): void {
    switch (message.type) {
      case "built":
        this.built.resolve(message);
        return this.#send({ type: "settledRecorded" });
      case "unbuilt":
        return this.built.reject(fromEnvelope(message.error));
      case "ending":
        return this.#send({ type: "endRecorded" });
      case "committing":
        return this.#send({ type: "commitRecorded" });
      case "checkpointed":
        this.checkpointed++;
        return this.#send({ type: "checkpointRecorded" });
      case "ended":
        return this.ended.resolve(message);
      case "status":
        this.statuses.push(message.status);
        return;
      case "log":
        this.log.push(`${message.level} ${message.message}`);
        return;
      case "output":
        this.output.push(Buffer.from(message.bytes).toString());
        return;
      case "reply":
        return this.#calls.get(message.request)?.resolve(message.value);
      case "refusal":
        return this.#calls.get(message.request)?.reject(fromEnvelope(message.error));
      case "openSlots":
        this.#waiting.push(message);
        return this.#serve();
      case "forgetSlots":
        this.#forgotten.add(message.request);
        return;
      case "slotMessage":
        return this.#slots.get(message.allocation)?.sendBytes(message.bytes);
      case "closeSlot": {
        const { allocation } = message;
        void this.#slots
          .get(allocation)
          ?.close()
          .then(() => this.#gone(allocation, undefined));
        return;
      }
      case "prepareSlots":
      case "mishaps":
        return;
      case "wantSlots":
        return this.#send({ type: "slotsAvailable", count: this.#capacity });
      default:
        throw new MillraceError("INTERNAL", `unknown message ${(message as { type: string }).type}`);
    }
  }

  #serve(): void {
    for (const order of this.#waiting.splice(0)) {
      if (this.#forgotten.has(order.request)) continue;
      if (this.#slots.size + this.#reserved + order.count <= this.#capacity) void this.#open(order);
      else this.#waiting.push(order);
    }
  }

  async #open(order: OpenSlots): Promise<void> {
    this.#reserved += order.count;
    const slots = Array.from({ length: order.count }, (_, i) => new WorkerSlot(`slot-${i}`));
    try {
      await Promise.all(slots.map(({ online }) => online));
    } catch (error) {
      this.#send({ type: "slotsRefused", request: order.request, error: toEnvelope(error) });
      return;
    }
    this.#reserved -= order.count;
    const rings = planProcessRings(order);
    for (const [a, b] of rings?.pairs ?? []) WorkerSlot.connect(slots, a, b);
    const granted = slots.map((slot, index) => {
      const allocation = this.#next++;
      this.#slots.set(allocation, slot);
      slot.openRemote({ sha256: SHA256, artifactUrl: this.#artifactUrl, exchange: rings?.of(index) });
      slot.onBytes = (bytes) => this.#send({ type: "slotMessage", allocation, bytes });
      slot.onClose = (error) => this.#gone(allocation, error);
      void slot.gone.then(() => rings?.slotGone(index, (other) => slots[other]?.ring()));
      return { allocation, slotId: `tm/${allocation}`, taskManagerId: "tm", endpoint: "127.0.0.1:1" };
    });
    this.#send({ type: "slotsOpened", request: order.request, slots: granted });
  }

  #gone(allocation: number, error: Error | undefined): void {
    if (!this.#slots.delete(allocation)) return;
    this.#send({ type: "slotGone", allocation, error: error && toEnvelope(error) });
    this.#serve();
  }
}
