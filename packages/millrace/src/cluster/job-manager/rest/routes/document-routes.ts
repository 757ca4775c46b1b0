import { Type } from "typebox";
import { prometheusMetrics } from "../metrics/prometheus-metrics.ts";
import { healthMetrics, jobManagerMetrics, taskManagerMetrics } from "../metrics/process-metrics.ts";
import type { Routes } from "../server/rest-app.ts";
import { NoQuery } from "./parameters.ts";

/** What is not JSON of Flink's: the API's description, and metrics for Prometheus. */
export const documentRoutes: Routes = (app, { gateway, settings, views }) => {
  let document: string | undefined;
  app.get(
    "/openapi.json",
    { schema: { tags: ["cluster"], summary: "This API as OpenAPI 3.1", querystring: NoQuery } },
    async (_request, reply) => {
      document ??= JSON.stringify(app.swagger());
      return reply.type("application/json; charset=utf-8").send(document);
    },
  );

  app.get(
    "/metrics",
    {
      schema: {
        tags: ["metrics"],
        summary: "All metrics for Prometheus",
        querystring: NoQuery,
        produces: ["text/plain"],
        response: { 200: Type.String() },
      },
      // Text is no JSON.
      serializerCompiler: () => String,
    },
    async (_request, reply) => {
      const taskManagers = gateway.taskManagers();
      const [jobManager, jobs, ...processes] = await Promise.all([
        jobManagerMetrics(gateway),
        views.described(),
        // One that doesn't answer is told by what its last heartbeat said.
        ...taskManagers.map((view) => taskManagerMetrics(gateway, view).catch(() => healthMetrics(view))),
      ]);
      void reply.type("text/plain; version=0.0.4; charset=utf-8");
      const scraped = taskManagers.map((view, index) => ({ view, metrics: processes[index] ?? {} }));
      return prometheusMetrics({ jobManager, taskManagers: scraped, jobs }, settings.clock.now());
    },
  );
};
