import type { SlotConnection } from "../../../../protocol/control/control-transport.ts";
import type { UnitRings } from "./plan-unit-rings.ts";

/**
 * Where a JobMaster gets its slots: threads of this process, the caller's thread, TaskManagers. A slot serves one attempt and is closed by
 * who opened it; a fresh one runs the next.
 */
export interface SlotProvider {
  /** So many slots will be wanted soon: what takes time may begin. */
  prepare(count: number): void;
  /**
   * That many slots, online, with lines between those that have rings. Several calls may be underway.
   *
   * @throws SLOT_LOST when one can't be had
   */
  open(count: number, rings: UnitRings | undefined): Promise<readonly SlotConnection[]>;
}
