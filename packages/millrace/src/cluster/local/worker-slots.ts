import type { SlotConnection } from "../../protocol/control/control-transport.ts";
import type { RingDescriptor } from "../../runtime/network/ring/ring-descriptor.ts";
import { WorkerSlot } from "../task-manager/worker-slot.ts";

/**
 * Slots in worker threads, started before they are needed: threads take some 40 ms to load the runtime, while the job's module is bundled
 * and its graph built.
 */
export class WorkerSlots {
  readonly #slots: WorkerSlot[] = [];

  /** Starts threads until there are `count`. */
  prepare(count: number): void {
    while (this.#slots.length < count)
      this.#slots.push(new WorkerSlot(`millrace-slot-${this.#slots.length}`));
  }

  /** The slots, online, with lines between those that exchange frames. Those that turn out not to be needed end. */
  async open(count: number, rings: RingDescriptor | undefined): Promise<readonly SlotConnection[]> {
    this.prepare(count);
    for (const spare of this.#slots.splice(count)) void spare.close();
    await Promise.all(this.#slots.map(({ online }) => online));
    const pairs = new Set(
      (rings?.links ?? []).map(
        ({ producerSlot: a, consumerSlot: b }) => `${Math.min(a, b)}:${Math.max(a, b)}`,
      ),
    );
    for (const pair of pairs) {
      const [a, b] = pair.split(":").map(Number) as [number, number];
      WorkerSlot.connect(this.#slots, a, b);
    }
    return this.#slots;
  }

  async close(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }
}
