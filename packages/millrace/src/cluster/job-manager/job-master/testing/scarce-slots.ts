import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { OpenedSlot, SlotsRequest } from "../units/slot-provider.ts";
import { ObedientSlots } from "./obedient-slots.ts";
import type { ObedientSlot } from "./obedient-slots.ts";

/** Obedient slots, of which there are so many: who wants more waits until there are. */
export class ScarceSlots extends ObedientSlots {
  readonly #waiting = new Set<{ readonly count: number; readonly serve: () => void }>();
  #capacity: number;
  #reserved = 0;

  constructor(capacity: number) {
    super();
    this.#capacity = capacity;
  }

  get capacity(): number {
    return this.#capacity;
  }

  get waiting(): { readonly slots: number; readonly since: number } | undefined {
    const slots = [...this.#waiting].reduce((sum, { count }) => sum + count, 0);
    return slots === 0 ? undefined : { slots, since: 0 };
  }

  want(): void {}

  /** The slots that run tasks, or are about to. */
  get taken(): readonly ObedientSlot[] {
    return this.opened.filter((slot) => (slot.sent.length === 0 ? !slot.closed : slot.alive));
  }

  /** There are more now, or fewer: then some of those that are taken die. */
  resize(capacity: number): void {
    this.#capacity = capacity;
    for (const slot of this.alive.slice(capacity)) slot.die();
    this.serve();
  }

  /** Gives slots to those who wait, as far as there are any. */
  serve(): void {
    for (const { serve } of this.#waiting) serve();
  }

  override async open(request: SlotsRequest): Promise<readonly OpenedSlot[]> {
    const { count, abandoned } = request;
    if (this.failures > 0) return super.open(request);
    await new Promise<void>((resolve, reject) => {
      const entry = {
        count,
        serve: () => {
          if (this.taken.length + this.#reserved + count > this.#capacity) return;
          this.#waiting.delete(entry);
          this.#reserved += count;
          resolve();
        },
      };
      this.#waiting.add(entry);
      abandoned?.addEventListener("abort", () => {
        this.#waiting.delete(entry);
        reject(new MillraceError("NO_SLOTS", "nobody waits for them any more"));
      });
      entry.serve();
    });
    try {
      return await super.open(request);
    } finally {
      this.#reserved -= count;
    }
  }
}
