import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { unreachable } from "../../../common/errors/unreachable.ts";
import type { JobId } from "../../../common/ids/ids.ts";
import type { CrossingSlots } from "../../../protocol/cluster/crossing-slots.ts";
import type {
  ArtifactReference,
  TaskManagerDescription,
} from "../../../protocol/cluster/resource-messages.ts";
import { toEnvelope, type ErrorEnvelope } from "../../../protocol/control/error-envelope.ts";
import type { BrokerAction, BrokerEvent } from "./broker-events.ts";
import { waitingText } from "../waiting-text.ts";
import { openOrder } from "./open-orders.ts";
import { placeSlots, type PlacementMode, type SlotOffer } from "./place-slots.ts";
import { shareSlots, type Share } from "./share-slots.ts";
import { SlotBook } from "./slot-book.ts";
import { notEnough, notOpened, taskManagerLost } from "./slot-problems.ts";
import {
  demandOf,
  type Allocation,
  type GrantPart,
  type RegisteredTaskManager,
  type SlotGrant,
  type WaitingJob,
  type WaitingRequest,
} from "./slots.ts";

/** How slots are given. Times in ms. */
export interface BrokerSettings {
  /** Of this JobManager's leadership. */
  readonly epoch: number;
  readonly placement: PlacementMode;
  /** Whether a TaskManager is one job's alone at a time. */
  readonly exclusive: boolean;
  /** How long a request waits for slots. */
  readonly requestTimeout: number;
  /** How long a TaskManager may take to open slots. */
  readonly openTimeout: number;
  /** How long requests of a job gather. */
  readonly gather: number;
  /**
   * TaskManagers that the last leader had, and until when they are waited for, in monotonic ms: before slots are spread, and before jobs are
   * told what there is.
   */
  readonly awaited?: { readonly ids: readonly string[]; readonly until: number } | undefined;
  readonly randomBytes: (count: number) => Uint8Array;
}

const SECRET_BYTES = 32;
/** When TaskManagers register while a job waits for slots that are to be spread: how long others may follow, each and all, in ms. */
const FOLLOW = 500;
const FOLLOW_AT_MOST = 2000;
/** Of one request: the largest parallelism there is. */
const MAX_SLOTS = 32_768;
const NOTHING: Share = { count: 0, own: new Set() };

/**
 * Gives the slots of TaskManagers to jobs. Decides only: events in, actions out, no clock of its own.
 *
 * A job that has no slots yet gets all that it waits for, or none: two jobs never hold a half each. What a job that ran needs to be started
 * again is kept for it; then older jobs go first, and what they wait for is kept from younger ones, as long as there are so many slots at all
 * (`shareSlots`). Slots of one attempt are opened together: what one TaskManager refuses is closed on the others.
 */
export class SlotBroker {
  readonly book: SlotBook;
  readonly #settings: BrokerSettings;
  readonly #jobs = new Map<JobId, WaitingJob>();
  #actions: BrokerAction[] = [];
  #now = 0;
  #lastRequest = 0;
  #lastExchange = 0;
  readonly #missing: Set<string>;

  constructor(settings: BrokerSettings) {
    this.#settings = settings;
    this.book = new SlotBook(settings.exclusive);
    this.#missing = new Set(settings.awaited?.ids);
  }

  /** @param now monotonic ms, never less than before */
  handle(event: BrokerEvent, now: number): readonly BrokerAction[] {
    this.#now = now;
    this.#apply(event);
    this.#expire();
    this.#share();
    this.#serve();
    this.#tellAvailable();
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }

