import { MillraceError } from "../../common/errors/millrace-error.ts";
import { slotId } from "../../common/ids/ids.ts";
import { localSlot } from "../job-manager/job-master/units/slot-provider.ts";
import type {
  OpenedSlot,
  SlotProvider,
  SlotsRequest,
} from "../job-manager/job-master/units/slot-provider.ts";
import type { LocalBackups } from "../task-manager/local-backups.ts";
import { planProcessRings } from "../task-manager/process-rings.ts";
import { WorkerSlot } from "../task-manager/worker-slot.ts";

/**
 * Slots in worker threads, started before they are needed: threads take some 40 ms to load the runtime, while the job's module is bundled
 * and its graph built, or while a failed job waits for its restart.
 */
export class WorkerSlots implements SlotProvider {
  /** Where slots may keep copies of state; undefined: nowhere. */
  localBackups: LocalBackups | undefined;
  /** Started, and given to nobody yet. */
  #spare: WorkerSlot[] = [];
  readonly #given = new Set<WorkerSlot>();
  readonly #create: (name: string) => WorkerSlot;
  #named = 0;
  #closed = false;

  /** @param create for tests: makes one */
  constructor(create = (name: string): WorkerSlot => new WorkerSlot(name)) {
    this.#create = create;
  }

  prepare(count: number): void {
    while (!this.#closed && this.#spare.length < count)
      this.#spare.push(this.#create(`millrace-slot-${this.#named++}`));
  }

  async open(request: SlotsRequest): Promise<readonly OpenedSlot[]> {
    const { count, firstSlot } = request;
    const rings = planProcessRings(request);
    this.prepare(count);
    const slots = this.#spare.splice(0, count);
    for (const slot of slots) this.#given.add(slot);
    try {
      if (slots.length < count)
        throw new MillraceError("SLOT_LOST", "no slots are opened any more: the job is over");
      await Promise.all(slots.map(({ online }) => online));
      // One that was online early may have ended while the others were awaited.
      for (const slot of slots) slot.checkAlive();
    } catch (error) {
      await Promise.all(slots.map((slot) => slot.close()));
      throw error;
    }
    for (const [a, b] of rings?.pairs ?? []) WorkerSlot.connect(slots, a, b);
    slots.forEach((slot, index) => {
      this.#allowCopies(slot, request);
      // Whoever watches the slot has heard of its loss before its neighbours tell of theirs.
      void slot.gone.then(() => {
        rings?.slotGone(index, (other) => slots[other]?.ring());
        this.#given.delete(slot);
      });
    });
    return slots.map((connection, index) => ({
      connection,
      location: localSlot(slotId(`local/${firstSlot + index}`)),
      exchange: rings?.of(index),
    }));
  }

  #allowCopies(slot: WorkerSlot, { token: { jobId } }: SlotsRequest): void {
    const backups = this.localBackups;
    if (backups === undefined) return;
    const folders = backups.begin(jobId);
    slot.allowCopies(folders);
    void slot.gone.then(() => backups.ended(jobId, folders));
  }

  /** Ends those that turned out not to be needed. */
  dropSpare(): void {
    for (const slot of this.#spare.splice(0)) void slot.close();
  }

  /** Ends all. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#given, ...this.#spare].map((slot) => slot.close()));
  }
}
