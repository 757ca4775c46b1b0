import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { AttemptView } from "../../../../protocol/cluster/job-view.ts";
import {
  AttemptAccumulators,
  SubtaskAttempt,
  SubtasksAccumulators,
} from "../../../../protocol/rest/vertices.ts";
import { UNASSIGNED } from "../answers/times.ts";
import { subtaskAttempt } from "../answers/vertex-answers.ts";
import type { Routes } from "../server/rest-app.ts";
import { AttemptPath, NoQuery, SubtaskPath, VertexPath } from "./parameters.ts";

const tags = ["subtasks"];

/** Subtasks and their attempts. */
export const subtaskRoutes: Routes = (app, { settings, views }) => {
  const base = { tags, querystring: NoQuery };

  const attemptOf = async (params: {
    readonly jobid: string;
    readonly vertexid: string;
    readonly subtaskindex: number;
    readonly attempt: number;
  }): Promise<AttemptView> => {
    const { current, earlier } = await views.subtask(params.jobid, params.vertexid, params.subtaskindex);
    const found = [current, ...earlier].find(({ attempt }) => attempt === params.attempt);
    if (found !== undefined) return found;
    throw new MillraceError(
      "NOT_FOUND",
      `subtask ${params.subtaskindex} of vertex ${params.vertexid} remembers no attempt ${params.attempt}; the current one is ${current.attempt}`,
    );
  };

  app.get(
    "/jobs/:jobid/vertices/:vertexid/subtasks/accumulators",
    {
      schema: {
        ...base,
        summary: "Accumulators: always none",
        params: VertexPath,
        response: { 200: SubtasksAccumulators },
      },
    },
    async ({ params }) => {
      const { id, parallelism, subtasks } = await views.vertex(params.jobid, params.vertexid);
      return {
        id,
        parallelism,
        subtasks: subtasks.map(({ subtask, current }) => ({
          subtask,
          attempt: current.attempt,
          endpoint: current.endpoint ?? UNASSIGNED,
          "user-accumulators": [],
        })),
      };
    },
  );

  app.get(
    "/jobs/:jobid/vertices/:vertexid/subtasks/:subtaskindex",
    {
      schema: {
        ...base,
        summary: "A subtask's current attempt",
        params: SubtaskPath,
        response: { 200: SubtaskAttempt },
      },
    },
    async ({ params }) => {
      const { subtask, current } = await views.subtask(params.jobid, params.vertexid, params.subtaskindex);
      return subtaskAttempt(subtask, current, settings.clock.now());
    },
  );

  app.get(
    "/jobs/:jobid/vertices/:vertexid/subtasks/:subtaskindex/attempts/:attempt",
    {
      schema: {
        ...base,
        summary: "An attempt of a subtask",
        params: AttemptPath,
        response: { 200: SubtaskAttempt },
      },
    },
    async ({ params }) => subtaskAttempt(params.subtaskindex, await attemptOf(params), settings.clock.now()),
  );

  app.get(
    "/jobs/:jobid/vertices/:vertexid/subtasks/:subtaskindex/attempts/:attempt/accumulators",
    {
      schema: {
        ...base,
        summary: "Accumulators: always none",
        params: AttemptPath,
        response: { 200: AttemptAccumulators },
      },
    },
    async ({ params }) => {
      const { attempt } = await attemptOf(params);
      return { subtask: params.subtaskindex, attempt, id: params.vertexid, "user-accumulators": [] };
    },
  );
};
