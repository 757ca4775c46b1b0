import type { JobId, SlotId } from "../../../common/ids/ids.ts";
import type { StateMachine } from "../../../graph/execution/state-machine.ts";
import type { CrossingSlots } from "../../../protocol/cluster/crossing-slots.ts";
import type {
  ArtifactReference,
  TaskManagerDescription,
} from "../../../protocol/cluster/resource-messages.ts";
import type { Share } from "./share-slots.ts";
import type { SlotState } from "./slot-state.ts";

/** A slot of a TaskManager. */
export interface Slot {
  readonly slotId: SlotId;
  readonly machine: StateMachine<SlotState>;
  allocation: Allocation | undefined;
}

/** A slot in use, from when it is asked for until it is gone. Its number is used once. */
export interface Allocation {
  readonly id: number;
  readonly slot: Slot;
  readonly taskManager: RegisteredTaskManager;
  readonly grant: SlotGrant;
}

/** A TaskManager that has registered over a connection that stands. */
export interface RegisteredTaskManager {
  /** Number of its connection. */
  readonly connection: number;
  readonly description: TaskManagerDescription;
  readonly slots: readonly Slot[];
  /** Requests for slots that it has not answered, by their number. */
  readonly asked: Map<number, GrantPart>;
}

/** Slots that were found for a job's request. */
export interface SlotGrant {
  readonly job: WaitingJob;
  /** The job's number of it. */
  readonly request: number;
  readonly slots: CrossingSlots;
  /**
   * opening: TaskManagers are asked; given: the job has them; dropped: nobody wants them, and those that are open, or will be, are closed.
   */
  state: "opening" | "given" | "dropped";
  /** In the order of their numbers in the attempt. */
  allocations: readonly Allocation[];
  parts: readonly GrantPart[];
  /** When the last TaskManager must have answered, in monotonic ms. */
  readonly deadline: number;
}

/** The slots of a grant on one TaskManager, which are asked for together. */
export interface GrantPart {
  readonly grant: SlotGrant;
  readonly taskManager: RegisteredTaskManager;
  readonly allocations: readonly Allocation[];
  opened: boolean;
}

/** A request that has no slots yet. Times in monotonic ms. */
export interface WaitingRequest {
  readonly request: number;
  readonly slots: CrossingSlots;
  readonly since: number;
  readonly deadline: number;
}

/** A job that may ask for slots. */
export interface WaitingJob {
  readonly id: JobId;
  readonly artifact: ArtifactReference;
  /** By number, in the order in which they came. */
  readonly waiting: Map<number, WaitingRequest>;
  /** Grants that are opening or given, by the number of their request. */
  readonly grants: Map<number, SlotGrant>;
  /** The TaskManager that each of its slots ran on last, by the slot's number in the job. */
  readonly former: Map<number, string>;
  /** Until when its requests gather. */
  ripeAt: number;
  /** What it was told last that it could have. */
  told: number | undefined;
  /** What it says that it needs, and could use, in all; undefined: it says nothing, and could use any number. */
  wants: { readonly least: number; readonly most: number } | undefined;
  /** Whether it has said so since it was told last what it could have. */
  unanswered: boolean;
  /** Whether it was given slots before. */
  started: boolean;
  /** What it may count on besides the slots that it has. */
  share: Share;
}

/** Slots that a job waits for. */
export const demandOf = ({ waiting }: WaitingJob): number =>
  [...waiting.values()].reduce((sum, { slots }) => sum + slots.count, 0);
