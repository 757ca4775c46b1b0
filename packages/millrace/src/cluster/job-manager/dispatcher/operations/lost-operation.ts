import { join } from "node:path";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { JobView } from "../../../../protocol/cluster/job-view.ts";
import type { CheckpointMetadata } from "../../../../runtime/checkpoint/format/checkpoint-metadata.ts";
import type { FileSystem } from "../../../../runtime/checkpoint/storage/file-system.ts";
import { absoluteFolder, namesIn } from "../../../../runtime/checkpoint/storage/folders.ts";
import { loadCheckpoint } from "../../../../runtime/checkpoint/storage/load-checkpoint.ts";
import type { OperationResult } from "./operations.ts";
import type { StoredOperation } from "./stored-operation.ts";

/** How the job of an operation stands with the JobManager that has taken over. */
export type JobAfterwards =
  /** It goes on from its last checkpoint. */
  | { readonly kind: "goes on" }
  /** It has ended. @param savepoint that it was stopped with, as far as that is known */
  | { readonly kind: "ended"; readonly view: JobView; readonly savepoint: string | undefined }
  | { readonly kind: "unknown" };

/**
 * What has become of a savepoint, a stop or a checkpoint whose JobManager died before it was told: what its job's record and the savepoint's folder
 * say.
 *
 * @returns its result, where all that it was to do is done
 * @throws what is told to who asked for it: the failure of the job that it was to stop; else OPERATION_LOST, with what is there
 */
export async function lostOperation(
  operation: StoredOperation,
  job: JobAfterwards,
  fileSystem: FileSystem,
): Promise<OperationResult> {
  const { kind, subject } = operation;
  const lost = `the JobManager died during the ${kind} of job ${subject}`;
  if (kind === "checkpoint") {
    throw operationLost(`${lost}: whether it was completed is not known`, {
      help: "millrace status shows the job's last checkpoint. Take another one.",
    });
  }
  const savepoint = (job.kind === "ended" ? job.savepoint : undefined) ?? (await find(operation, fileSystem));
  if (kind === "savepoint" && savepoint !== undefined) return { location: savepoint };
  if (kind !== "savepoint" && job.kind === "ended") {
    const { status, exceptions } = job.view;
    const cause = exceptions[0];
    if (status === "FAILED" && cause !== undefined) {
      throw new MillraceError(
        "JOB_FAILED",
        cause.message,
        cause.help === undefined ? {} : { help: cause.help },
      );
    }
    if (savepoint !== undefined && status !== "FAILED") return { location: savepoint };
  }
  const what = afterwards(job);
  if (savepoint === undefined) {
    const stopped = kind === "savepoint" ? "" : "was not stopped by it, and ";
    throw operationLost(
      `${lost}: no savepoint was completed. The job ${job.kind === "goes on" ? stopped : ""}${what}`,
      {
        help:
          job.kind === "goes on"
            ? "Ask for it again."
            : "Where the job left checkpoints or savepoints, it can be started from the newest.",
      },
    );
  }
  throw operationLost(`${lost}: its savepoint, ${savepoint}, was completed, but the job ${what}`, {
    help:
      job.kind === "goes on"
        ? "Stop it again, and start from the new savepoint: what the job writes from now on is not in this one."
        : "Look at the job's output before it is started from there.",
    details: { savepoint },
  });
}

function afterwards(job: JobAfterwards): string {
  switch (job.kind) {
    case "goes on":
      return "goes on from its last checkpoint";
    case "ended":
      return `is ${job.view.status}`;
    case "unknown":
      return "is no longer known";
  }
}

const operationLost = (
  message: string,
  more: { readonly help: string; readonly details?: Readonly<Record<string, unknown>> },
): MillraceError => new MillraceError("OPERATION_LOST", message, more);

/** The savepoint that the operation has made, as its folder tells; undefined: none that was completed is found. */
async function find(operation: StoredOperation, fileSystem: FileSystem): Promise<string | undefined> {
  const { subject, path } = operation;
  if (path === undefined) return undefined;
  const folder = absoluteFolder(path);
  const found: { readonly path: string; readonly metadata: CheckpointMetadata }[] = [];
  try {
    for (const name of await namesIn(fileSystem, folder)) {
      if (!name.startsWith(`savepoint-${subject.slice(0, 6)}-`)) continue;
      const place = join(folder, name);
      // One that was not completed has no metadata.
      const loaded = await loadCheckpoint(place, fileSystem).catch(() => undefined);
      if (loaded !== undefined && isOf(operation, loaded.metadata))
        found.push({ path: place, metadata: loaded.metadata });
    }
  } catch {
    // A folder that can't be read holds nothing that could be started from, either.
  }
  found.sort((a, b) => a.metadata.triggeredAt - b.metadata.triggeredAt);
  return found[0]?.path;
}

function isOf({ subject, kind, drain, at }: StoredOperation, metadata: CheckpointMetadata): boolean {
  const stop = kind === "savepoint" ? "no" : drain === true ? "drain" : "stop";
  return (
    metadata.kind === "savepoint" &&
    metadata.jobId === subject &&
    metadata.stop === stop &&
    metadata.triggeredAt >= at
  );
}

/** The savepoint that a job was stopped with, as its view tells. */
export function stoppedWith({ status, checkpoints }: JobView): string | undefined {
  if (status === "FAILED") return undefined;
  const [stop] = checkpoints.history.filter(
    (each) => each.kind === "sync savepoint" && each.status === "COMPLETED",
  );
  return stop?.path;
}
