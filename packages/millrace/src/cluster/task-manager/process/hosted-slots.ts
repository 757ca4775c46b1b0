import { MessageChannel } from "node:worker_threads";
import type { Clock } from "../../../common/clock/clock.ts";
import { TASKMANAGER_TASK_HEAP } from "../../../common/config/cluster-options.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { JobId } from "../../../common/ids/ids.ts";
import type { FromTaskManager, OpenSlots } from "../../../protocol/cluster/resource-messages.ts";
import { toEnvelope } from "../../../protocol/control/error-envelope.ts";
import type { DataExchange, DataNetwork } from "../../../runtime/network/tcp/data-network.ts";
import type { Log } from "../../logging/log.ts";
import type { LocalFolders } from "../../../runtime/checkpoint/local/local-copies.ts";
import type { LocalBackups } from "../local-backups.ts";
import { SharedMemoryReclaimer } from "../reclaim-shared-memory.ts";
import { threadEnd } from "../thread-end.ts";
import type { WorkerSlot } from "../worker-slot.ts";
import type { ArtifactCache, UsedArtifact } from "./artifact-cache.ts";
import { checkSlotsOrder } from "./check-slots-order.ts";
import type { SpareThreads } from "./spare-threads.ts";

/** What slots are made of. */
export interface HostedSlotsOptions {
  readonly slots: number;
  readonly exclusiveJobs: boolean;
  readonly networkMemory: number;
  /** Bytes of one slot's heap, for messages. */
  readonly slotHeap: number | undefined;
  readonly threads: SpareThreads;
  readonly artifacts: ArtifactCache;
  readonly localBackups: LocalBackups;
  readonly network: DataNetwork;
  readonly clock: Clock;
  readonly log: Log;
  /** What slots print. */
  readonly output: (bytes: Uint8Array) => void;
  readonly send: (message: FromTaskManager) => void;
  readonly sendToSlot: (allocation: number, bytes: Uint8Array) => void;
  /** A thread doesn't end, whatever is done: only the end of the process ends it. */
  readonly onStuck: (error: Error) => void;
}

/** A slot that an attempt has, from the request for it until its thread has ended. */
interface HostedSlot {
  readonly allocation: number;
  /** In the attempt. */
  readonly slot: number;
  readonly slotId: string;
  readonly thread: WorkerSlot;
  readonly localFolders: LocalFolders;
  readonly attempt: HostedAttempt;
  /** Whether its end was asked for, here or by the JobManager. */
  closing: boolean;
  /** Whether the JobManager waits to hear of its end. */
  ordered: boolean;
  /** Whether it takes messages. */
  open: boolean;
  /** What its thread died of. */
  error: Error | undefined;
}

/** The slots of one attempt of a failover unit. */
interface HostedAttempt {
  readonly jobId: JobId;
  readonly jobName: string;
  readonly exchange: DataExchange;
  readonly slots: Map<number, HostedSlot>;
  /** Bytes of shared memory for each slot, at most. */
  readonly slotMemory: number;
  artifact: UsedArtifact | undefined;
  exchanging: boolean;
}

/** Bytes of shared memory of past attempts that may wait to be given back. */
const MEMORY_KEPT = 32 * 1024 * 1024;
/** ms that a thread has to end. What runs in it is interrupted at once, but a call into the system may take its time. */
const END_TIMEOUT = 30_000;

/**
 * The slots of a TaskManager: opens them for attempts of jobs, passes on what they and their JobMasters tell each other, ends them. A slot is
 * a fresh thread; its number is free again when that has ended.
 */
export class HostedSlots {
  readonly #options: HostedSlotsOptions;
  readonly #slots = new Map<number, HostedSlot>();
  readonly #reclaimer = new SharedMemoryReclaimer(MEMORY_KEPT);

  constructor(options: HostedSlotsOptions) {
    this.#options = options;
  }

  /** Slots that nobody has. */
  get free(): number {
    return this.#options.slots - this.#slots.size;
  }

