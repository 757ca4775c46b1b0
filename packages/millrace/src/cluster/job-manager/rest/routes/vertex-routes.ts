import { Type } from "typebox";
import { Metrics } from "../../../../protocol/rest/metrics.ts";
import { words } from "../../../../protocol/rest/schema-parts.ts";
import {
  BackPressure,
  FlameGraph,
  SubtaskTimes,
  VertexAccumulators,
  VertexDetails,
  VertexTaskManagers,
} from "../../../../protocol/rest/vertices.ts";
import { backPressure } from "../answers/back-pressure.ts";
import { flameGraph } from "../answers/flame-graph.ts";
import { subtaskTimes, vertexDetails, vertexTaskManagers } from "../answers/vertex-answers.ts";
import { metricText } from "../metrics/metric-value.ts";
import { VertexProfiles } from "../server/profile-vertex.ts";
import type { Routes } from "../server/rest-app.ts";
import { requireEnabled } from "../server/switches.ts";
import { NoQuery, VertexPath } from "./parameters.ts";

const tags = ["vertices"];
const FlameGraphQuery = Type.Object(
  {
    type: Type.Optional(words(["FULL", "ON_CPU", "OFF_CPU"], "default: FULL")),
    subtaskindex: Type.Optional(Type.Integer({ minimum: 0, maximum: 32_767 })),
  },
  { additionalProperties: false },
);

/** The name of a task's watermark. */
const WATERMARK = "currentInputWatermark";

/** One vertex of a job: a chain of operators. */
export const vertexRoutes: Routes = (app, { gateway, settings, views }) => {
  const { clock } = settings;
  const profiles = new VertexProfiles(gateway, settings.flameGraphDuration);
  const base = { tags, params: VertexPath, querystring: NoQuery };

  app.get(
    "/jobs/:jobid/vertices/:vertexid",
    { schema: { ...base, summary: "A vertex with its subtasks", response: { 200: VertexDetails } } },
    async ({ params }) => vertexDetails(await views.vertex(params.jobid, params.vertexid), clock.now()),
  );

  app.get(
    "/jobs/:jobid/vertices/:vertexid/accumulators",
    { schema: { ...base, summary: "Accumulators: always none", response: { 200: VertexAccumulators } } },
    async ({ params }) => {
      const { id } = await views.vertex(params.jobid, params.vertexid);
      return { id, "user-accumulators": [] };
    },
  );

  app.get(
    "/jobs/:jobid/vertices/:vertexid/backpressure",
    { schema: { ...base, summary: "How much a vertex is held back", response: { 200: BackPressure } } },
    async ({ params }) => backPressure(await views.vertex(params.jobid, params.vertexid), clock.now()),
  );

  app.get(
    "/jobs/:jobid/vertices/:vertexid/flamegraph",
    {
      schema: {
        ...base,
        summary: "What a vertex spends its time with",
        description:
          "Its slots are watched for rest.flamegraph.duration before the answer comes; other tasks in these slots are seen, too.",
        querystring: FlameGraphQuery,
        response: { 200: FlameGraph },
      },
    },
    async ({ params, query }) => {
      requireEnabled(settings, "flameGraphs");
      if (query.subtaskindex !== undefined) {
        await views.subtask(params.jobid, params.vertexid, query.subtaskindex);
      }
      const vertex = await views.vertex(params.jobid, params.vertexid);
      const taken = await profiles.take(params.jobid, vertex, query.subtaskindex);
      return { endTimestamp: clock.now(), data: flameGraph(taken, query.type ?? "FULL") };
    },
  );

  app.get(
    "/jobs/:jobid/vertices/:vertexid/watermarks",
    { schema: { ...base, summary: "The watermarks of a vertex's subtasks", response: { 200: Metrics } } },
    async ({ params }) => {
      const { subtasks } = await views.vertex(params.jobid, params.vertexid);
      return subtasks.flatMap(({ subtask, current }) => {
        const value = current.metrics[WATERMARK];
        return value === undefined ? [] : [{ id: `${subtask}.${WATERMARK}`, value: metricText(value) }];
      });
    },
  );

  app.get(
    "/jobs/:jobid/vertices/:vertexid/subtasktimes",
    { schema: { ...base, summary: "When subtasks came into their states", response: { 200: SubtaskTimes } } },
    async ({ params }) => subtaskTimes(await views.vertex(params.jobid, params.vertexid), clock.now()),
  );

  app.get(
    "/jobs/:jobid/vertices/:vertexid/taskmanagers",
    {
      schema: {
        ...base,
        summary: "A vertex's subtasks by TaskManager",
        response: { 200: VertexTaskManagers },
      },
    },
    async ({ params }) => vertexTaskManagers(await views.vertex(params.jobid, params.vertexid), clock.now()),
  );
};
