import { assert } from "vitest";
import type { JobId } from "../../../../common/ids/ids.ts";
import type { CrossingSlots } from "../../../../protocol/cluster/crossing-slots.ts";
import type { GrantedSlot } from "../../../../protocol/cluster/job-master-messages.ts";
import type { OpenSlots, TaskManagerDescription } from "../../../../protocol/cluster/resource-messages.ts";
import { toEnvelope } from "../../../../protocol/control/error-envelope.ts";
import type { BrokerAction, BrokerEvent } from "../broker-events.ts";
import { SlotBroker, type BrokerSettings } from "../slot-broker.ts";

/** What a broker of tests is set to where they say nothing else. Times in ms. */
export const BROKER_SETTINGS: BrokerSettings = {
  epoch: 3,
  placement: "packed",
  exclusive: false,
  requestTimeout: 1000,
  openTimeout: 500,
  gather: 0,
  randomBytes: (count) => new Uint8Array(count),
};

export const artifact = { sha256: "a".repeat(64), bytes: 10, originalUrl: "file:///job.ts" };
export const job = (number: number): JobId => String(number).padStart(32, "0") as JobId;

export const describeTaskManager = (
  taskManagerId: string,
  slots: number,
  dataPort = 1000,
): TaskManagerDescription => ({
  taskManagerId,
  host: "10.0.0.1",
  dataPort,
  slots,
  hardware: { cpuCores: 2, physicalMemory: 1e9, slotHeap: undefined, networkMemory: 1e6 },
  engineVersion: "millrace 0.1.0",
  pid: 1,
  startedAt: 0,
});

/** A job's wish, with a channel from each slot to the next. */
export const wish = (id: JobId, count: number, firstSlot = 0): CrossingSlots => ({
  token: { epoch: 3, jobId: id, attempt: 0 },
  jobName: "count",
  count,
  firstSlot,
  channels: Array.from({ length: count }, (_, slot) => ({
    id: slot,
    producerSlot: slot,
    consumerSlot: (slot + 1) % count,
  })).filter(({ producerSlot, consumerSlot }) => producerSlot !== consumerSlot),
  networkMemory: undefined,
});

interface ScriptedTaskManager {
  readonly id: string;
  readonly slots: number;
  /** Asked, not answered. */
  readonly asked: OpenSlots[];
  /** Open slots by allocation. */
  readonly open: Map<number, string>;
  readonly closing: Set<number>;
}

interface ScriptedJob {
  readonly asked: Map<number, number>;
  readonly held: Map<number, GrantedSlot>;
  available: number | undefined;
}

/** A broker between scripted TaskManagers and jobs, which check what either is told. */
export class BrokerRig {
  now = 0;
  readonly broker: SlotBroker;
  readonly taskManagers = new Map<number, ScriptedTaskManager>();
  readonly jobs = new Map<JobId, ScriptedJob>();
  /** Answers to jobs, as text. */
  readonly told: string[] = [];
  #allocations = new Set<number>();
  #exchanges = new Set<string>();
  #connections = 0;
  #requests = 0;

