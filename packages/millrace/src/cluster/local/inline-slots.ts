import { slotId } from "../../common/ids/ids.ts";
import { localSlot } from "../job-manager/job-master/units/slot-provider.ts";
import type {
  OpenedSlot,
  SlotProvider,
  SlotsRequest,
} from "../job-manager/job-master/units/slot-provider.ts";
import { MemorySlot } from "../task-manager/memory-slot.ts";
import type { MemorySlotOptions } from "../task-manager/memory-slot.ts";

/** Slots in the caller's thread, one for each failover unit and attempt. */
export class InlineSlots implements SlotProvider {
  readonly #options: MemorySlotOptions;
  readonly #open = new Set<InlineSlot>();

  constructor(options: MemorySlotOptions) {
    this.#options = options;
  }

  /** Whether nothing is to be done in any of them. */
  get quiet(): boolean {
    return [...this.#open].every((slot) => slot.quiet);
  }

  prepare(): void {}

  async open({ count, firstSlot }: SlotsRequest): Promise<readonly OpenedSlot[]> {
    return Array.from({ length: count }, (_, index) => ({
      connection: new InlineSlot(this.#options, this.#open),
      location: localSlot(slotId(`local/${firstSlot + index}`)),
      exchange: undefined,
    }));
  }
}

/** A slot that is in a set as long as it is open. */
class InlineSlot extends MemorySlot {
  readonly #open: Set<InlineSlot>;

  constructor(options: MemorySlotOptions, open: Set<InlineSlot>) {
    super(options);
    this.#open = open;
    open.add(this);
  }

  override async close(): Promise<void> {
    this.#open.delete(this);
    await super.close();
  }
}
