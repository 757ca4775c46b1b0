import { Type } from "typebox";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { JobId } from "../../../../common/ids/ids.ts";
import {
  JobAccumulators,
  JobConfig,
  JobDetails,
  JobExceptions,
  JobResult,
  JobStatusInfo,
} from "../../../../protocol/rest/jobs.ts";
import { JobPlanInfo } from "../../../../protocol/rest/plan.ts";
import { Empty, words } from "../../../../protocol/rest/schema-parts.ts";
import { jobConfig, jobDetails, jobExceptions, jobResult } from "../answers/job-answers.ts";
import { jobPlan } from "../answers/plan.ts";
import type { Routes } from "../server/rest-app.ts";
import { requireEnabled } from "../server/switches.ts";
import { JobPath, NoQuery } from "./parameters.ts";

const tags = ["job"];

/** How many exceptions are told where nobody says. */
const EXCEPTIONS = 20;

const TerminationQuery = Type.Object(
  { mode: Type.Optional(words(["cancel", "stop"], "stop is refused: POST .../stop does that")) },
  { additionalProperties: false },
);
const ExceptionsQuery = Type.Object(
  {
    maxExceptions: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000 })),
    failureLabelFilter: Type.Optional(
      Type.Array(Type.String({ pattern: "^[^:]+:" }), {
        description: "<label>:<value>, divided by commas; there is `code`",
      }),
    ),
  },
  { additionalProperties: false },
);

/** One job. */
export const jobRoutes: Routes = (app, { gateway, settings, views }) => {
  const base = { tags, params: JobPath, querystring: NoQuery };

  app.get(
    "/jobs/:jobid",
    { schema: { ...base, summary: "A job", response: { 200: JobDetails } } },
    async ({ params }) => jobDetails(await views.job(params.jobid), settings.clock.now()),
  );

  app.patch(
    "/jobs/:jobid",
    {
      schema: { ...base, summary: "Cancels a job", querystring: TerminationQuery, response: { 202: Empty } },
    },
    async ({ params, query, ip }, reply) => {
      requireEnabled(settings, "cancel");
      if (query.mode === "stop") {
        throw new MillraceError(
          "INVALID_ARGUMENT",
          "mode=stop is no longer there: POST /jobs/:jobid/stop stops a job with a savepoint",
        );
      }
      await gateway.cancel(params.jobid as JobId);
      settings.log("info", `${ip} cancelled job ${params.jobid}`);
      return reply.code(202).send({});
    },
  );

  app.get(
    "/jobs/:jobid/status",
    { schema: { ...base, summary: "A job's state", response: { 200: JobStatusInfo } } },
    async ({ params }) => ({ status: (await views.job(params.jobid)).status }),
  );

  app.get(
    "/jobs/:jobid/config",
    { schema: { ...base, summary: "A job's settings, secrets redacted", response: { 200: JobConfig } } },
    async ({ params }) => jobConfig(await views.job(params.jobid)),
  );

  app.get(
    "/jobs/:jobid/exceptions",
    {
      schema: {
        ...base,
        summary: "What has failed, the newest first",
        querystring: ExceptionsQuery,
        response: { 200: JobExceptions },
      },
    },
    async ({ params, query }) =>
      jobExceptions(await views.job(params.jobid), {
        max: query.maxExceptions ?? EXCEPTIONS,
        labels: query.failureLabelFilter ?? [],
      }),
  );

  app.get(
    "/jobs/:jobid/plan",
    { schema: { ...base, summary: "A job's plan", response: { 200: JobPlanInfo } } },
    async ({ params }) => ({ plan: jobPlan(await views.job(params.jobid)) }),
  );

  app.get(
    "/jobs/:jobid/accumulators",
    {
      schema: {
        ...base,
        summary: "Accumulators: always none",
        description: "Metrics that functions register stand in the metrics of their vertices.",
        querystring: Type.Object(
          { includeSerializedValue: Type.Optional(Type.Boolean()) },
          { additionalProperties: false },
        ),
        response: { 200: JobAccumulators },
      },
    },
    async ({ params }) => {
      await views.job(params.jobid);
      return {
        "job-accumulators": [],
        "user-task-accumulators": [],
        "serialized-user-task-accumulators": {},
      };
    },
  );

  app.get(
    "/jobs/:jobid/execution-result",
    { schema: { ...base, summary: "How a job has ended", response: { 200: JobResult } } },
    async ({ params }) => jobResult(await views.job(params.jobid)),
  );
};
