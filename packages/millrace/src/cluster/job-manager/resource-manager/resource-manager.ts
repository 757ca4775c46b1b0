import type { Clock, ClockTimer } from "../../../common/clock/clock.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { preview } from "../../../common/errors/preview.ts";
import { unreachable } from "../../../common/errors/unreachable.ts";
import type { JobId } from "../../../common/ids/ids.ts";
import type { TaskManagerConnection } from "../../../protocol/cluster/connection.ts";
import type { FromJobMaster, ToJobMaster } from "../../../protocol/cluster/job-master-messages.ts";
import type {
  ArtifactReference,
  FromTaskManager,
  TaskManagerQuestion,
  ToTaskManager,
} from "../../../protocol/cluster/resource-messages.ts";
import { fromEnvelope, toEnvelope } from "../../../protocol/control/error-envelope.ts";
import type { Log } from "../../logging/log.ts";
import type { PeerLog } from "../../logging/peer-log.ts";
import type { TaskManagerView } from "../dispatcher/dispatcher-gateway.ts";
import type { BrokerAction, BrokerEvent } from "./broker-events.ts";
import { checkRegistration } from "./check-registration.ts";
import type { ResourceManagerSettings } from "./resource-manager-settings.ts";
import { SlotBroker } from "./slot-broker.ts";
import { TaskManagerLink } from "./task-manager-link.ts";

/** Where messages of the ResourceManager to a job go. */
export interface JobPort {
  /** @param transfer buffers of the message that go over with it */
  send(message: ToJobMaster, transfer?: readonly ArrayBuffer[]): void;
}

/** What a job asks of the ResourceManager. */
export type SlotMessage = Extract<
  FromJobMaster,
  { readonly type: "openSlots" | "forgetSlots" | "prepareSlots" | "wantSlots" | "slotMessage" | "closeSlot" }
>;

/** What the ResourceManager is given. */
export interface ResourceManagerOptions {
  /** Of this JobManager's leadership. */
  readonly epoch: number;
  readonly settings: ResourceManagerSettings;
  readonly engineVersion: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly peers: PeerLog;
  readonly randomBytes: (count: number) => Uint8Array;
  /** The TaskManagers that the last leader had. */
  readonly former?: readonly string[] | undefined;
  /** These are registered now. */
  readonly onTaskManagers?: ((ids: readonly string[]) => void) | undefined;
  /** A TaskManager says that there is a newer leader: to be looked into. */
  readonly onFenced: () => void;
}

/**
 * Knows the TaskManagers: takes their registrations, notices when one is lost, gives their slots to jobs, and carries messages between
 * slots and jobs, without a look into them. What is given to whom is decided by `SlotBroker`.
 */
export class ResourceManager {
  readonly #options: ResourceManagerOptions;
  readonly #broker: SlotBroker;
  readonly #links = new Map<number, TaskManagerLink>();
  readonly #ports = new Map<JobId, JobPort>();
  /** Events that came while another was underway. */
  readonly #events: BrokerEvent[] = [];
  /** Whoever waits until a job has no slots any more. */
  #releases: readonly { readonly id: JobId; readonly resolve: () => void }[] = [];
  #busy = false;
  #connections = 0;
  #timer: ClockTimer | undefined;
  #heartbeat: ClockTimer | undefined;
  #nextHeartbeat: number;
  #closed = false;
  #allGone: (() => void) | undefined;

