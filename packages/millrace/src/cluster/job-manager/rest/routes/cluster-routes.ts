import { DashboardConfig, Overview } from "../../../../protocol/rest/cluster.ts";
import { Empty } from "../../../../protocol/rest/schema-parts.ts";
import type { Routes } from "../server/rest-app.ts";
import { requireEnabled } from "../server/switches.ts";
import { NoQuery } from "./parameters.ts";

const tags = ["cluster"];

/** The cluster as a whole. */
export const clusterRoutes: Routes = (app, { gateway, settings }) => {
  app.get(
    "/overview",
    {
      schema: { tags, summary: "The cluster in numbers", querystring: NoQuery, response: { 200: Overview } },
    },
    async () => {
      const taskManagers = gateway.taskManagers();
      const jobs = await gateway.jobs();
      const ended = (status: string): number => jobs.filter((job) => job.status === status).length;
      const [finished, cancelled, failed] = [ended("FINISHED"), ended("CANCELED"), ended("FAILED")];
      return {
        taskmanagers: taskManagers.length,
        "slots-total": taskManagers.reduce((sum, { slots }) => sum + slots, 0),
        "slots-available": taskManagers.reduce((sum, { freeSlots }) => sum + freeSlots, 0),
        "jobs-running": jobs.length - finished - cancelled - failed,
        "jobs-finished": finished,
        "jobs-cancelled": cancelled,
        "jobs-failed": failed,
        "flink-version": gateway.engineVersion,
        "flink-commit": "",
        "taskmanagers-blocked": 0,
        "slots-free-and-blocked": 0,
      };
    },
  );

  app.get(
    "/config",
    {
      schema: {
        tags,
        summary: "What the dashboard needs to know",
        querystring: NoQuery,
        response: { 200: DashboardConfig },
      },
    },
    async () => {
      const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
      return {
        "refresh-interval": settings.refreshInterval,
        "timezone-name": timeZone,
        "timezone-offset": new Date(settings.clock.now()).getTimezoneOffset() * -60_000,
        "flink-version": gateway.engineVersion,
        "flink-revision": "",
        features: {
          "web-submit": settings.submit,
          "web-cancel": settings.cancel,
          "web-rescale": settings.rescale,
          "web-history": false,
        },
      };
    },
  );

  app.delete(
    "/cluster",
    {
      schema: {
        tags,
        summary: "Ends the cluster",
        description: "Jobs are cancelled or, with high availability, come back with the next JobManager.",
        querystring: NoQuery,
        response: { 200: Empty },
      },
    },
    async (request, reply) => {
      requireEnabled(settings, "cancel");
      settings.log("info", `${request.ip} asked for the end of the cluster`);
      // The answer goes first: what ends closes this server, too.
      reply.raw.once("close", () => {
        gateway
          .shutDown()
          .catch((error: unknown) => settings.log("error", "the cluster did not end in order", error));
      });
      return {};
    },
  );
};