  /** When `tick` is to come at the latest, in monotonic ms; Infinity: nothing waits. */
  get nextTick(): number {
    let next =
      this.#incomplete && this.#jobs.size > 0 ? (this.#settings.awaited?.until ?? Infinity) : Infinity;
    for (const job of this.#jobs.values()) {
      for (const { deadline } of job.waiting.values()) next = Math.min(next, deadline);
      for (const { state, deadline } of job.grants.values())
        if (state === "opening") next = Math.min(next, deadline);
      if (job.waiting.size > 0 && job.ripeAt > this.#now) next = Math.min(next, job.ripeAt);
    }
    return next;
  }

  /** A number for a request to a TaskManager that nobody else has. */
  requestNumber(): number {
    return ++this.#lastRequest;
  }

  /** Why a job waits: "waiting for 4 slots, 2 are free for it, 31 s of 300 s"; undefined where it does not. */
  waiting(id: JobId, now: number): string | undefined {
    const job = this.#jobs.get(id);
    const [first] = job?.waiting.values() ?? [];
    if (job === undefined || first === undefined) return undefined;
    return waitingText(demandOf(job), job.share.count, now - first.since, this.#settings.requestTimeout);
  }

  #apply(event: BrokerEvent): void {
    switch (event.kind) {
      case "registered":
        return this.#registered(event.connection, event.description);
      case "lost":
        return this.#lost(event.connection, event.reason);
      case "slotsOpened":
        return this.#opened(event.connection, event.request);
      case "slotsRefused":
        return this.#refused(event.connection, event.request, event.error);
      case "slotGone":
        return this.#gone(event.connection, event.allocation, event.error);
      case "jobAdded":
        return this.#jobAdded(event.job, event.artifact);
      case "jobOrphaned":
        return this.#jobOrphaned(event.job);
      case "jobRemoved":
        return this.#jobRemoved(event.job);
      case "requested":
        return this.#requested(event.job, event.request, event.slots);
      case "forgotten":
        return this.#forgotten(event.job, event.request);
      case "closed": {
        const allocation = this.book.allocation(event.allocation);
        if (allocation?.grant.job.id === event.job) this.#close(allocation);
        return undefined;
      }
      case "prepare":
        return this.#prepare(event.count);
      case "wanted": {
        const job = this.#jobs.get(event.job);
        if (job === undefined) return undefined;
        job.wants = { least: event.least, most: event.most };
        // It is told what there is for it now, also where that has not changed.
        job.unanswered = true;
        return undefined;
      }
      case "tick":
        return undefined;
      default:
        return unreachable(event, "event of slots");
    }
  }

  #registered(connection: number, description: TaskManagerDescription): void {
    // Its connection broke, and it knows sooner than this side.
    const former = this.book.byId(description.taskManagerId);
    if (former !== undefined) {
      this.#lost(former.connection, "it has registered anew");
      this.#actions.push({ kind: "drop", connection: former.connection, reason: "registered anew" });
    }
    this.book.add(connection, description);
    this.#missing.delete(description.taskManagerId);
    if (this.#settings.placement !== "spread") return;
    for (const job of this.#jobs.values()) {
      const [first] = job.waiting.values();
      if (first === undefined) continue;
      job.ripeAt = Math.max(job.ripeAt, Math.min(this.#now + FOLLOW, first.since + FOLLOW_AT_MOST));
    }
  }

  /** Whether TaskManagers of the last leader may still come. */
  get #incomplete(): boolean {
    return this.#missing.size > 0 && this.#now < (this.#settings.awaited?.until ?? 0);
  }

  #lost(connection: number, reason: string): void {
    const taskManager = this.book.byConnection(connection);
    if (taskManager === undefined) return;
    const error = toEnvelope(taskManagerLost(taskManager.description, reason));
    const told: Allocation[] = [];
    const failed = new Set<SlotGrant>();
    for (const allocation of this.book.remove(taskManager)) {
      if (allocation.grant.state === "given") told.push(allocation);
      else failed.add(allocation.grant);
    }
    for (const { id, grant } of told) this.#toJob(grant.job, { type: "slotGone", allocation: id, error });
    for (const { grant } of told) this.#forgetIfEmpty(grant);
    for (const grant of failed) this.#fail(grant, error);
  }

  #requested(id: JobId, request: number, slots: CrossingSlots): void {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    const refusal = this.#refusalOf(job, request, slots);
    if (refusal !== undefined) {
      return this.#toJob(job, { type: "slotsRefused", request, error: toEnvelope(refusal) });
    }
    const { gather, requestTimeout } = this.#settings;
    if (job.waiting.size === 0) job.ripeAt = this.#now + gather;
    job.waiting.set(request, { request, slots, since: this.#now, deadline: this.#now + requestTimeout });
  }

  #refusalOf(job: WaitingJob, request: number, { token, count }: CrossingSlots): MillraceError | undefined {
    const { epoch } = this.#settings;
    if (token.epoch !== epoch || token.jobId !== job.id) {
      return new MillraceError(
        "FENCED",
        `slots of job ${job.id} are asked for as of epoch ${token.epoch} for job ${token.jobId}, this is epoch ${epoch}`,
      );
    }
    return !(Number.isInteger(count) && count >= 1 && count <= MAX_SLOTS) ||
      job.waiting.has(request) ||
      job.grants.has(request)
      ? new MillraceError(
          "PROTOCOL_VIOLATION",
          `request ${request} for ${count} slots was made before, or is for none, or for more than ${MAX_SLOTS}`,
        )
      : undefined;
  }

  #forgotten(id: JobId, request: number): void {
    const job = this.#jobs.get(id);
    job?.waiting.delete(request);
    const grant = job?.grants.get(request);
    if (grant !== undefined) this.#drop(grant);
  }