  constructor(settings: Partial<BrokerSettings> = {}) {
    this.broker = new SlotBroker({
      ...BROKER_SETTINGS,
      randomBytes: (count) => new Uint8Array(count).fill(this.#exchanges.size),
      ...settings,
    });
  }

  handle(event: BrokerEvent): void {
    for (const action of this.broker.handle(event, this.now)) this.#perform(action);
  }

  register(id: string, slots: number): number {
    const connection = ++this.#connections;
    this.taskManagers.set(connection, { id, slots, asked: [], open: new Map(), closing: new Set() });
    this.handle({
      kind: "registered",
      connection,
      description: describeTaskManager(id, slots, 1000 + connection),
    });
    return connection;
  }

  lose(connection: number): void {
    this.taskManagers.delete(connection);
    this.handle({ kind: "lost", connection, reason: "it was killed" });
  }

  addJob(id: JobId): void {
    this.jobs.set(id, { asked: new Map(), held: new Map(), available: undefined });
    this.handle({ kind: "jobAdded", job: id, artifact });
  }

  /** Its thread is gone: what it has and has asked for is forgotten. */
  orphanJob(id: JobId): void {
    this.jobs.set(id, { asked: new Map(), held: new Map(), available: undefined });
    this.handle({ kind: "jobOrphaned", job: id });
  }

  removeJob(id: JobId): void {
    this.jobs.delete(id);
    this.handle({ kind: "jobRemoved", job: id });
  }

  request(id: JobId, count: number, firstSlot = 0): number {
    const request = ++this.#requests;
    this.jobs.get(id)?.asked.set(request, count);
    this.handle({ kind: "requested", job: id, request, slots: wish(id, count, firstSlot) });
    return request;
  }

  forget(id: JobId, request: number): void {
    this.jobs.get(id)?.asked.delete(request);
    this.handle({ kind: "forgotten", job: id, request });
  }

  /** The first request that a TaskManager has not answered. */
  open(connection: number): void {
    const taskManager = this.taskManagers.get(connection) as ScriptedTaskManager;
    const order = taskManager.asked.shift();
    if (order === undefined) return;
    for (const { allocation, slotId } of order.orders) taskManager.open.set(allocation, slotId);
    this.handle({ kind: "slotsOpened", connection, request: order.request });
  }

  refuse(connection: number): void {
    const order = this.taskManagers.get(connection)?.asked.shift();
    if (order === undefined) return;
    const error = toEnvelope(new Error("no memory"));
    this.handle({ kind: "slotsRefused", connection, request: order.request, error });
  }

  openAll(): void {
    for (const connection of this.taskManagers.keys())
      while ((this.taskManagers.get(connection)?.asked.length ?? 0) > 0) this.open(connection);
  }

  /** A slot ends, as it was told or by itself. */
  end(connection: number, allocation: number): void {
    const taskManager = this.taskManagers.get(connection) as ScriptedTaskManager;
    taskManager.open.delete(allocation);
    taskManager.closing.delete(allocation);
    this.handle({ kind: "slotGone", connection, allocation, error: undefined });
  }

  endClosing(): void {
    for (const [connection, { closing }] of this.taskManagers)
      for (const allocation of closing) this.end(connection, allocation);
  }

  advance(ms: number): void {
    this.now += ms;
    this.handle({ kind: "tick" });
  }

  /** TaskManagers of a job's slots, in order. */
  placesOf(id: JobId): string[] {
    return [...(this.jobs.get(id)?.held.values() ?? [])].map(({ taskManagerId }) => taskManagerId);
  }

  #perform(action: BrokerAction): void {
    switch (action.kind) {
      case "toTaskManager": {
        const { message } = action;
        const taskManager = this.taskManagers.get(action.connection);
        assert.isDefined(taskManager, "a message to a lost TaskManager");
        if (message.type === "openSlots") this.#asked(taskManager, message);
        if (message.type === "closeSlot") {
          assert.isTrue(taskManager?.open.has(message.allocation), "a slot is closed that is not open");
          assert.isFalse(taskManager?.closing.has(message.allocation), "a slot is closed twice");
          taskManager?.closing.add(message.allocation);
        }
        return;
      }
      case "toJob":
        return this.#tell(action);
      case "drop":
        this.taskManagers.delete(action.connection);
        return;
      case "fenced":
        this.told.push("fenced");
    }
  }

  #asked(taskManager: ScriptedTaskManager, order: OpenSlots): void {
    const inUse = new Set([
      ...taskManager.open.values(),
      ...taskManager.asked.flatMap(({ orders }) => orders.map(({ slotId }) => slotId)),
    ]);
    for (const { allocation, slotId } of order.orders) {
      assert.isFalse(this.#allocations.has(allocation), "an allocation is used twice");
      this.#allocations.add(allocation);
      assert.isFalse(inUse.has(slotId), `${slotId} is asked for while it is taken`);
      inUse.add(slotId);
      assert.isTrue(slotId.startsWith(`${taskManager.id}/`));
    }
    assert.isAtMost(inUse.size, taskManager.slots);
    // All slots of the attempt are here or at a peer, each once.
    const numbers = [...order.orders.map(({ slot }) => slot), ...order.peers.flatMap(({ slots }) => slots)];
    assert.deepEqual(
      numbers.sort((a, b) => a - b),
      Array.from({ length: order.slotCount }, (_, i) => i),
    );
    assert.match(order.secret, /^[0-9a-f]{64}$/u);
    const here = new Set(order.orders.map(({ slot }) => slot));
    for (const { producerSlot, consumerSlot } of order.channels)
      assert.isTrue(here.has(producerSlot) || here.has(consumerSlot));
    this.#exchanges.add(order.exchange);
    taskManager.asked.push(order);
  }

  #tell({ job: id, message }: Extract<BrokerAction, { kind: "toJob" }>): void {
    const scripted = this.jobs.get(id);
    assert.isDefined(scripted, "a message to a job that is gone");
    if (scripted === undefined) return;
    switch (message.type) {
      case "slotsOpened":
        assert.lengthOf(message.slots, scripted.asked.get(message.request) as number);
        for (const slot of message.slots) {
          scripted.held.set(slot.allocation, slot);
          const at = [...this.taskManagers.values()].find((each) => each.open.has(slot.allocation));
          assert.strictEqual(at?.id, slot.taskManagerId);
        }
        scripted.asked.delete(message.request);
        return;
      case "slotsRefused":
        assert.isTrue(scripted.asked.delete(message.request), "an answer that nobody waits for");
        this.told.push(`${message.error.code ?? message.error.name}: ${message.error.message}`);
        return;
      case "slotGone":
        assert.isTrue(scripted.held.delete(message.allocation), "a slot is gone that was not there");
        return;
      case "slotsAvailable":
        assert.notStrictEqual(message.count, scripted.available);
        scripted.available = message.count;
        return;
      default:
        assert.fail(`message ${message.type}`);
    }
  }
}
