import type { FileSystem } from "./file-system.ts";

/** A process of some machine. */
export interface OwnerProcess {
  readonly host: string;
  readonly pid: number;
  /** When it was started, ms since the epoch. */
  readonly startedAt: number;
}

/** For whom a process of a cluster runs a job: of two that run the same one, who leads later is right. */
export interface OwnerLeader {
  /** Of the JobManager's leadership. */
  readonly epoch: number;
  /** When the job was submitted, ms since the epoch: ids of jobs may be used again. */
  readonly submittedAt: number;
}

/** Who owns a folder of checkpoints: what stands in `owner-<epoch>`, as JSON. */
export interface FolderOwner extends OwnerProcess {
  readonly epoch: number;
  /** Nobody else's. */
  readonly token: string;
  /** The job that took the folder: the one that it is named for, or one that was started from a checkpoint in it. */
  readonly job: string;
  /** The jobs of those who owned it before, the last first; not for ever. */
  readonly earlier?: readonly string[];
  /** Absent outside of clusters. */
  readonly leader?: OwnerLeader;
}

/** Longer than any that was written. */
const MAX_BYTES = 4096;

/** What stands in a file that an owner made; undefined where it is gone, or not written yet: its name alone counts then. */
export function readOwner(fileSystem: FileSystem, path: string): FolderOwner | undefined {
  try {
    const file = fileSystem.open(path);
    try {
      const bytes = Buffer.alloc(Math.min(MAX_BYTES, file.length));
      const owner = JSON.parse(bytes.toString("utf8", 0, file.read(bytes, 0))) as unknown;
      return isOwner(owner) ? owner : undefined;
    } finally {
      file.close();
    }
  } catch {
    return undefined;
  }
}

/** "process 4711 on host, started 2026-01-02T03:04:05.678Z, for job 0f..". */
export function describeOwner(owner: FolderOwner | undefined): string {
  if (owner === undefined) return "another process";
  const { pid, host, startedAt, job } = owner;
  return `process ${pid} on ${host}, started ${new Date(startedAt).toISOString()}, for job ${job}`;
}

/** Whether the job that owns a folder runs for a later leader than this: then it goes on there, and nowhere else. */
export function isAhead(owner: FolderOwner, job: string, leader: OwnerLeader): boolean {
  const { leader: other } = owner;
  return (
    owner.job === job &&
    other !== undefined &&
    other.epoch > leader.epoch &&
    // The leaders of a cluster that was set up anew count from the beginning.
    other.submittedAt >= leader.submittedAt
  );
}

function isOwner(value: unknown): value is FolderOwner {
  if (typeof value !== "object" || value === null) return false;
  const { epoch, token, job, host, pid, startedAt, earlier, leader } = value as Partial<
    Record<keyof FolderOwner, unknown>
  >;
  return (
    typeof epoch === "number" &&
    typeof token === "string" &&
    typeof job === "string" &&
    typeof host === "string" &&
    typeof pid === "number" &&
    typeof startedAt === "number" &&
    (earlier === undefined ||
      (Array.isArray(earlier) && earlier.every((item) => typeof item === "string"))) &&
    (leader === undefined || isLeader(leader)) &&
    Math.abs(startedAt) < 8.64e15
  );
}

function isLeader(value: unknown): value is OwnerLeader {
  const { epoch, submittedAt } = (value ?? {}) as Partial<Record<keyof OwnerLeader, unknown>>;
  return typeof epoch === "number" && typeof submittedAt === "number";
}
