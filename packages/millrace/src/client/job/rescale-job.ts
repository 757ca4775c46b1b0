import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { JobDetails, Requirements } from "../../protocol/rest/jobs.ts";
import type { OperationStatus, TriggerResponse } from "../../protocol/rest/operations.ts";
import type { RescaleHistory } from "../../protocol/rest/rescales.ts";
import type { RestConnection } from "../http/rest-connection.ts";
import { poll } from "../poll.ts";
import { hasEnded } from "./job-results.ts";

/** What a change of parallelism has changed, by vertex. */
export interface RescaleOutcome {
  readonly vertices: readonly {
    readonly id: string;
    readonly name: string;
    readonly from: number;
    readonly to: number;
  }[];
  /** Why not every vertex has the parallelism that was asked for: there are too few slots. undefined: each has, or has its highest. */
  readonly unmet: string | undefined;
}

/** How long a change may take to begin before it is taken as none, ms: slots or a checkpoint are waited for. */
const TO_BEGIN = 15_000;

/** What is asked of the job itself. */
interface Asked {
  details(): Promise<JobDetails>;
}

/** Changes a job's parallelism and waits for it. */
export async function rescaleJob(
  rest: RestConnection,
  job: Asked,
  path: string,
  parallelism: number | Readonly<Record<string, number>>,
  options: { readonly signal?: AbortSignal },
): Promise<RescaleOutcome> {
  const { signal } = options;
  const before = await job.details();
  const wanted = typeof parallelism === "number" ? undefined : parallelism;
  // Who asks for the same once more changes nothing more.
  const again = { repeatable: true, patient: true, signal } as const;
  let operation: string | undefined;
  const ask = async (): Promise<void> => {
    const { "request-id": id } = await rest.json<TriggerResponse>({
      method: "PATCH",
      path: `${path}/rescaling`,
      query: { parallelism: parallelism as number },
      ...again,
    });
    operation = `${path}/rescaling/${id}`;
  };
  if (wanted === undefined) await ask();
  else {
    const current = await rest.json<Requirements>({
      method: "GET",
      path: `${path}/resource-requirements`,
      signal,
    });
    const changed = Object.fromEntries(
      Object.entries(wanted).map(([vertex, upper]) => [
        vertex,
        { parallelism: { lowerBound: 1, upperBound: upper } },
      ]),
    );
    await rest.json({
      method: "PUT",
      path: `${path}/resource-requirements`,
      json: { ...current, ...changed },
      ...again,
    });
  }
  const asked = rest.clock.monotonic();
  const reached = ({ vertices }: JobDetails): boolean =>
    wanted !== undefined && vertices.every(({ id, parallelism: runs }) => runs === (wanted[id] ?? runs));
  const over = async (): Promise<boolean> => {
    if (operation === undefined) return false;
    try {
      const { status } = await rest.json<OperationStatus>({ method: "GET", path: operation, signal });
      return status.id === "COMPLETED";
    } catch (error) {
      if (!MillraceError.is(error, "NOT_FOUND")) throw error;
      // The JobManager was replaced: the next one may not have heard of it.
      await job.details();
      await ask();
      return false;
    }
  };
  const { after, unmet } = await poll(
    rest.clock,
    async () => {
      const completed = await over();
      const [newest] = await rest.json<RescaleHistory>({
        method: "GET",
        path: `${path}/rescales/history`,
        signal,
      });
      const now = await job.details();
      if (hasEnded(now.state)) throw new MillraceError("CONFLICT", `job ${now.jid} is ${now.state}`);
      const ours = newest !== undefined && newest.startTimestampInMillis >= before.now ? newest : undefined;
      if (ours?.terminalState === "FAILED") throw failed(ours);
      const outcome = { after: now, unmet: ours?.unmet ?? undefined };
      if (now.state !== "RUNNING") return undefined;
      if (completed || ours?.terminalState === "COMPLETED") return outcome;
      if (ours !== undefined) return undefined;
      if (reached(now)) return outcome;
      return rest.clock.monotonic() - asked > TO_BEGIN && now.waiting === null ? outcome : undefined;
    },
    { signal, patience: rest.patience },
  );
  return {
    vertices: after.vertices.map(({ id, name, parallelism: to }) => ({
      id,
      name,
      from: before.vertices.find((vertex) => vertex.id === id)?.parallelism ?? to,
      to,
    })),
    unmet,
  };
}

function failed({ schedulerStates }: RescaleHistory[number]): MillraceError {
  const why = schedulerStates.find((state) => state.stringifiedException !== null)?.stringifiedException;
  return new MillraceError("CONFLICT", `the job was not rescaled: ${why ?? "the cluster doesn't say why"}`, {
    help: "It goes on as it was.",
  });
}
