import type { JobId } from "../../../../common/ids/ids.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { JobView, SubtaskView, VertexView } from "../../../../protocol/cluster/job-view.ts";
import type { DispatcherGateway } from "../../dispatcher/dispatcher-gateway.ts";

/** Jobs as requests look at them. A dashboard asks for many parts of a job at once: its JobMaster is asked once for all of them. */
export interface JobViews {
  /** @throws NOT_FOUND */
  job(id: string): Promise<JobView>;
  /** @throws NOT_FOUND */
  vertex(id: string, vertex: string): Promise<VertexView>;
  /** @throws NOT_FOUND */
  subtask(id: string, vertex: string, subtask: number): Promise<SubtaskView>;
  /** Those that can be described now, of all that have not ended, or of these. */
  described(ids?: readonly string[]): Promise<readonly JobView[]>;
}

/** Asks the gateway; calls while an answer is under way share it. */
export function jobViews(gateway: DispatcherGateway): JobViews {
  const underway = new Map<string, Promise<JobView>>();

  const job = (id: string): Promise<JobView> => {
    const known = underway.get(id);
    if (known !== undefined) return known;
    const asked = gateway.job(id as JobId).finally(() => underway.delete(id));
    underway.set(id, asked);
    return asked;
  };

  const vertex = async (id: string, vertexId: string): Promise<VertexView> => {
    const { name, vertices } = await job(id);
    const found = vertices.find((each) => each.id === vertexId);
    if (found === undefined) {
      throw new MillraceError("NOT_FOUND", `job ${id} (${name}) has no vertex ${vertexId}`);
    }
    return found;
  };

  return {
    job,
    vertex,
    async subtask(id, vertexId, subtask) {
      const found = await vertex(id, vertexId);
      const view = found.subtasks.find((each) => each.subtask === subtask);
      if (view !== undefined) return view;
      throw new MillraceError(
        "NOT_FOUND",
        `vertex ${vertexId} (${found.name}) has subtasks 0 to ${found.subtasks.length - 1}, and no ${subtask}`,
      );
    },
    async described(ids) {
      const wanted =
        ids ??
        (await gateway.jobs()).filter(({ endedAt }) => endedAt === undefined).map(({ jobId }) => jobId);
      const answers = await Promise.allSettled(wanted.map((id) => job(id)));
      return answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
    },
  };
}
