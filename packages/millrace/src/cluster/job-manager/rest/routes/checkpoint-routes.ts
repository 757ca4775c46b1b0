import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { CheckpointView } from "../../../../protocol/cluster/job-view.ts";
import {
  CheckpointConfig,
  CheckpointInfo,
  CheckpointStats,
  CheckpointSubtasks,
} from "../../../../protocol/rest/checkpoints.ts";
import { checkpointInfo, checkpointStats, checkpointSubtasks } from "../answers/checkpoint-answers.ts";
import { checkpointConfig } from "../answers/checkpoint-config.ts";
import type { Routes } from "../server/rest-app.ts";
import { CheckpointPath, CheckpointVertexPath, JobPath, NoQuery } from "./parameters.ts";

const tags = ["checkpoints"];

/** What is known of a job's checkpoints. */
export const checkpointRoutes: Routes = (app, { views }) => {
  const base = { tags, querystring: NoQuery };

  const checkpoint = async (jobid: string, id: number): Promise<CheckpointView> => {
    const { history } = (await views.job(jobid)).checkpoints;
    const found = history.find((each) => each.id === id);
    if (found !== undefined) return found;
    const known = history.length === 0 ? "none" : `${history.at(-1)?.id} to ${history[0]?.id}`;
    throw new MillraceError("NOT_FOUND", `job ${jobid} remembers no checkpoint ${id}; it remembers ${known}`);
  };

  app.get(
    "/jobs/:jobid/checkpoints",
    {
      schema: {
        ...base,
        summary: "A job's checkpoints and savepoints",
        params: JobPath,
        response: { 200: CheckpointStats },
      },
    },
    async ({ params }) => checkpointStats(await views.job(params.jobid)),
  );

  app.get(
    "/jobs/:jobid/checkpoints/config",
    {
      schema: {
        ...base,
        summary: "How a job takes checkpoints",
        params: JobPath,
        response: { 200: CheckpointConfig },
      },
    },
    async ({ params }) => checkpointConfig(await views.job(params.jobid)),
  );

  app.get(
    "/jobs/:jobid/checkpoints/details/:checkpointid",
    {
      schema: { ...base, summary: "A checkpoint", params: CheckpointPath, response: { 200: CheckpointInfo } },
    },
    async ({ params }) => checkpointInfo(await checkpoint(params.jobid, params.checkpointid), true),
  );

  app.get(
    "/jobs/:jobid/checkpoints/details/:checkpointid/subtasks/:vertexid",
    {
      schema: {
        ...base,
        summary: "A vertex's share of a checkpoint",
        params: CheckpointVertexPath,
        response: { 200: CheckpointSubtasks },
      },
    },
    async ({ params }) => {
      const found = await checkpoint(params.jobid, params.checkpointid);
      const task = found.tasks.find(({ vertex }) => vertex === params.vertexid);
      if (task !== undefined) return checkpointSubtasks(found, task);
      throw new MillraceError("NOT_FOUND", `checkpoint ${found.id} has no vertex ${params.vertexid}`);
    },
  );
};
