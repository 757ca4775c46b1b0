import { join } from "node:path";
import type { FileSystem } from "../../../../runtime/checkpoint/storage/file-system.ts";
import { ArtifactStore } from "./artifact-store.ts";
import { EpochFolder } from "./epoch-folder.ts";
import { createJobStore, type JobStore } from "./job-store.ts";
import { forgetfulTaskManagers, knownTaskManagers, type KnownTaskManagers } from "./known-task-managers.ts";
import type { Leader } from "./leader-file.ts";
import { Leadership } from "./leadership.ts";
import { createOperationStore, type OperationStore } from "./operation-store.ts";
import { forgetfulStore } from "./record-store.ts";
import { createResultStore, type ResultStore } from "./result-store.ts";

/** What a JobManager keeps on disk, taken over from the one before where there was one. */
export interface ClusterStore {
  readonly leadership: Leadership;
  readonly jobs: JobStore;
  readonly results: ResultStore;
  readonly operations: OperationStore;
  readonly artifacts: ArtifactStore;
  readonly taskManagers: KnownTaskManagers;
  /** For checkpoints of jobs that name no folder themselves; undefined: the next leader would not look for them. */
  readonly checkpoints: string | undefined;
}

/** Where and how. */
export interface StoreOptions {
  readonly fileSystem: FileSystem;
  /** Of the cluster alone. */
  readonly folder: string;
  /** Whether jobs are recorded: high availability. */
  readonly durable: boolean;
  readonly leader: Leader;
  readonly engineVersion: string;
  readonly randomBytes: (count: number) => Uint8Array;
}

/**
 * Takes the lead in a folder, and over what the last leader left in it.
 *
 * @throws CHECKPOINT_STORAGE_FAILED; FENCED where another took the lead meanwhile
 */
export async function openClusterStore(options: StoreOptions): Promise<ClusterStore> {
  const { fileSystem, folder, durable, leader, engineVersion, randomBytes } = options;
  const leadership = await Leadership.take(fileSystem, folder, leader);
  const inside = (name: string): EpochFolder =>
    new EpochFolder(join(folder, name), { fileSystem, leadership, randomBytes });
  const folders = [
    inside("jobs"),
    inside("artifacts"),
    inside("task-managers"),
    inside("results"),
    inside("operations"),
  ] as const;
  for (const each of folders) await each.adopt();
  await leadership.markAdopted();
  for (const each of folders) await each.removeFormer();
  const [jobs, artifacts, taskManagers, results, operations] = folders;
  return {
    leadership,
    jobs: durable ? createJobStore(jobs) : forgetfulStore,
    results: durable ? createResultStore(results, engineVersion) : forgetfulStore,
    operations: durable ? createOperationStore(operations) : forgetfulStore,
    artifacts: new ArtifactStore(artifacts, engineVersion),
    taskManagers: durable ? knownTaskManagers(taskManagers) : forgetfulTaskManagers,
    checkpoints: durable ? join(folder, "checkpoints") : undefined,
  };
}