  /** Threads by allocation, for who looks at what they do. */
  threads(): ReadonlyMap<number, WorkerSlot> {
    return new Map([...this.#slots].map(([allocation, { thread }]) => [allocation, thread]));
  }

  /**
   * Answers with `slotsOpened` or `slotsRefused`. None of the slots is open in the latter case.
   *
   * @param reply drops the answer where the connection that brought the order is gone
   */
  async openSlots(order: OpenSlots, reply: (answer: FromTaskManager) => void): Promise<void> {
    const { log } = this.#options;
    const name = `${order.orders.length} slots of job "${order.jobName}" (${order.token.jobId}), attempt ${order.token.attempt}`;
    let attempt: HostedAttempt | undefined;
    try {
      attempt = this.#openExchange(order);
      this.#takeThreads(attempt, order);
      await this.#start(attempt, order);
      reply({ type: "slotsOpened", request: order.request });
      log("info", `opened ${name}`);
    } catch (error) {
      await this.#endAttempt(attempt);
      reply({ type: "slotsRefused", request: order.request, error: toEnvelope(error) });
      log("warn", `could not open ${name}`, error);
    }
  }

  /** From its JobMaster. What is for a slot that has gone is dropped. */
  message(allocation: number, bytes: Uint8Array): void {
    const slot = this.#slots.get(allocation);
    if (slot?.open === true) slot.thread.sendBytes(bytes);
  }

  /** Ends a slot; answered by `slotGone`, which may have been sent already. */
  closeSlot(allocation: number): void {
    const slot = this.#slots.get(allocation);
    if (slot === undefined) return;
    slot.closing = true;
    slot.ordered = true;
    void this.#end(slot);
  }

  /** Ends all at once: they are nobody's any more. Settles when their threads have ended. */
  async endAll(): Promise<void> {
    await Promise.all(
      [...new Set([...this.#slots.values()].map(({ attempt }) => attempt))].map((attempt) =>
        this.#endAttempt(attempt),
      ),
    );
  }

  /** Opens the exchange of slots that are free. */
  #openExchange(order: OpenSlots): HostedAttempt {
    const { network, networkMemory } = this.#options;
    checkSlotsOrder(
      order,
      this.#options,
      [...this.#slots.values()].map(({ allocation, slotId, attempt }) => ({
        allocation,
        slotId,
        jobId: attempt.jobId,
      })),
    );
    const exchange = network.openExchange({
      ...order,
      slots: order.orders.map(({ slot }) => slot),
      networkMemory: order.networkMemory ?? networkMemory,
    });
    return {
      jobId: order.token.jobId,
      jobName: order.jobName,
      exchange,
      slots: new Map(),
      slotMemory: order.networkMemory ?? networkMemory,
      artifact: undefined,
      exchanging: true,
    };
  }

  /** Takes the slots, before anything is waited for: who asks next sees them taken. */
  #takeThreads(attempt: HostedAttempt, { orders }: OpenSlots): void {
    const { threads, localBackups } = this.#options;
    for (const { allocation, slot, slotId } of orders) {
      const hosted: HostedSlot = {
        allocation,
        slot,
        slotId,
        thread: threads.take(),
        localFolders: localBackups.begin(attempt.jobId),
        attempt,
        ...FRESH,
      };
      attempt.slots.set(slot, hosted);
      this.#slots.set(allocation, hosted);
      hosted.thread.onClose = (error) => (hosted.error ??= error);
      void hosted.thread.gone.then(() => this.#gone(hosted));
    }
  }

  async #start(attempt: HostedAttempt, { artifact }: OpenSlots): Promise<void> {
    const slots = [...attempt.slots.values()];
    const [used] = await Promise.all([
      this.#options.artifacts.use(artifact).then((found) => hold(attempt, found)),
      ...slots.map(({ thread }) => thread.online),
    ]);
    if (slots.some(({ closing }) => closing))
      throw new MillraceError("SLOT_LOST", "the slots were closed before they were open", {
        retryable: true,
      });
    for (const { thread } of slots) thread.checkAlive();
    this.#connectBells(attempt);
    for (const hosted of slots) {
      const { thread, slot, localFolders } = hosted;
      thread.allowCopies(localFolders);
      thread.onOutput = (bytes) => this.#options.output(bytes);
      thread.onBytes = (bytes) => this.#fromSlot(hosted, bytes);
      thread.openRemote({
        sha256: artifact.sha256,
        artifactUrl: used.url,
        exchange: attempt.exchange.of(slot),
      });
      hosted.open = true;
    }
  }

