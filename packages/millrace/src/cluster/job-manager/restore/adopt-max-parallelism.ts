import type { CheckpointMetadata } from "../../../runtime/checkpoint/format/checkpoint-metadata.ts";

/**
 * The key group counts that a job takes over from the checkpoint that it starts from, by operator uid: state keeps its key groups for
 * life (correctness rule 9). Plain data. They give way to what the program or the settings say themselves.
 */
export type AdoptedMaxParallelism = Readonly<Record<string, number>>;

/** What there is to be taken over. */
export const adoptableMaxParallelism = (metadata: CheckpointMetadata): AdoptedMaxParallelism =>
  Object.fromEntries(metadata.operators.map(({ uid, maxParallelism }) => [uid, maxParallelism]));
