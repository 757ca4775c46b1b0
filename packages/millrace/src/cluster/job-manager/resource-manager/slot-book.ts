import { slotId, type JobId } from "../../../common/ids/ids.ts";
import { StateMachine } from "../../../graph/execution/state-machine.ts";
import type { TaskManagerDescription } from "../../../protocol/cluster/resource-messages.ts";
import type { SlotOffer } from "./place-slots.ts";
import type { SpareSlots } from "./share-slots.ts";
import { SLOT_TRANSITIONS } from "./slot-state.ts";
import type { Allocation, RegisteredTaskManager, Slot, SlotGrant, WaitingJob } from "./slots.ts";

/** All slots there are, and who has them. */
export class SlotBook {
  readonly #exclusive: boolean;
  readonly #taskManagers = new Map<number, RegisteredTaskManager>();
  readonly #allocations = new Map<number, Allocation>();
  #lastAllocation = 0;

  /** @param exclusive whether every TaskManager is one job's alone at a time, also where it does not ask for it */
  constructor(exclusive: boolean) {
    this.#exclusive = exclusive;
  }

  /** In the order in which they registered. */
  get taskManagers(): readonly RegisteredTaskManager[] {
    return [...this.#taskManagers.values()];
  }

  get slotCount(): number {
    return this.taskManagers.reduce((sum, { slots }) => sum + slots.length, 0);
  }

  byConnection(connection: number): RegisteredTaskManager | undefined {
    return this.#taskManagers.get(connection);
  }

  byId(taskManagerId: string): RegisteredTaskManager | undefined {
    return this.taskManagers.find(({ description }) => description.taskManagerId === taskManagerId);
  }

  allocation(id: number): Allocation | undefined {
    return this.#allocations.get(id);
  }

  allocationsOf(job: WaitingJob): readonly Allocation[] {
    return [...this.#allocations.values()].filter(({ grant }) => grant.job === job);
  }

  /** Whether any slot is a job's, or was and is not closed yet. */
  has(job: JobId): boolean {
    return [...this.#allocations.values()].some(({ grant }) => grant.job.id === job);
  }

  /** Slots that a job has, or is about to have. */
  heldBy(job: WaitingJob): number {
    return this.allocationsOf(job).filter(
      ({ grant, slot }) => grant.state !== "dropped" && slot.machine.state !== "CLOSING",
    ).length;
  }

  /** What each TaskManager has for a job now. */
  offersFor(job: WaitingJob): readonly SlotOffer[] {
    return this.taskManagers.map((taskManager) => ({
      taskManagerId: taskManager.description.taskManagerId,
      free: this.#open(taskManager, job)
        ? taskManager.slots.filter(({ machine }) => machine.state === "FREE").length
        : 0,
      total: taskManager.slots.length,
    }));
  }

  /** Slots that jobs could have besides their own: those that are free, and those that soon will be. */
  get spare(): readonly SpareSlots<WaitingJob>[] {
    const isSpare = ({ machine, allocation }: Slot): boolean =>
      machine.state === "FREE" || machine.state === "CLOSING" || allocation?.grant.state === "dropped";
    return this.taskManagers.map((taskManager) => ({
      id: taskManager.description.taskManagerId,
      count: taskManager.slots.filter(isSpare).length,
      exclusive: this.isExclusive(taskManager),
      owner: taskManager.slots.find((slot) => !isSpare(slot))?.allocation?.grant.job,
    }));
  }

  add(connection: number, description: TaskManagerDescription): void {
    const slots = Array.from({ length: description.slots }, (_, index): Slot => {
      const id = slotId(`${description.taskManagerId}/${index}`);
      return {
        slotId: id,
        machine: new StateMachine(`slot ${id}`, SLOT_TRANSITIONS, "FREE"),
        allocation: undefined,
      };
    });
    this.#taskManagers.set(connection, { connection, description, slots, asked: new Map() });
  }

  /** @returns what was in use of it, which is gone */
  remove(taskManager: RegisteredTaskManager): readonly Allocation[] {
    this.#taskManagers.delete(taskManager.connection);
    const gone = taskManager.slots.flatMap(({ allocation }) => allocation ?? []);
    for (const allocation of gone) this.free(allocation);
    return gone;
  }

  /** Takes a free slot of a TaskManager for an attempt. */
  take(taskManager: RegisteredTaskManager, grant: SlotGrant): Allocation {
    const slot = taskManager.slots.find(({ machine }) => machine.state === "FREE") as Slot;
    const allocation = { id: ++this.#lastAllocation, slot, taskManager, grant };
    slot.machine.to("OPENING");
    slot.allocation = allocation;
    this.#allocations.set(allocation.id, allocation);
    return allocation;
  }

  /** The slot is free again; what it was given for has no number any more. */
  free(allocation: Allocation): void {
    allocation.slot.machine.to("FREE");
    allocation.slot.allocation = undefined;
    this.#allocations.delete(allocation.id);
  }

  /** Whether it is one job's alone at a time. */
  isExclusive({ description }: RegisteredTaskManager): boolean {
    return this.#exclusive || description.exclusiveJobs === true;
  }

  #open(taskManager: RegisteredTaskManager, job: WaitingJob): boolean {
    return (
      !this.isExclusive(taskManager) ||
      taskManager.slots.every((slot) => slot.allocation === undefined || isOf(slot, job))
    );
  }
}

const isOf = ({ allocation }: Slot, job: WaitingJob): boolean => allocation?.grant.job === job;
