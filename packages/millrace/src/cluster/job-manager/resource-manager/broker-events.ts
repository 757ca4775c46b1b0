import type { JobId } from "../../../common/ids/ids.ts";
import type { CrossingSlots } from "../../../protocol/cluster/crossing-slots.ts";
import type { ToJobMaster } from "../../../protocol/cluster/job-master-messages.ts";
import type {
  ArtifactReference,
  TaskManagerDescription,
  ToTaskManager,
} from "../../../protocol/cluster/resource-messages.ts";
import type { ErrorEnvelope } from "../../../protocol/control/error-envelope.ts";

/** What happens to the slots of a cluster. `connection` numbers a TaskManager's connection. */
export type BrokerEvent =
  | { readonly kind: "registered"; readonly connection: number; readonly description: TaskManagerDescription }
  /** A registered TaskManager's connection is closed, or it is silent. */
  | { readonly kind: "lost"; readonly connection: number; readonly reason: string }
  | { readonly kind: "slotsOpened"; readonly connection: number; readonly request: number }
  | {
      readonly kind: "slotsRefused";
      readonly connection: number;
      readonly request: number;
      readonly error: ErrorEnvelope;
    }
  | {
      readonly kind: "slotGone";
      readonly connection: number;
      readonly allocation: number;
      readonly error: ErrorEnvelope | undefined;
    }
  /** Older jobs go first. One that was orphaned has its place among them, and what is kept for it, as before. */
  | { readonly kind: "jobAdded"; readonly job: JobId; readonly artifact: ArtifactReference }
  /** Who ran the job is gone: its slots are closed, and as many are kept for who goes on with it. */
  | { readonly kind: "jobOrphaned"; readonly job: JobId }
  | { readonly kind: "jobRemoved"; readonly job: JobId }
  | {
      readonly kind: "requested";
      readonly job: JobId;
      readonly request: number;
      readonly slots: CrossingSlots;
    }
  | { readonly kind: "forgotten"; readonly job: JobId; readonly request: number }
  | { readonly kind: "closed"; readonly job: JobId; readonly allocation: number }
  | { readonly kind: "prepare"; readonly job: JobId; readonly count: number }
  /** What a job needs, and could use. */
  | { readonly kind: "wanted"; readonly job: JobId; readonly least: number; readonly most: number }
  /** Time has passed. */
  | { readonly kind: "tick" };

/** What is to be done about it, in this order. */
export type BrokerAction =
  | { readonly kind: "toTaskManager"; readonly connection: number; readonly message: ToTaskManager }
  | { readonly kind: "toJob"; readonly job: JobId; readonly message: ToJobMaster }
  /** The connection is of no use any more; everything on it was given up. */
  | { readonly kind: "drop"; readonly connection: number; readonly reason: string }
  /** A TaskManager knows a newer leader, it says. */
  | { readonly kind: "fenced"; readonly by: string };