  #connectBells({ exchange, slots }: HostedAttempt): void {
    for (const [a, b] of exchange.pairs) {
      const { port1, port2 } = new MessageChannel();
      slots.get(a)?.thread.connectBell(b, port1);
      slots.get(b)?.thread.connectBell(a, port2);
    }
    for (const slot of exchange.relayed)
      slots.get(slot)?.thread.connectBell(exchange.relay, exchange.bellOf(slot));
  }

  #fromSlot(hosted: HostedSlot, bytes: Uint8Array): void {
    if (!hosted.open) return;
    try {
      this.#options.sendToSlot(hosted.allocation, bytes);
    } catch (error) {
      // Too large for the connection: this slot's fault, and no other's.
      hosted.error ??= error as Error;
      void this.#end(hosted);
    }
  }

  async #endAttempt(attempt: HostedAttempt | undefined): Promise<void> {
    if (attempt === undefined) return;
    const slots = [...attempt.slots.values()];
    for (const slot of slots) {
      slot.closing = true;
      slot.open = false;
    }
    // Nothing leaves any more, and peers in other processes hear of it, before the threads have ended.
    closeExchange(attempt);
    await Promise.all(slots.map((slot) => this.#end(slot)));
  }

  async #end({ thread, slotId }: HostedSlot): Promise<void> {
    const { clock, onStuck } = this.#options;
    const timer = clock.schedule(END_TIMEOUT, () =>
      onStuck(
        new MillraceError(
          "SLOT_LOST",
          `the thread of slot ${slotId} has not ended within ${END_TIMEOUT} ms: the process must end`,
        ),
      ),
    );
    await thread.close();
    await thread.gone;
    timer.cancel();
  }

  /** Its thread has ended. The JobManager hears of it before its neighbours tell of theirs. */
  #gone(hosted: HostedSlot): void {
    const { threads, localBackups, send, log } = this.#options;
    const { allocation, slot, slotId, attempt, ordered, open, closing } = hosted;
    localBackups.ended(attempt.jobId, hosted.localFolders);
    hosted.open = false;
    this.#slots.delete(allocation);
    attempt.slots.delete(slot);
    const error = closing ? undefined : endOf(hosted, this.#options.slotHeap);
    if (error !== undefined) log("warn", error.message, error.cause);
    // One that was never open is told of by the refusal of its request.
    if (open || ordered) send({ type: "slotGone", allocation, error: error && toEnvelope(error) });
    if (attempt.exchanging)
      attempt.exchange.slotGone(slot, (other) => attempt.slots.get(other)?.thread.ring());
    if (attempt.slots.size === 0) {
      closeExchange(attempt);
      attempt.artifact?.release();
    }
    this.#reclaimer.released(attempt.slotMemory);
    log("debug", `slot ${slotId} is free again`);
    threads.refill(this.free);
  }
}

const FRESH = { closing: false, ordered: false, open: false, error: undefined };

/** The attempt has its artifact until its last slot has ended, which may have been while it was fetched. */
function hold(attempt: HostedAttempt, artifact: UsedArtifact): UsedArtifact {
  attempt.artifact = artifact;
  if (attempt.slots.size === 0) artifact.release();
  return artifact;
}

function closeExchange(attempt: HostedAttempt): void {
  if (!attempt.exchanging) return;
  attempt.exchanging = false;
  attempt.exchange.close();
}

const HEAP_SETTING = `${TASKMANAGER_TASK_HEAP.key} and the number of slots`;

/** Why a slot has ended that nobody has asked to. */
function endOf({ slotId, error, attempt }: HostedSlot, heap: number | undefined): MillraceError {
  // Too large for the connection.
  if (MillraceError.is(error) && error.code !== "SLOT_LOST") return error;
  const why = threadEnd(error, { bytes: heap, setting: HEAP_SETTING });
  const { jobName, jobId } = attempt;
  return new MillraceError(
    "SLOT_LOST",
    `the thread of slot ${slotId}, which ran job "${jobName}" (${jobId}), has ended: ${why}`,
    {
      cause: error,
      retryable: true,
      help: `Raise ${TASKMANAGER_TASK_HEAP.key}, which all slots of a TaskManager share, or keep state in RocksDB; user code must not call process.exit, and must catch what it throws in timers and promises.`,
    },
  );
}
