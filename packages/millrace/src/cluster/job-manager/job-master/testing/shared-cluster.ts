import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { JobId } from "../../../../common/ids/ids.ts";
import type { BrokerAction, BrokerEvent } from "../../resource-manager/broker-events.ts";
import { SlotBroker, type BrokerSettings } from "../../resource-manager/slot-broker.ts";
import {
  artifact,
  BROKER_SETTINGS,
  describeTaskManager,
  wish,
} from "../../resource-manager/testing/broker-rig.ts";
import type { OpenedSlot, SlotsRequest } from "../units/slot-provider.ts";
import type { JobSupervisor } from "../supervisor/job-supervisor.ts";
import { ObedientSlots } from "./obedient-slots.ts";
import type { ObedientSlot } from "./obedient-slots.ts";

interface Pending {
  readonly count: number;
  readonly grant: (allocations: readonly number[]) => void;
  readonly refuse: (error: Error) => void;
}

/** Obedient slots that a job gets from the broker that it shares with others. */
export class BrokerSlots extends ObedientSlots {
  supervisor: JobSupervisor | undefined;
  /** What it was told that it could have. */
  available = 0;
  readonly #cluster: SharedCluster;
  readonly #job: JobId;
  readonly #pending = new Map<number, Pending>();
  readonly #slots = new Map<number, ObedientSlot>();

  constructor(cluster: SharedCluster, job: JobId) {
    super();
    this.#cluster = cluster;
    this.#job = job;
  }

  get waiting(): { readonly slots: number; readonly since: number } | undefined {
    const slots = [...this.#pending.values()].reduce((sum, { count }) => sum + count, 0);
    return slots === 0 ? undefined : { slots, since: 0 };
  }

  want(least: number, most: number): void {
    this.#cluster.handle({ kind: "wanted", job: this.#job, least, most });
  }

  override async open(request: SlotsRequest): Promise<readonly OpenedSlot[]> {
    const { count, firstSlot, abandoned } = request;
    const number = this.#cluster.requestNumber();
    const allocations = await new Promise<readonly number[]>((grant, refuse) => {
      this.#pending.set(number, { count, grant, refuse });
      abandoned?.addEventListener("abort", () => {
        if (!this.#pending.delete(number)) return;
        this.#cluster.handle({ kind: "forgotten", job: this.#job, request: number });
        refuse(new MillraceError("NO_SLOTS", "nobody waits for them any more"));
      });
      this.#cluster.handle({
        kind: "requested",
        job: this.#job,
        request: number,
        slots: wish(this.#job, count, firstSlot),
      });
    });
    const opened = await super.open(request);
    const slots = this.opened.slice(-count);
    allocations.forEach((allocation, index) => this.#connect(allocation, slots[index] as ObedientSlot));
    return opened;
  }

  /** A slot's thread dies. */
  end(index: number): void {
    const allocation = [...this.#slots.keys()][index % Math.max(1, this.#slots.size)];
    if (allocation !== undefined) this.#cluster.end(allocation);
  }

  tell(message: Extract<BrokerAction, { kind: "toJob" }>["message"]): void {
    switch (message.type) {
      case "slotsAvailable":
        this.available = message.count;
        this.supervisor?.slotsAvailable(message.count);
        return;
      case "slotsOpened": {
        const pending = this.#pending.get(message.request);
        this.#pending.delete(message.request);
        pending?.grant(message.slots.map(({ allocation }) => allocation));
        return;
      }
      case "slotsRefused": {
        const pending = this.#pending.get(message.request);
        this.#pending.delete(message.request);
        pending?.refuse(new MillraceError("NO_SLOTS", message.error.message));
        return;
      }
      case "slotGone":
        this.#slots.get(message.allocation)?.die();
        this.#slots.delete(message.allocation);
        return;
      default:
    }
  }

  #connect(allocation: number, slot: ObedientSlot): void {
    this.#slots.set(allocation, slot);
    const close = slot.close.bind(slot);
    slot.close = async () => {
      await close();
      if (this.#slots.delete(allocation))
        this.#cluster.handle({ kind: "closed", job: this.#job, allocation });
    };
  }
}

/** A broker, TaskManagers that do what they are told when `deliver` is called, and jobs. */
export class SharedCluster {
  readonly broker: SlotBroker;
  readonly jobs = new Map<JobId, BrokerSlots>();
  now = 0;
  readonly #events: BrokerEvent[] = [];
  readonly #answers: BrokerEvent[] = [];
  readonly #connected = new Set<number>();
  #busy = false;
  #connections = 0;
  #requests = 0;

  constructor(settings: Partial<BrokerSettings> = {}) {
    this.broker = new SlotBroker({
      ...BROKER_SETTINGS,
      requestTimeout: 1e9,
      openTimeout: 1e9,
      gather: 10,
      ...settings,
    });
  }

  requestNumber(): number {
    return ++this.#requests;
  }

  add(job: JobId): BrokerSlots {
    const slots = new BrokerSlots(this, job);
    this.jobs.set(job, slots);
    this.handle({ kind: "jobAdded", job, artifact });
    return slots;
  }

  register(slots: number): void {
    const connection = ++this.#connections;
    this.#connected.add(connection);
    this.handle({
      kind: "registered",
      connection,
      description: describeTaskManager(`tm${connection}`, slots),
    });
  }

  lose(index: number): void {
    const connection = [...this.#connected][index % Math.max(1, this.#connected.size)];
    if (connection === undefined) return;
    this.#connected.delete(connection);
    this.handle({ kind: "lost", connection, reason: "it was killed" });
  }

  /** A slot's thread dies. */
  end(allocation: number): void {
    const connection = this.broker.book.allocation(allocation)?.taskManager.connection;
    if (connection !== undefined) this.handle({ kind: "slotGone", connection, allocation, error: undefined });
  }

  /** TaskManagers do what they were told since. */
  deliver(): void {
    for (const answer of this.#answers.splice(0))
      if ("connection" in answer && this.#connected.has(answer.connection)) this.handle(answer);
  }

  tick(ms: number): void {
    this.now += ms;
    this.handle({ kind: "tick" });
  }

  handle(event: BrokerEvent): void {
    this.#events.push(event);
    if (this.#busy) return;
    this.#busy = true;
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift())
      for (const action of this.broker.handle(next, this.now)) this.#perform(action);
    this.#busy = false;
  }

  #perform(action: BrokerAction): void {
    if (action.kind === "toJob") {
      this.jobs.get(action.job)?.tell(action.message);
      return;
    }
    if (action.kind !== "toTaskManager") throw new MillraceError("INTERNAL", `unexpected: ${action.kind}`);
    const { connection, message } = action;
    if (message.type === "openSlots")
      this.#answers.push({ kind: "slotsOpened", connection, request: message.request });
    if (message.type === "closeSlot")
      this.#answers.push({
        kind: "slotGone",
        connection,
        allocation: message.allocation,
        error: undefined,
      });
  }
}
