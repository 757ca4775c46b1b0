import type { JobId } from "../../../../common/ids/ids.ts";
import type { VertexView } from "../../../../protocol/cluster/job-view.ts";
import type { DispatcherGateway } from "../../dispatcher/dispatcher-gateway.ts";

/** How many subtasks are watched at a time: what is left of them looks the same. */
const MAX_SUBTASKS = 8;

/** Takes CPU profiles of a vertex's running subtasks, all at the same time. Requests for the same share one. */
export class VertexProfiles {
  readonly #gateway: DispatcherGateway;
  readonly #durationMs: number;
  readonly #underway = new Map<string, Promise<readonly unknown[]>>();

  constructor(gateway: DispatcherGateway, durationMs: number) {
    this.#gateway = gateway;
    this.#durationMs = durationMs;
  }

  /** @param subtask undefined: several of them. @throws what the gateway throws where none could be watched */
  take(jobId: string, vertex: VertexView, subtask: number | undefined): Promise<readonly unknown[]> {
    const key = `${jobId} ${vertex.id} ${subtask ?? "all"}`;
    const known = this.#underway.get(key);
    if (known !== undefined) return known;
    const taken = this.#take(jobId, vertex, subtask).finally(() => this.#underway.delete(key));
    this.#underway.set(key, taken);
    return taken;
  }

  async #take(jobId: string, vertex: VertexView, subtask: number | undefined): Promise<readonly unknown[]> {
    const running = vertex.subtasks
      .filter((each) => subtask === undefined || each.subtask === subtask)
      .filter(({ current }) => current.state === "RUNNING")
      .slice(0, MAX_SUBTASKS);
    const profiles = await Promise.allSettled(
      running.map((each) => this.#gateway.profile(jobId as JobId, vertex.id, each.subtask, this.#durationMs)),
    );
    const taken = profiles.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    const failed = profiles.find((each) => each.status === "rejected");
    if (taken.length === 0 && failed !== undefined) throw failed.reason;
    return taken;
  }
}
