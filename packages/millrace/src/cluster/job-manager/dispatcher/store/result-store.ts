import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { JobId } from "../../../../common/ids/ids.ts";
import type { JobStatus } from "../../../../graph/execution/job-status.ts";
import type { ExceptionView, JobView } from "../../../../protocol/cluster/job-view.ts";
import { decodeMessage, encodeMessage } from "../../../../protocol/cluster/slot-message-codec.ts";
import { boundedView, endAlone } from "./bounded-view.ts";
import type { EpochFolder } from "./epoch-folder.ts";
import { recordStore, type RecordStore } from "./record-store.ts";

/** How a job ended, as the next leader tells of it. Where there is one, its job is over, whatever else is recorded of it. */
export interface StoredResult {
  readonly view: JobView;
  /** `JobSubmission.request` */
  readonly request: string | undefined;
}

/** Results, the oldest end first. `recovered` throws CODEC_CORRUPT naming the file that is damaged. */
export type ResultStore = RecordStore<StoredResult, JobId>;

const FORMAT = 1;

/** What every version reads. */
interface ResultFile {
  readonly format: number;
  readonly job: JobId;
  readonly name: string;
  readonly status: JobStatus;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly request: string | null;
  readonly exceptions: readonly ExceptionView[];
  /** What wrote it; another reads only what stands above. */
  readonly engine: string;
  /** As much of the view as is kept, in base64. */
  readonly view: string;
}

/** Results in a folder: of each what matters for people and every version, and the view of the job as bytes. */
export function createResultStore(folder: EpochFolder, engineVersion: string): ResultStore {
  const store = recordStore<StoredResult, JobId>(folder, {
    idOf: ({ view }) => view.jobId,
    encode: (result) => encode(result, engineVersion),
    decode: (bytes, path) => decode(bytes, path, engineVersion),
  });
  return {
    ...store,
    recovered: () => store.recovered().toSorted((a, b) => (a.view.endedAt ?? 0) - (b.view.endedAt ?? 0)),
  };
}

function encode({ view, request }: StoredResult, engine: string): Uint8Array {
  const record: ResultFile = {
    format: FORMAT,
    job: view.jobId,
    name: view.name,
    status: view.status,
    startedAt: view.startedAt,
    endedAt: view.endedAt ?? null,
    request: request ?? null,
    exceptions: view.exceptions,
    engine,
    view: Buffer.from(encodeMessage({ type: "view", view: boundedView(view) })).toString("base64"),
  };
  return Buffer.from(`${JSON.stringify(record, null, 2)}\n`);
}

function decode(bytes: Uint8Array, path: string, engineVersion: string): StoredResult {
  let file: ResultFile;
  try {
    file = JSON.parse(Buffer.from(bytes).toString()) as ResultFile;
    if (file.format !== FORMAT) {
      throw new MillraceError("VERSION_MISMATCH", `expected format ${FORMAT}, got ${String(file.format)}`);
    }
  } catch (error) {
    throw new MillraceError(
      "CODEC_CORRUPT",
      `the result of a job can't be read: ${path}: ${(error as Error).message}`,
      {
        cause: error,
        help: "Restore the file, or move it away: then the JobManager starts without it, and a client that repeats the submission of that job runs it once more.",
      },
    );
  }
  return { view: viewOf(file, engineVersion), request: file.request ?? undefined };
}

function viewOf(file: ResultFile, engineVersion: string): JobView {
  const { job, name, status, startedAt, endedAt, exceptions } = file;
  if (file.engine === engineVersion) {
    try {
      return decodeMessage<{ type: "view"; view: JobView }>(Buffer.from(file.view, "base64")).view;
    } catch {
      // What matters stands beside it.
    }
  }
  return endAlone({ jobId: job, name, status, startedAt, endedAt: endedAt ?? undefined, exceptions });
}
