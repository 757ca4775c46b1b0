import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { JobId } from "../../../../common/ids/ids.ts";
import type {
  JobSubmission,
  LastCommit,
  ResourceRequirements,
  SettledJob,
} from "../../../../protocol/cluster/job-submission.ts";
import type { JobHistory } from "../../../../protocol/cluster/job-history.ts";
import type { JobView } from "../../../../protocol/cluster/job-view.ts";
import { decodeMessage, encodeMessage } from "../../../../protocol/cluster/slot-message-codec.ts";
import type { EpochFolder } from "./epoch-folder.ts";
import { recordStore, type RecordStore } from "./record-store.ts";

/** What the next leader must know of a job. */
export interface StoredJob {
  readonly submission: JobSubmission;
  readonly settled: SettledJob;
  readonly requirements: ResourceRequirements | undefined;
  /** A checkpoint of it was completed: it never starts from its beginning again. Absent: no. */
  readonly checkpointed?: boolean | undefined;
  /** Its sinks were let commit for the last time: it is never started again. */
  readonly committing?: LastCommit | undefined;
  /** It was cancelled: whoever goes on with it does so to end it. */
  readonly canceled?: boolean | undefined;
  /** It has come to this end for good: it is never started again. */
  readonly ended: "FINISHED" | "CANCELED" | "FAILED" | undefined;
  /** Whether its checkpoints are left as they are, although it ended: the thread of its JobMaster had died. Absent: no. */
  readonly kept?: boolean | undefined;
  /** What it has been through. Absent: nothing. */
  readonly history?: JobHistory | undefined;
  /** What is remembered of it then. Absent: nothing was told. */
  readonly end?: JobView | undefined;
}

/** Jobs, the oldest first. `recovered` throws CODEC_CORRUPT naming the file that is damaged. */
export type JobStore = RecordStore<StoredJob, JobId>;

const FORMAT = 1;

/** Jobs in a folder: of each a few words for people, and the job itself as bytes, because its arguments may be any values. */
export function createJobStore(folder: EpochFolder): JobStore {
  const store = recordStore<StoredJob, JobId>(folder, {
    idOf: ({ submission }) => submission.jobId,
    encode: encodeJob,
    decode: decodeJob,
  });
  return {
    ...store,
    recovered: () =>
      store.recovered().toSorted((a, b) => a.submission.submittedAt - b.submission.submittedAt),
  };
}

function encodeJob(job: StoredJob): Uint8Array {
  const { submission, settled, ended } = job;
  const record = {
    format: FORMAT,
    job: submission.jobId,
    name: settled.jobName,
    submitted: new Date(submission.submittedAt).toISOString(),
    ended: ended ?? null,
    data: Buffer.from(encodeMessage({ type: "job", job })).toString("base64"),
  };
  return Buffer.from(`${JSON.stringify(record, null, 2)}\n`);
}

function decodeJob(bytes: Uint8Array, path: string): StoredJob {
  try {
    const record = JSON.parse(Buffer.from(bytes).toString()) as { format: unknown; data: string };
    if (record.format !== FORMAT) {
      throw new MillraceError("VERSION_MISMATCH", `expected format ${FORMAT}, got ${String(record.format)}`);
    }
    return decodeMessage<{ type: "job"; job: StoredJob }>(Buffer.from(record.data, "base64")).job;
  } catch (error) {
    throw new MillraceError(
      "CODEC_CORRUPT",
      `the record of a job can't be read: ${path}: ${(error as Error).message}`,
      {
        cause: error,
        help: "Restore the file, or move it away: then the JobManager starts without that job, whose checkpoints stay where they are.",
      },
    );
  }
}