  constructor(options: ResourceManagerOptions) {
    this.#options = options;
    const { epoch, settings, randomBytes, clock, former = [] } = options;
    this.#broker = new SlotBroker({
      ...settings,
      epoch,
      randomBytes,
      awaited: { ids: former, until: clock.monotonic() + settings.recoveryTimeout },
    });
    this.#nextHeartbeat = clock.monotonic() + settings.heartbeatInterval;
    this.#scheduleHeartbeat();
  }

  /** A process has connected that will register as a TaskManager. */
  connected(connection: TaskManagerConnection): void {
    const link = new TaskManagerLink(++this.#connections, connection, this.#options.clock);
    this.#links.set(link.number, link);
    connection.onMessage = (message) => {
      link.lastHeard = this.#options.clock.monotonic();
      try {
        this.#take(link, message);
      } catch (error) {
        this.#about(link)("warn", `TaskManager ${link.name} sent what can't be understood`, error);
        this.#violated(link, `a message of type ${preview(message.type)} that is none`);
      }
    };
    connection.onSlotMessage = (allocation, bytes) => {
      link.lastHeard = this.#options.clock.monotonic();
      this.#fromSlot(link, allocation, bytes);
    };
    connection.onClose = (error) => this.#lost(link, error?.message ?? "it has closed the connection");
    if (this.#closed) connection.close("the JobManager ends");
  }

  /** From now on the job may ask for slots. Jobs that were added earlier go first; an orphan has its place again. */
  addJob(id: JobId, artifact: ArtifactReference, port: JobPort): void {
    this.#ports.set(id, port);
    this.#handle({ kind: "jobAdded", job: id, artifact });
  }

  /**
   * Closes all slots of a job, which is told nothing any more.
   *
   * @param over whether it is over for good: the next JobManager goes on with one that is only suspended
   */
  removeJob(id: JobId, over: boolean): void {
    this.#ports.delete(id);
    this.#handle({ kind: "jobRemoved", job: id });
    if (!over) return;
    for (const link of this.#links.values())
      if (link.description !== undefined) this.#send(link, { type: "forgetJob", jobId: id });
  }

  /** Closes all slots of a job whose thread is gone, and keeps as many for it, until it is added again or removed. */
  orphanJob(id: JobId): void {
    this.#ports.delete(id);
    this.#handle({ kind: "jobOrphaned", job: id });
  }

  /** Settles when no TaskManager has a slot of a job any more: each has said so, or is lost. After `orphanJob` or `removeJob`. */
  async released(id: JobId): Promise<void> {
    if (!this.#broker.book.has(id)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#releases = [...this.#releases, { id, resolve }];
    await promise;
  }

  fromJob(job: JobId, message: SlotMessage): void {
    switch (message.type) {
      case "openSlots": {
        const { type: _, request, ...slots } = message;
        return this.#handle({ kind: "requested", job, request, slots });
      }
      case "forgetSlots":
        return this.#handle({ kind: "forgotten", job, request: message.request });
      case "prepareSlots":
        return this.#handle({ kind: "prepare", job, count: message.count });
      case "wantSlots":
        return this.#handle({ kind: "wanted", job, least: message.least, most: message.most });
      case "closeSlot":
        return this.#handle({ kind: "closed", job, allocation: message.allocation });
      case "slotMessage":
        return this.#toSlot(job, message.allocation, message.bytes);
      default:
        return unreachable(message, "message of a job to its slots");
    }
  }

  /** Why a job waits: "waiting for 4 slots, 2 are free for it, 31 s of 300 s". */
  waiting(job: JobId): string | undefined {
    return this.#broker.waiting(job, this.#options.clock.monotonic());
  }

  /** Slots that are nobody's. */
  get freeSlots(): number {
    return this.taskManagers().reduce((sum, { freeSlots }) => sum + freeSlots, 0);
  }

  taskManagers(): readonly TaskManagerView[] {
    return this.#broker.book.taskManagers.flatMap(({ connection, description, slots }) => {
      const link = this.#links.get(connection);
      if (link === undefined) return [];
      return {
        ...description,
        lastHeartbeatAt: link.lastHeartbeatAt,
        health: link.health,
        freeSlots: slots.filter(({ machine }) => machine.state === "FREE").length,
        allocated: slots.flatMap(({ slotId, allocation }) =>
          allocation === undefined ? [] : [{ slotId, jobId: allocation.grant.job.id }],
        ),
      };
    });
  }

  /** The slot of a job that has this id; undefined where it has none. */
  allocationOf(job: JobId, slotId: string): number | undefined {
    const slots = this.#broker.book.taskManagers.flatMap((each) => each.slots);
    const found = slots.find((slot) => slot.slotId === slotId)?.allocation;
    return found?.grant.job.id === job ? found.id : undefined;
  }

  /** @param timeout ms, besides the time that the question itself takes @throws NOT_FOUND, CONNECTION_LOST, and as the TaskManager */
  async ask(taskManagerId: string, question: TaskManagerQuestion, extra = 0): Promise<unknown> {
    const link = [...this.#links.values()].find((each) => each.description?.taskManagerId === taskManagerId);
    if (link === undefined) {
      throw new MillraceError("NOT_FOUND", `no TaskManager ${taskManagerId} is registered`);
    }
    const request = this.#broker.requestNumber();
    const timeout = this.#options.settings.askTimeout + extra;
    const answer = link.questions.wait(
      request,
      timeout,
      () =>
        new MillraceError(
          "CONNECTION_LOST",
          `TaskManager ${link.name} has not answered within ${timeout} ms`,
        ),
    );
    this.#send(link, { type: "ask", request, question });
    return answer;
  }

  /** Tells all TaskManagers to end. Settles when they have gone, or after `timeout` ms. */
  async shutDown(timeout: number): Promise<void> {
    const registered = [...this.#links.values()].filter(({ description }) => description !== undefined);
    for (const link of registered) this.#send(link, { type: "shutdown" });
    if (registered.length === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#allGone = resolve;
    const timer = this.#options.clock.schedule(timeout, resolve);
    await promise;
    timer.cancel();
  }

  /** Closes all connections, and tells nobody anything any more. */
  close(): void {
    this.#closed = true;
    this.#ports.clear();
    this.#timer?.cancel();
    this.#heartbeat?.cancel();
    for (const { connection } of this.#links.values()) connection.close("the JobManager ends");
  }

  #take(link: TaskManagerLink, message: FromTaskManager): void {
    const connection = link.number;
    if (message.type === "register") return this.#register(link, message);
    if (link.description === undefined)
      return this.#violated(link, `${message.type} before it has registered`);
    switch (message.type) {
      case "slotsOpened":
        return this.#handle({ kind: "slotsOpened", connection, request: message.request });
      case "slotsRefused":
        return this.#handle({
          kind: "slotsRefused",
          connection,
          request: message.request,
          error: message.error,
        });
      case "slotGone":
        return this.#handle({
          kind: "slotGone",
          connection,
          allocation: message.allocation,
          error: message.error,
        });
      case "heartbeat":
        link.lastHeartbeatAt = this.#options.clock.now();
        link.health = message.health;
        return undefined;
      case "answer":
        // One that came too late is nobody's.
        link.questions.answer(message.request, message.answer);
        return undefined;
      case "refusal":
        link.questions.refuse(message.request, fromEnvelope(message.error));
        return undefined;
      default: {
        const unknown: never = message;
        return this.#violated(link, `a message of type ${(unknown as { type: string }).type}`);
      }
    }
  }

  #register(link: TaskManagerLink, message: Extract<FromTaskManager, { type: "register" }>): void {
    const { engineVersion, epoch, settings, log } = this.#options;
    if (link.description !== undefined) return this.#violated(link, "a second registration");
    try {
      link.description = checkRegistration(message, engineVersion);
    } catch (error) {
      this.#about(link)("warn", `refused ${link.connection.peer} as a TaskManager`, error);
      this.#send(link, { type: "refused", error: toEnvelope(error) });
      link.connection.close((error as Error).message);
      return undefined;
    }
    const { slots } = link.description;
    log("info", `TaskManager ${link.name} has registered with ${slots} slot${slots === 1 ? "" : "s"}`);
    const { heartbeatInterval, heartbeatTimeout } = settings;
    this.#send(link, { type: "registered", epoch, heartbeatInterval, heartbeatTimeout });
    this.#handle({ kind: "registered", connection: link.number, description: link.description });
    this.#tellTaskManagers();
  }

  #violated(link: TaskManagerLink, what: string): void {
    this.#about(link)("warn", `closed the connection to TaskManager ${link.name}: it sent ${what}`);
    link.connection.close("protocol violation");
    this.#lost(link, `it broke the protocol with ${what}`);
  }

  /** The log for what it does wrong: anybody can connect, and say that it is a TaskManager. */
  #about({ connection }: TaskManagerLink): Log {
    return this.#options.peers.about(connection.peer, "TaskManager");
  }

  #lost(link: TaskManagerLink, reason: string): void {
    if (!this.#links.delete(link.number)) return;
    if (this.#links.size === 0) this.#allGone?.();
    link.questions.refuseAll(
      new MillraceError("CONNECTION_LOST", `TaskManager ${link.name} is lost: ${reason}`),
    );
    if (link.description === undefined || this.#closed) return;
    this.#options.log("warn", `TaskManager ${link.name} is lost: ${reason}`);
    this.#handle({ kind: "lost", connection: link.number, reason });
    this.#tellTaskManagers();
  }

  #tellTaskManagers(): void {
    this.#options.onTaskManagers?.(
      this.#broker.book.taskManagers.map(({ description }) => description.taskManagerId),
    );
  }

  #fromSlot(link: TaskManagerLink, id: number, bytes: Uint8Array): void {
    const allocation = this.#broker.book.allocation(id);
    // Of a slot that is being closed, or was never given.
    if (allocation?.taskManager.connection !== link.number || allocation.grant.state !== "given") return;
    // A view of a larger buffer would be copied with all of it.
    const own = new Uint8Array(bytes);
    this.#ports
      .get(allocation.grant.job.id)
      ?.send({ type: "slotMessage", allocation: id, bytes: own }, [own.buffer]);
  }

  #toSlot(job: JobId, id: number, bytes: Uint8Array): void {
    const allocation = this.#broker.book.allocation(id);
    if (allocation === undefined || allocation.grant.job.id !== job) return;
    const link = this.#links.get(allocation.taskManager.connection);
    if (link === undefined) return;
    try {
      link.connection.sendToSlot(id, bytes);
    } catch (error) {
      // It would wait for ever for what can't be sent.
      this.#options.log("error", `a message to slot ${allocation.slot.slotId} can't be sent`, error);
      this.#handle({ kind: "closed", job, allocation: id });
    }
  }

  /** Events are handled one after the other, also those that come of what is done about one. */
  #handle(event: BrokerEvent): void {
    this.#events.push(event);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        for (const action of this.#broker.handle(next, this.#options.clock.monotonic()))
          this.#perform(action);
      }
    } finally {
      this.#busy = false;
    }
    this.#tellReleased();
    this.#scheduleTick();
  }

  #tellReleased(): void {
    if (this.#releases.length === 0) return;
    const { book } = this.#broker;
    const gone = this.#releases.filter(({ id }) => !book.has(id));
    this.#releases = this.#releases.filter(({ id }) => book.has(id));
    for (const { resolve } of gone) resolve();
  }

  #perform(action: BrokerAction): void {
    switch (action.kind) {
      case "toTaskManager": {
        const link = this.#links.get(action.connection);
        if (link !== undefined) this.#send(link, action.message);
        return undefined;
      }
      case "toJob":
        this.#ports.get(action.job)?.send(action.message);
        return undefined;
      case "drop": {
        const link = this.#links.get(action.connection);
        if (link === undefined) return undefined;
        this.#options.log("warn", `closed the connection to TaskManager ${link.name}: ${action.reason}`);
        link.connection.close(action.reason);
        return this.#lost(link, action.reason);
      }
      case "fenced":
        this.#options.log("warn", `TaskManager ${action.by} knows a newer JobManager`);
        return this.#options.onFenced();
      default:
        return unreachable(action, "action on slots");
    }
  }

  #send(link: TaskManagerLink, message: ToTaskManager): void {
    try {
      link.connection.send(message);
    } catch (error) {
      this.#options.log("error", `message ${message.type} to TaskManager ${link.name} can't be sent`, error);
      link.connection.close("a message can't be sent");
      this.#lost(link, `message ${message.type} could not be sent: ${(error as Error).message}`);
    }
  }

  #scheduleTick(): void {
    this.#timer?.cancel();
    if (this.#closed) return;
    const { nextTick } = this.#broker;
    if (nextTick === Infinity) return;
    const delay = Math.max(0, nextTick - this.#options.clock.monotonic());
    this.#timer = this.#options.clock.schedule(delay, () => this.#handle({ kind: "tick" }));
  }

  #scheduleHeartbeat(): void {
    const { clock } = this.#options;
    const delay = Math.max(0, this.#nextHeartbeat - clock.monotonic());
    this.#heartbeat = clock.schedule(delay, () => this.#beat());
  }

  #beat(): void {
    const { clock, settings } = this.#options;
    const { heartbeatInterval, heartbeatTimeout } = settings;
    const now = clock.monotonic();
    const late = now - this.#nextHeartbeat;
    // This process itself was stopped, or busy: what came meanwhile has not been read yet.
    const grace = late > heartbeatInterval ? late : 0;
    for (const link of this.#links.values()) {
      link.lastHeard += grace;
      const silence = now - link.lastHeard;
      if (silence <= heartbeatTimeout) {
        if (link.description !== undefined) this.#send(link, { type: "heartbeat" });
        continue;
      }
      this.#lost(link, `it was silent for ${Math.round(silence)} ms`);
      link.connection.close("it was silent for too long");
    }
    this.#nextHeartbeat = now + heartbeatInterval;
    this.#scheduleHeartbeat();
  }
}
