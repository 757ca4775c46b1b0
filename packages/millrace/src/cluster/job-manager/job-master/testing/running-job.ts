import type { CheckpointStore } from "../../../../runtime/checkpoint/storage/checkpoint-store.ts";
import { scriptedJob } from "./scripted-job.ts";
import type { ScriptedJob, ScriptedJobOptions } from "./scripted-job.ts";
import type { ScriptedSlot } from "./scripted-slots.ts";

/** Restarts once, after half a second. */
export const FIXED = {
  "restart-strategy.type": "fixed-delay",
  "restart-strategy.fixed-delay.attempts": 1,
  "restart-strategy.fixed-delay.delay": 500,
} as const;

/** That, and a checkpoint each second. */
export const CHECKPOINTS = { "execution.checkpointing.interval": 1000, ...FIXED } as const;

/** A job all of whose tasks run. */
export async function running(
  options: ScriptedJobOptions = {},
): Promise<ScriptedJob & { one: ScriptedSlot; other: ScriptedSlot }> {
  const job = await scriptedJob(options);
  for (const slot of job.slots.opened.flat()) slot.run();
  const [one, other] = job.slots.opened.flat() as [ScriptedSlot, ScriptedSlot];
  return Object.defineProperties(
    Object.create(job) as typeof job & { one: ScriptedSlot; other: ScriptedSlot },
    {
      one: { value: one },
      other: { value: other },
    },
  );
}

/** The store's methods as fields, to be overridden one by one. */
export function storeOf(store: CheckpointStore): CheckpointStore {
  return {
    location: store.location,
    get epoch() {
      return store.epoch;
    },
    open: (id) => store.open(id),
    checkOwner: () => store.checkOwner(),
    completed: () => store.completed(),
    newest: () => store.newest(),
    prepareSavepoint: (target) => store.prepareSavepoint(target),
    record: (metadata, location) => store.record(metadata, location),
    claim: (checkpoint) => store.claim(checkpoint),
    discard: (checkpoint) => store.discard(checkpoint),
    discardUnrecorded: (metadata) => store.discardUnrecorded(metadata),
    removeOrphans: () => store.removeOrphans(),
    close: () => store.close(),
  };
}
