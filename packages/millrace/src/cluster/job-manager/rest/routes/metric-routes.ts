import { AggregatedMetrics, Metrics } from "../../../../protocol/rest/metrics.ts";
import { jobMetrics } from "../metrics/job-metrics.ts";
import type { MetricValues } from "../metrics/metric-value.ts";
import { jobManagerMetrics, taskManagerMetrics } from "../metrics/process-metrics.ts";
import { aggregateMetrics, selectMetrics } from "../metrics/select-metrics.ts";
import type { Routes } from "../server/rest-app.ts";
import {
  JobPath,
  JobsMetricsQuery,
  MetricsQuery,
  SubtaskPath,
  SubtasksMetricsQuery,
  TaskManagerPath,
  TaskManagersMetricsQuery,
  VertexPath,
} from "./parameters.ts";

const tags = ["metrics"];

/** Metrics by Flink's names. Without `get` their names are told, with it their values. */
export const metricRoutes: Routes = (app, { gateway, settings, views }) => {
  const { clock } = settings;
  const single = { tags, querystring: MetricsQuery, response: { 200: Metrics } };
  const several = { tags, response: { 200: AggregatedMetrics } };

  app.get(
    "/jobmanager/metrics",
    { schema: { ...single, summary: "The JobManager's metrics" } },
    async ({ query }) => selectMetrics(await jobManagerMetrics(gateway), query.get),
  );

  app.get(
    "/taskmanagers/metrics",
    {
      schema: {
        ...several,
        summary: "Metrics of TaskManagers together",
        description: "Those that don't answer are left out.",
        querystring: TaskManagersMetricsQuery,
      },
    },
    async ({ query }) => {
      const { taskmanagers: wanted } = query;
      const found =
        wanted === undefined ? gateway.taskManagers() : wanted.map((id) => gateway.taskManager(id));
      const answers = await Promise.allSettled(found.map((view) => taskManagerMetrics(gateway, view)));
      const told = answers.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
      return aggregateMetrics(told, query.get, query.agg);
    },
  );

  app.get(
    "/taskmanagers/:taskmanagerid/metrics",
    { schema: { ...single, summary: "A TaskManager's metrics", params: TaskManagerPath } },
    async ({ params, query }) =>
      selectMetrics(await taskManagerMetrics(gateway, gateway.taskManager(params.taskmanagerid)), query.get),
  );

  app.get(
    "/jobs/metrics",
    { schema: { ...several, summary: "Metrics of jobs together", querystring: JobsMetricsQuery } },
    async ({ query }) => {
      const now = clock.now();
      const jobs =
        query.jobs === undefined
          ? await views.described((await gateway.jobs()).map(({ jobId }) => jobId))
          : await Promise.all(query.jobs.map((id) => views.job(id)));
      return aggregateMetrics(
        jobs.map((job) => jobMetrics(job, now)),
        query.get,
        query.agg,
      );
    },
  );

  app.get(
    "/jobs/:jobid/metrics",
    { schema: { ...single, summary: "A job's metrics", params: JobPath } },
    async ({ params, query }) =>
      selectMetrics(jobMetrics(await views.job(params.jobid), clock.now()), query.get),
  );

  app.get(
    "/jobs/:jobid/vertices/:vertexid/metrics",
    {
      schema: {
        ...single,
        summary: "Metrics of a vertex's subtasks, by `<subtask>.<name>`",
        params: VertexPath,
      },
    },
    async ({ params, query }) => {
      const { subtasks } = await views.vertex(params.jobid, params.vertexid);
      const values: MetricValues = Object.fromEntries(
        subtasks.flatMap(({ subtask, current }) =>
          Object.entries(current.metrics).map(([name, value]) => [`${subtask}.${name}`, value] as const),
        ),
      );
      return selectMetrics(values, query.get);
    },
  );

  app.get(
    "/jobs/:jobid/vertices/:vertexid/subtasks/metrics",
    {
      schema: {
        ...several,
        summary: "Metrics of a vertex's subtasks together",
        params: VertexPath,
        querystring: SubtasksMetricsQuery,
      },
    },
    async ({ params, query }) => {
      const { subtasks } = await views.vertex(params.jobid, params.vertexid);
      const wanted = query.subtasks?.map(rangeOf);
      const chosen = subtasks.filter(
        ({ subtask }) =>
          wanted === undefined || wanted.some(([from, to]) => from <= subtask && subtask <= to),
      );
      return aggregateMetrics(
        chosen.map(({ current }) => current.metrics),
        query.get,
        query.agg,
      );
    },
  );

  app.get(
    "/jobs/:jobid/vertices/:vertexid/subtasks/:subtaskindex/metrics",
    { schema: { ...single, summary: "A subtask's metrics", params: SubtaskPath } },
    async ({ params, query }) => {
      const { current } = await views.subtask(params.jobid, params.vertexid, params.subtaskindex);
      return selectMetrics(current.metrics, query.get);
    },
  );
};

/** "3" or "3-7". */
function rangeOf(text: string): readonly [number, number] {
  const [from, to] = text.split("-");
  return [Number(from), Number(to ?? from)];
}