  #jobAdded(id: JobId, artifact: ArtifactReference): void {
    const orphan = this.#jobs.get(id);
    if (orphan !== undefined) {
      orphan.told = undefined;
      return;
    }
    this.#jobs.set(id, {
      id,
      artifact,
      waiting: new Map(),
      grants: new Map(),
      former: new Map(),
      ripeAt: 0,
      told: undefined,
      wants: undefined,
      unanswered: false,
      started: false,
      share: NOTHING,
    });
  }

  #jobOrphaned(id: JobId): void {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    job.waiting.clear();
    for (const grant of job.grants.values()) {
      // Nobody is left who would hear that they are gone.
      grant.state = "dropped";
      this.#drop(grant);
    }
  }

  #jobRemoved(id: JobId): void {
    this.#jobOrphaned(id);
    this.#jobs.delete(id);
  }

  #prepare(count: number): void {
    const open = this.book.taskManagers.map((taskManager) => ({
      taskManager,
      free: taskManager.slots.filter(({ machine }) => machine.state !== "TAKEN").length,
    }));
    for (const { taskManager, free } of open) {
      const share = Math.min(free, count);
      if (share > 0) this.#toTaskManager(taskManager, { type: "prepareSlots", count: share });
    }
  }

  #opened(connection: number, request: number): void {
    const part = this.#answered(connection, request);
    if (part === undefined) return;
    part.opened = true;
    for (const { slot } of part.allocations.filter((each) => this.#isHere(each))) slot.machine.to("TAKEN");
    const { grant } = part;
    if (grant.state === "dropped") return this.#closeAll(grant);
    if (grant.parts.every(({ opened }) => opened)) this.#give(grant);
  }

  #refused(connection: number, request: number, error: ErrorEnvelope): void {
    const part = this.#answered(connection, request);
    if (part === undefined) return;
    for (const allocation of part.allocations.filter((each) => this.#isHere(each)))
      this.book.free(allocation);
    const { description } = part.taskManager;
    if (error.code !== "FENCED") return this.#fail(part.grant, error);
    this.#actions.push({ kind: "fenced", by: description.taskManagerId });
    // Whether this JobManager still leads is its own matter; the job tries again elsewhere.
    this.#fail(part.grant, toEnvelope(taskManagerLost(description, error.message)));
  }

  /** What a TaskManager was asked for; it answers once. */
  #answered(connection: number, request: number): GrantPart | undefined {
    const taskManager = this.book.byConnection(connection);
    const part = taskManager?.asked.get(request);
    if (part === undefined) {
      this.#lost(connection, `it answered request ${request} for slots, which was not made`);
      this.#actions.push({ kind: "drop", connection, reason: `no request ${request} for slots is open` });
    }
    taskManager?.asked.delete(request);
    return part;
  }

  #gone(connection: number, id: number, error: ErrorEnvelope | undefined): void {
    const allocation = this.book.allocation(id);
    if (allocation?.taskManager.connection !== connection) return;
    const { grant } = allocation;
    this.book.free(allocation);
    if (grant.state === "given") this.#toJob(grant.job, { type: "slotGone", allocation: id, error });
    else if (grant.state === "opening")
      this.#fail(grant, error ?? toEnvelope(notOpened(allocation.taskManager, 1)));
    this.#forgetIfEmpty(grant);
  }

  #give(grant: SlotGrant): void {
    grant.state = "given";
    grant.job.started = true;
    const { job, allocations, request, slots } = grant;
    allocations.forEach(({ taskManager }, slot) =>
      job.former.set(slots.firstSlot + slot, taskManager.description.taskManagerId),
    );
    this.#toJob(job, {
      type: "slotsOpened",
      request,
      slots: allocations.map(({ id, slot, taskManager: { description } }) => ({
        allocation: id,
        slotId: slot.slotId,
        taskManagerId: description.taskManagerId,
        endpoint: `${description.host}:${description.dataPort}`,
      })),
    });
  }

  #fail(grant: SlotGrant, error: ErrorEnvelope): void {
    if (grant.state !== "opening") return;
    this.#drop(grant);
    this.#toJob(grant.job, { type: "slotsRefused", request: grant.request, error });
  }

  #drop(grant: SlotGrant): void {
    // Who has them is to hear that they are gone.
    if (grant.state === "opening") grant.state = "dropped";
    grant.job.grants.delete(grant.request);
    this.#closeAll(grant);
  }

  #closeAll(grant: SlotGrant): void {
    for (const allocation of grant.allocations) this.#close(allocation);
  }

  #close(allocation: Allocation): void {
    if (!this.#isHere(allocation) || allocation.slot.machine.state !== "TAKEN") return;
    allocation.slot.machine.to("CLOSING");
    this.#toTaskManager(allocation.taskManager, { type: "closeSlot", allocation: allocation.id });
  }

  #forgetIfEmpty(grant: SlotGrant): void {
    if (!grant.allocations.some((each) => this.#isHere(each))) grant.job.grants.delete(grant.request);
  }

  #isHere(allocation: Allocation): boolean {
    return this.book.allocation(allocation.id) === allocation;
  }

  #expire(): void {
    for (const job of this.#jobs.values()) {
      const demand = demandOf(job);
      for (const waiting of job.waiting.values())
        if (waiting.deadline <= this.#now) this.#giveUp(job, waiting, demand);
      for (const grant of job.grants.values()) {
        if (grant.state !== "opening" || grant.deadline > this.#now) continue;
        const late = grant.parts.find(({ opened }) => !opened) as GrantPart;
        this.#fail(
          grant,
          toEnvelope(notOpened(late.taskManager, late.allocations.length, this.#settings.openTimeout)),
        );
      }
    }
  }

  /** @param demand of the job in all, which one of its parts alone does not tell */
  #giveUp(job: WaitingJob, { request, slots }: WaitingRequest, demand: number): void {
    job.waiting.delete(request);
    const error = notEnough(slots.jobName, demand, job.share.count, this.book);
    this.#toJob(job, { type: "slotsRefused", request, error: toEnvelope(error) });
  }

  /** Divides what nobody has. */
  #share(): void {
    const jobs = [...this.#jobs.values()];
    const claimants = jobs.map((job) => ({
      job,
      held: this.book.heldBy(job),
      demand: demandOf(job),
      least: job.wants?.least ?? 0,
      most: job.wants?.most ?? Infinity,
      started: job.started,
      told: job.told ?? 0,
    }));
    const shares = shareSlots(claimants, this.book.spare, this.book.slotCount);
    for (const job of jobs) job.share = shares.get(job) ?? NOTHING;
  }

  /** Gives each job what is kept for it, and free. */
  #serve(): void {
    if (this.#incomplete && this.#settings.placement === "spread") return;
    for (const job of this.#jobs.values()) {
      if (job.waiting.size === 0 || job.ripeAt > this.#now) continue;
      const all = [...job.waiting.values()];
      // One that runs gets its parts one by one; one that starts all together.
      let left = job.share.count;
      for (const requests of this.book.heldBy(job) > 0 ? all.map((each) => [each]) : [all]) {
        const count = requests.reduce((sum, { slots }) => sum + slots.count, 0);
        if (count <= left && this.#tryGrant(job, requests)) left -= count;
      }
    }
  }

  #tryGrant(job: WaitingJob, requests: readonly WaitingRequest[]): boolean {
    const wanted = requests.flatMap(({ slots }) =>
      Array.from({ length: slots.count }, (_, slot) => job.former.get(slots.firstSlot + slot)),
    );
    const placed = placeSlots(wanted, this.#offersFor(job), this.#settings.placement);
    if (placed === undefined) return false;
    let at = 0;
    for (const request of requests) this.#ask(job, request, placed.slice(at, (at += request.slots.count)));
    return true;
  }

  /** Without what is kept for others alone. */
  #offersFor(job: WaitingJob): readonly SlotOffer[] {
    const kept = new Set(
      [...this.#jobs.values()].flatMap((each) => (each === job ? [] : [...each.share.own])),
    );
    return this.book.offersFor(job).filter(({ taskManagerId }) => !kept.has(taskManagerId));
  }

  #ask(job: WaitingJob, { request, slots }: WaitingRequest, offers: readonly SlotOffer[]): void {
    job.waiting.delete(request);
    const { epoch, openTimeout, randomBytes } = this.#settings;
    const grant: SlotGrant = {
      job,
      request,
      slots,
      state: "opening",
      allocations: [],
      parts: [],
      deadline: this.#now + openTimeout,
    };
    job.grants.set(request, grant);
    grant.allocations = offers.map(({ taskManagerId }) =>
      this.book.take(this.book.byId(taskManagerId) as RegisteredTaskManager, grant),
    );
    const attempt = {
      slots,
      artifact: job.artifact,
      exchange: `${epoch}-${++this.#lastExchange}`,
      secret: Buffer.from(randomBytes(SECRET_BYTES)).toString("hex"),
      allocations: grant.allocations,
    };
    grant.parts = [...new Set(grant.allocations.map(({ taskManager }) => taskManager))].map((taskManager) => {
      const allocations = grant.allocations.filter((each) => each.taskManager === taskManager);
      return { grant, taskManager, allocations, opened: false };
    });
    for (const part of grant.parts) {
      const number = this.requestNumber();
      part.taskManager.asked.set(number, part);
      this.#toTaskManager(part.taskManager, openOrder(attempt, part.taskManager, number));
    }
  }

  /** Tells jobs what they could have, where that has changed. */
  #tellAvailable(): void {
    if (this.#incomplete) return;
    this.#share();
    for (const job of this.#jobs.values()) {
      const count = this.book.heldBy(job) + job.share.count;
      if (count === job.told && !job.unanswered) continue;
      job.unanswered = false;
      job.told = count;
      this.#toJob(job, { type: "slotsAvailable", count });
    }
  }

  #toTaskManager(
    { connection }: RegisteredTaskManager,
    message: Extract<BrokerAction, { kind: "toTaskManager" }>["message"],
  ): void {
    this.#actions.push({ kind: "toTaskManager", connection, message });
  }

  #toJob(job: WaitingJob, message: Extract<BrokerAction, { kind: "toJob" }>["message"]): void {
    if (this.#jobs.get(job.id) === job) this.#actions.push({ kind: "toJob", job: job.id, message });
  }
}
