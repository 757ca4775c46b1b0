import { resolve } from "node:path";
import type { JobDetails } from "../../protocol/rest/jobs.ts";
import type { RescaleOutcome } from "../../client/job/rescale-job.ts";
import type { SubmittedJob } from "../../client/job/submitted-job.ts";
import { didYouMean } from "../../common/errors/did-you-mean.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { unreachable } from "../../common/errors/unreachable.ts";
import type {
  PlainJobRequest,
  RescaleRequest,
  SavepointTriggerRequest,
  StopRequest,
} from "../command-line/cluster-requests.ts";
import type { CommandContext } from "../commands/command-context.ts";
import { ExitCode } from "../exit-code.ts";
import { oneLine } from "../format/text-width.ts";
import { clusterOf } from "./cluster-access.ts";
import { findJob } from "./find-job.ts";
import { printAnswer } from "./print-answer.ts";

type ChangeRequest = PlainJobRequest | StopRequest | SavepointTriggerRequest | RescaleRequest;

/** Changes a job of a cluster, waits until that is done, and prints what came of it. */
export async function changeJob(request: ChangeRequest, { cwd, reporter }: CommandContext): Promise<number> {
  const { access, json } = request;
  const job = await findJob(await clusterOf(access, cwd), request.job);
  const { id } = job;
  const folder = (path: string | undefined): string | undefined => {
    // A variable of a script that is not set: the current folder is not meant.
    if (path === "") throw new MillraceError("INVALID_ARGUMENT", "the folder for the savepoint is empty");
    return path === undefined || path.includes("://") ? path : resolve(cwd, path);
  };
  switch (request.command) {
    case "cancel": {
      await job.cancel();
      const { state, name } = await job.waitForEnd();
      printAnswer(json, { job: id, state }, () => [`${oneLine(name)} ${state}`]);
      return state === "CANCELED" ? ExitCode.OK : ExitCode.FAILED;
    }
    case "checkpoint": {
      const checkpoint = await job.checkpoint();
      printAnswer(json, { job: id, checkpoint }, () => [`checkpoint ${checkpoint} completed`]);
      return ExitCode.OK;
    }
    case "savepointTrigger": {
      const path = await job.savepoint(folder(request.directory));
      printAnswer(json, { job: id, path }, () => [path]);
      return ExitCode.OK;
    }
    case "stop": {
      const directory = folder(request.directory);
      const path = await job.stop({
        drain: request.drain,
        ...(directory === undefined ? {} : { directory }),
      });
      const { state } = await job.waitForEnd();
      if (!json) reporter.note(`the job is ${state}; it goes on from here with millrace run -s`);
      printAnswer(json, { job: id, state, path }, () => [path]);
      return ExitCode.OK;
    }
    case "rescale": {
      const outcome = await job.rescale(await parallelismOf(request, job));
      printAnswer(json, { job: id, ...outcome }, () => rescaleLines(outcome));
      if (outcome.unmet === undefined) return ExitCode.OK;
      if (!json) reporter.note(outcome.unmet);
      return ExitCode.FAILED;
    }
    case "status":
      throw new MillraceError("INTERNAL", "status changes nothing");
    default:
      return unreachable(request, "change of a job");
  }
}

function rescaleLines({ vertices }: RescaleOutcome): readonly string[] {
  return vertices.map(
    ({ name, from, to }) => `${oneLine(name)}: ${from === to ? `${to}, as before` : `${from} -> ${to}`}`,
  );
}

async function parallelismOf(
  { parallelism, vertices }: RescaleRequest,
  job: SubmittedJob,
): Promise<number | Readonly<Record<string, number>>> {
  if (parallelism !== undefined) return parallelism;
  const details = await job.details();
  return Object.fromEntries(vertices.map((text) => vertexSetting(text, details)));
}

/** `<vertex>=<n>` as the id of the vertex and the number. @throws INVALID_ARGUMENT */
export function vertexSetting(
  text: string,
  { vertices }: Pick<JobDetails, "vertices">,
): readonly [string, number] {
  const at = text.lastIndexOf("=");
  const named = text.slice(0, at);
  const value = Number(text.slice(at + 1));
  if (at <= 0 || !Number.isInteger(value) || value < 1) {
    throw new MillraceError("INVALID_ARGUMENT", `--vertex takes <vertex>=<n>, got ${text}`);
  }
  const meant = vertices.filter(({ id, name }) => id.startsWith(named) || name === named);
  const [vertex] = meant.length === 0 ? vertices.filter(({ name }) => name.includes(named)) : meant;
  if (vertex !== undefined && meant.length <= 1) return [vertex.id, value];
  throw new MillraceError(
    "INVALID_ARGUMENT",
    `--vertex ${named} names ${meant.length === 0 ? "no vertex" : "several vertices"} of the job; ${didYouMean(
      named,
      vertices.map(({ name }) => name),
    )}`,
  );
}
