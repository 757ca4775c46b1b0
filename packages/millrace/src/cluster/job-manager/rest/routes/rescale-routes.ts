import { Type } from "typebox";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { JobId } from "../../../../common/ids/ids.ts";
import type { ResourceRequirements } from "../../../../protocol/cluster/job-submission.ts";
import { Requirements } from "../../../../protocol/rest/jobs.ts";
import { OperationStatus, TriggerResponse } from "../../../../protocol/rest/operations.ts";
import {
  RescaleDetails,
  RescaleHistory,
  RescalesOverview,
  RescalesSummary,
} from "../../../../protocol/rest/rescales.ts";
import { Empty } from "../../../../protocol/rest/schema-parts.ts";
import { operationStatus } from "../answers/operation-answers.ts";
import { rescaleDetails, rescalesOverview, rescalesSummary } from "../answers/rescale-answers.ts";
import { highestOf, RescaleOperations } from "../server/rescale-operations.ts";
import type { Routes } from "../server/rest-app.ts";
import { requireEnabled } from "../server/switches.ts";
import { JobPath, JobTriggerPath, NoQuery, RescalePath } from "./parameters.ts";

const tags = ["rescaling"];
const RescalingQuery = Type.Object(
  { parallelism: Type.Integer({ minimum: 1, maximum: 32_768 }) },
  { additionalProperties: false },
);

/** The parallelism of running jobs. */
export const rescaleRoutes: Routes = (app, { gateway, settings, views }) => {
  const operations = new RescaleOperations(settings.clock);
  const base = { tags, params: JobPath, querystring: NoQuery };

  app.get(
    "/jobs/:jobid/resource-requirements",
    {
      schema: {
        ...base,
        summary: "What parallelism a job may use, by vertex",
        response: { 200: Requirements },
      },
    },
    async ({ params }) => {
      const requirements = await gateway.requirements(params.jobid as JobId);
      return Object.fromEntries(
        Object.entries(requirements).map(([vertex, { lower, upper }]) => [
          vertex,
          { parallelism: { lowerBound: lower, upperBound: upper } },
        ]),
      );
    },
  );

  app.put(
    "/jobs/:jobid/resource-requirements",
    {
      schema: {
        ...base,
        summary: "Changes what parallelism a job may use",
        description:
          "The answer comes when it is recorded; the job changes as slots and its next checkpoint allow.",
        body: Requirements,
        response: { 200: Empty },
      },
    },
    async ({ params, body, ip }) => {
      requireEnabled(settings, "rescale");
      const job = await views.job(params.jobid);
      for (const [vertex, { parallelism }] of Object.entries(body)) {
        if (!job.vertices.some(({ id }) => id === vertex)) {
          throw new MillraceError("INVALID_ARGUMENT", `job ${params.jobid} has no vertex ${vertex}`);
        }
        if (parallelism.lowerBound > parallelism.upperBound) {
          throw new MillraceError(
            "INVALID_ARGUMENT",
            `vertex ${vertex}: the lower bound ${parallelism.lowerBound} is above the upper one, ${parallelism.upperBound}`,
          );
        }
      }
      const bounds = Object.entries(body).map(
        ([vertex, { parallelism }]) =>
          [vertex, { lower: parallelism.lowerBound, upper: parallelism.upperBound }] as const,
      );
      await gateway.setRequirements(params.jobid as JobId, Object.fromEntries(bounds));
      settings.log("info", `${ip} changed what job ${params.jobid} may use`);
      return {};
    },
  );

  app.patch(
    "/jobs/:jobid/rescaling",
    {
      schema: {
        ...base,
        summary: "Changes the parallelism of all of a job's vertices",
        querystring: RescalingQuery,
        response: { 202: TriggerResponse },
      },
    },
    async ({ params, query, ip }, reply) => {
      requireEnabled(settings, "rescale");
      const job = await views.job(params.jobid);
      const requirements: ResourceRequirements = Object.fromEntries(
        job.vertices.map((vertex) => [
          vertex.id,
          { lower: 1, upper: Math.min(query.parallelism, highestOf(vertex)) },
        ]),
      );
      const id = operations.begin(params.jobid, query.parallelism);
      await gateway.setRequirements(params.jobid as JobId, requirements);
      settings.log("info", `${ip} rescales job ${params.jobid} to ${query.parallelism}`);
      return reply.code(202).send({ "request-id": id });
    },
  );

  app.get(
    "/jobs/:jobid/rescaling/:triggerid",
    {
      schema: {
        ...base,
        summary: "How a change of parallelism goes",
        description:
          "Completed when every vertex runs at that parallelism, or at its largest; with a failure NO_SLOTS when there are slots for a part of it only, and CONFLICT when nothing was changed. What was asked for stays asked for: the job is rescaled when there are more slots.",
        params: JobTriggerPath,
        response: { 200: OperationStatus },
      },
    },
    async ({ params }) => operationStatus(operations.status(params.triggerid, await views.job(params.jobid))),
  );

  app.get(
    "/jobs/:jobid/rescales/overview",
    { schema: { ...base, summary: "How often a job was rescaled", response: { 200: RescalesOverview } } },
    async ({ params }) => rescalesOverview(await views.job(params.jobid)),
  );

  app.get(
    "/jobs/:jobid/rescales/summary",
    { schema: { ...base, summary: "How long a job's rescales took", response: { 200: RescalesSummary } } },
    async ({ params }) => rescalesSummary(await views.job(params.jobid)),
  );

  app.get(
    "/jobs/:jobid/rescales/history",
    { schema: { ...base, summary: "A job's rescales, the newest first", response: { 200: RescaleHistory } } },
    async ({ params }) => {
      const job = await views.job(params.jobid);
      return job.rescales.map((rescale) => rescaleDetails(job, rescale));
    },
  );

  app.get(
    "/jobs/:jobid/rescales/details/:rescaleuuid",
    {
      schema: {
        ...base,
        summary: "One of a job's rescales",
        params: RescalePath,
        response: { 200: RescaleDetails },
      },
    },
    async ({ params }) => {
      const job = await views.job(params.jobid);
      const rescale = job.rescales.find(({ id }) => id === params.rescaleuuid);
      if (rescale !== undefined) return rescaleDetails(job, rescale);
      throw new MillraceError("NOT_FOUND", `job ${params.jobid} remembers no rescale ${params.rescaleuuid}`);
    },
  );
};
