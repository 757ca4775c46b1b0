import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { JobDetails, Requirements } from "../../protocol/rest/jobs.ts";
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
  if (wanted === undefined) {
    await rest.json({
      method: "PATCH",
      path: `${path}/rescaling`,
      query: { parallelism: parallelism as number },
      signal,
    });
  } else {
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
      signal,
    });
  }
  const asked = rest.clock.monotonic();
  const reached = ({ vertices }: JobDetails): boolean =>
    vertices.every(
      (vertex) =>
        vertex.parallelism ===
        (wanted === undefined
          ? Math.min(parallelism as number, vertex.maxParallelism)
          : (wanted[vertex.id] ?? vertex.parallelism)),
    );
  const after = await poll(
    rest.clock,
    async () => {
      const [newest] = await rest.json<RescaleHistory>({
        method: "GET",
        path: `${path}/rescales/history`,
        signal,
      });
      const now = await job.details();
      if (hasEnded(now.state)) throw new MillraceError("CONFLICT", `job ${now.jid} is ${now.state}`);
      const ours = newest !== undefined && newest.startTimestampInMillis >= before.now ? newest : undefined;
      if (ours?.terminalState === "FAILED") throw failed(ours);
      if (ours?.terminalState === "COMPLETED" && now.state === "RUNNING") return now;
      if (ours !== undefined) return undefined;
      if (reached(now) && now.state === "RUNNING") return now;
      return rest.clock.monotonic() - asked > TO_BEGIN && now.waiting === null ? now : undefined;
    },
    { signal },
  );
  return {
    vertices: after.vertices.map(({ id, name, parallelism: to }) => ({
      id,
      name,
      from: before.vertices.find((vertex) => vertex.id === id)?.parallelism ?? to,
      to,
    })),
  };
}

function failed({ schedulerStates }: RescaleHistory[number]): MillraceError {
  const why = schedulerStates.find((state) => state.stringifiedException !== null)?.stringifiedException;
  return new MillraceError("CONFLICT", `the job was not rescaled: ${why ?? "the cluster doesn't say why"}`, {
    help: "It goes on as it was.",
  });
}
