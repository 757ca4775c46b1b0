import type { Transitions } from "../../../graph/execution/state-machine.ts";

/** What a TaskManager's slot is to the JobManager. */
export type SlotState =
  /** Nobody's. */
  | "FREE"
  /** Asked for: the TaskManager has not answered yet. */
  | "OPENING"
  /** Open. */
  | "TAKEN"
  /** Told to end, and not gone yet. */
  | "CLOSING";

/** Which may follow which: a slot that is asked for is never asked for again before the TaskManager has said that it is gone. */
export const SLOT_TRANSITIONS: Transitions<SlotState> = {
  FREE: ["OPENING"],
  OPENING: ["TAKEN", "FREE"],
  TAKEN: ["CLOSING", "FREE"],
  CLOSING: ["FREE"],
};
