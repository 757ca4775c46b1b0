import { createHash } from "node:crypto";
import type { JobPlan } from "../../../artifact/job-plan.ts";
import type { JobView } from "../../../../protocol/cluster/job-view.ts";
import type { Plan } from "../../../../protocol/rest/plan.ts";

interface PlanSource {
  readonly id: string;
  readonly name: string;
  readonly parallelism: number;
}

interface PlanLink {
  readonly source: string;
  readonly target: string;
  readonly shipStrategy: string;
}

/** A running job's plan. */
export const jobPlan = ({ jobId, name, vertices, edges }: JobView): Plan =>
  planOf(jobId, name, vertices, edges);

/** The plan of a job that does not run yet. */
export const artifactPlan = ({ job, vertices, edges }: JobPlan): Plan =>
  planOf(
    NO_JOB,
    job,
    vertices,
    edges.map(({ from, to, partitioner }) => ({
      source: from,
      target: to,
      shipStrategy: partitioner.toUpperCase(),
    })),
  );

/** The id of a job that has none yet. */
const NO_JOB = "0".repeat(32);

function planOf(
  jid: string,
  name: string,
  vertices: readonly PlanSource[],
  edges: readonly PlanLink[],
): Plan {
  return {
    jid,
    name,
    type: "STREAMING",
    nodes: vertices.map(({ id, name: task, parallelism }) => {
      const inputs = edges
        .filter(({ target }) => target === id)
        .map(({ source, shipStrategy }, num) => ({
          num,
          id: source,
          ship_strategy: shipStrategy,
          exchange: "pipelined_bounded",
        }));
      return {
        id,
        parallelism,
        operator: "",
        operator_strategy: "",
        description: html(task),
        ...(inputs.length === 0 ? {} : { inputs }),
        optimizer_properties: {},
      };
    }),
  };
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Dashboards show descriptions as HTML. */
const html = (text: string): string => `${text.replace(/[&<>"']/gu, (char) => ENTITIES[char] ?? char)}<br/>`;

/** Groups have names with us; Flink's have ids. */
export const slotSharingGroupId = (name: string): string =>
  createHash("sha256").update(name).digest("hex").slice(0, 32);
