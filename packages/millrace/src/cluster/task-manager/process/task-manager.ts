import type { Clock } from "../../../common/clock/clock.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { unreachable } from "../../../common/errors/unreachable.ts";
import type { JobManagerConnection } from "../../../protocol/cluster/connection.ts";
import type {
  OpenSlots,
  TaskManagerDescription,
  TaskManagerQuestion,
} from "../../../protocol/cluster/resource-messages.ts";
import { toEnvelope } from "../../../protocol/control/error-envelope.ts";
import type { DataNetwork } from "../../../runtime/network/tcp/data-network.ts";
import type { ProcessLog } from "../../logging/process-log.ts";
import type { LocalBackups } from "../local-backups.ts";
import { answerQuestion } from "./answer-question.ts";
import type { ArtifactCache } from "./artifact-cache.ts";
import { HostedSlots } from "./hosted-slots.ts";
import { JobManagerLink } from "./job-manager-link.ts";
import type { JobManagerListener, JobManagerOrder } from "./job-manager-link.ts";
import type { ProcessHealth } from "./process-health.ts";
import { SpareThreads } from "./spare-threads.ts";
import type { TaskManagerSettings } from "./task-manager-settings.ts";

type Reply = Parameters<JobManagerListener["onOrder"]>[1];

/** What a TaskManager is made of. All of it is closed with it. */
export interface TaskManagerOptions {
  readonly settings: TaskManagerSettings;
  readonly description: TaskManagerDescription;
  readonly clock: Clock;
  readonly log: ProcessLog;
  readonly health: ProcessHealth;
  readonly network: DataNetwork;
  readonly artifacts: ArtifactCache;
  readonly localBackups: LocalBackups;
  readonly connect: () => Promise<JobManagerConnection>;
}

/**
 * A TaskManager: does what the JobManager asks, as long as it is the one that it is registered with. What a connection has brought ends with
 * it: slots of a JobManager that is gone, or that has been replaced, are ended before the next one is registered with.
 */
export class TaskManager {
  /** Settles when everything is closed; with the error that ended it, if it was not asked to end. Never rejects. */
  readonly ended: Promise<Error | undefined>;
  readonly #options: TaskManagerOptions;
  readonly #slots: HostedSlots;
  readonly #threads: SpareThreads;
  readonly #link: JobManagerLink;
  #epoch: number | undefined;
  #ending = false;
  readonly #end: (error: Error | undefined) => void;

  constructor(options: TaskManagerOptions) {
    const { settings, description, clock, log, health, network, artifacts, localBackups } = options;
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<Error | undefined>();
    this.ended = promise;
    this.#end = resolve;
    this.#threads = new SpareThreads({ slots: settings.slots, slotHeap: settings.slotHeap, log: log.log });
    this.#slots = new HostedSlots({
      slots: settings.slots,
      exclusiveJobs: settings.exclusiveJobs,
      networkMemory: settings.networkMemory,
      slotHeap: settings.slotHeap,
      threads: this.#threads,
      artifacts,
      localBackups,
      network,
      clock,
      log: log.log,
      output: (bytes) => log.output(bytes),
      send: (message) => this.#link.send(message),
      sendToSlot: (allocation, bytes) => this.#link.sendToSlot(allocation, bytes),
      onStuck: (error) => void this.close(error),
    });
    this.#link = new JobManagerLink({
      description,
      clock,
      log: log.log,
      initialBackoff: settings.initialBackoff,
      maxBackoff: settings.maxBackoff,
      registrationTimeout: settings.registrationTimeout,
      heartbeatTimeout: settings.heartbeatTimeout,
      connect: options.connect,
      health: () => health.sample(),
      listener: {
        onRegistered: (epoch) => {
          this.#epoch = epoch;
          this.#threads.refill(this.#slots.free);
        },
        onOrder: (order, reply) => this.#obey(order, reply),
        onSlotMessage: (allocation, bytes) => this.#slots.message(allocation, bytes),
        onLost: async () => {
          this.#epoch = undefined;
          await this.#slots.endAll();
        },
        onGivenUp: (error) => void this.close(error),
      },
    });
  }

  /** Begins to look for the JobManager. */
  start(): void {
    this.#link.start();
  }

  /** Ends it in order: its slots, then everything else. */
  async close(error?: Error): Promise<void> {
    if (this.#ending) return void (await this.ended);
    this.#ending = true;
    const { log, network, artifacts, localBackups, health } = this.#options;
    log.log(
      error === undefined ? "info" : "error",
      `ends${error === undefined ? "" : `: ${error.message}`}`,
      error,
    );
    await this.#endSlots();
    this.#link.close();
    await network.close();
    await artifacts.close();
    await localBackups.close();
    health.close();
    log.close();
    this.#end(error);
  }

  /** A thread that doesn't end must not keep the process from it. */
  async #endSlots(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#options.clock.schedule(MAX_CLOSING, resolve);
    void this.#slots
      .endAll()
      .then(() => this.#threads.close())
      .then(resolve);
    await promise;
    timer.cancel();
  }

  #obey(order: JobManagerOrder, reply: Reply): void {
    switch (order.type) {
      case "openSlots":
        return this.#open(order, reply);
      case "closeSlot":
        return this.#slots.closeSlot(order.allocation);
      case "prepareSlots":
        return this.#threads.prepare(Math.min(order.count, this.#slots.free));
      case "forgetJob":
        return this.#options.localBackups.forget(order.jobId);
      case "ask":
        return void this.#answer(order.request, order.question, reply);
      case "shutdown":
        return void this.close();
      default:
        return unreachable(order, "message of the JobManager");
    }
  }

  #open(order: OpenSlots, reply: Reply): void {
    const { epoch } = order.token;
    if (epoch === this.#epoch && !this.#ending) return void this.#slots.openSlots(order, reply);
    const error = new MillraceError(
      "FENCED",
      this.#ending
        ? "the TaskManager ends"
        : `expected slots to be asked for by epoch ${this.#epoch}, which this TaskManager is registered with, got epoch ${epoch}`,
    );
    reply({ type: "slotsRefused", request: order.request, error: toEnvelope(error) });
  }

  async #answer(request: number, question: TaskManagerQuestion, reply: Reply): Promise<void> {
    const { log, clock, health, network, settings } = this.#options;
    try {
      const answer = await answerQuestion(question, {
        logs: log.files,
        clock,
        threads: () => this.#slots.threads(),
        metrics: () => health.metrics({ free: this.#slots.free, all: settings.slots }, network.metrics()),
      });
      reply({ type: "answer", request, answer });
    } catch (error) {
      reply({ type: "refusal", request, error: toEnvelope(error) });
    }
  }
}

/** ms that slots have to end when the process ends. */
const MAX_CLOSING = 10_000;
