import type { ClusterClient, ListedJob } from "../../client/cluster-client.ts";
import { hasEnded } from "../../client/job/job-results.ts";
import type { SubmittedJob } from "../../client/job/submitted-job.ts";
import { didYouMean } from "../../common/errors/did-you-mean.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";

/**
 * The job that a command line names: by its id, by the beginning of it, or by its name: of several of that name it is the
 * one that has not ended, else the last that was started.
 *
 * @throws NOT_FOUND; INVALID_ARGUMENT where several are meant
 */
export async function findJob(cluster: ClusterClient, named: string): Promise<SubmittedJob> {
  if (/^[0-9a-f]{32}$/u.test(named)) return cluster.job(named);
  return cluster.job(pickJob(await cluster.jobs(), named).jid);
}

/** The one of these jobs that is meant. @throws as `findJob` */
export function pickJob(jobs: readonly ListedJob[], named: string): ListedJob {
  const called = jobs.filter(({ name }) => name === named);
  const alive = called.filter(({ state }) => !hasEnded(state));
  const begins = /^[0-9a-f]{4,}$/u.test(named) ? jobs.filter(({ jid }) => jid.startsWith(named)) : [];
  const newest = called.toSorted((a, b) => b["start-time"] - a["start-time"]).slice(0, 1);
  const meant = alive.length > 0 ? alive : newest.length > 0 ? newest : begins;
  const [first] = meant;
  if (first === undefined) {
    const names = [...new Set(jobs.map(({ name }) => name))];
    throw new MillraceError("NOT_FOUND", `the cluster has no job ${named}; ${didYouMean(named, names)}`, {
      help: "millrace list -a shows all jobs.",
    });
  }
  if (meant.length === 1) return first;
  throw new MillraceError(
    "INVALID_ARGUMENT",
    `${named} may be any of ${meant.length} jobs: ${meant.map(({ jid, state }) => `${jid} (${state})`).join(", ")}`,
    {
      help:
        begins.length > 0 && called.length === 0
          ? "Give more of its id."
          : "Name it by its id, or the beginning of it.",
    },
  );
}
