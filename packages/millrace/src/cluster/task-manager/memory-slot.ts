import type { Clock } from "../../common/clock/clock.ts";
import type { MasterConnection, SlotConnection } from "../../protocol/control/control-transport.ts";
import type { FromSlot, ToSlot } from "../../protocol/control/messages.ts";
import type { BackendLoader } from "./load-state-backend.ts";
import type { ProgramLoader } from "./program.ts";
import { SlotHost } from "./slot-host.ts";

/** What a slot in the caller's thread is made of. */
export interface MemorySlotOptions {
  readonly clock: Clock;
  readonly loadProgram: ProgramLoader;
  readonly loadBackend: BackendLoader;
}

/**
 * A slot in the caller's thread, for inline mode. Messages are handed over as they are, but never within the call that sends them: as with
 * threads, the answer comes later.
 */
export class MemorySlot implements SlotConnection {
  onMessage: ((message: FromSlot) => void) | undefined;
  onClose: ((error: Error | undefined) => void) | undefined;
  readonly #host: SlotHost;
  readonly #master: MasterConnection;
  #underway = 0;
  #closed = false;

  constructor(options: MemorySlotOptions) {
    this.#master = {
      send: (message) => {
        this.#underway++;
        queueMicrotask(() => {
          this.#underway--;
          if (!this.#closed) this.onMessage?.(message);
        });
      },
      onMessage: undefined,
    };
    this.#host = new SlotHost({ ...options, connection: this.#master, openRings: undefined });
  }

  /** Whether none of its tasks has anything to do, and no message is underway. */
  get quiet(): boolean {
    return this.#underway === 0 && this.#host.quiet;
  }

  send(message: ToSlot): void {
    this.#underway++;
    queueMicrotask(() => {
      this.#underway--;
      if (!this.#closed) this.#master.onMessage?.(message);
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#host.close();
  }
}
