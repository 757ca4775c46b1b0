import { JobIds, JobsOverview } from "../../../../protocol/rest/jobs.ts";
import { jobOverview } from "../answers/job-answers.ts";
import { Refusal } from "../server/error-answers.ts";
import type { Routes } from "../server/rest-app.ts";
import { NoQuery } from "./parameters.ts";

const tags = ["jobs"];

/** All jobs. */
export const jobsRoutes: Routes = (app, { gateway, settings }) => {
  app.get(
    "/jobs",
    {
      schema: { tags, summary: "All jobs and their states", querystring: NoQuery, response: { 200: JobIds } },
    },
    async () => ({ jobs: (await gateway.jobs()).map(({ jobId, status }) => ({ id: jobId, status })) }),
  );

  app.get(
    "/jobs/overview",
    { schema: { tags, summary: "All jobs", querystring: NoQuery, response: { 200: JobsOverview } } },
    async () => {
      const now = settings.clock.now();
      return { jobs: (await gateway.jobs()).map((job) => jobOverview(job, now)) };
    },
  );

  app.post(
    "/jobs",
    {
      schema: {
        tags,
        summary: "Not supported",
        description: "Flink takes a serialized graph of a Java program here. It is always refused.",
        querystring: NoQuery,
      },
      // Whatever the body is, it is not read.
      preParsing: async () => {
        throw new Refusal(
          400,
          "INVALID_ARGUMENT",
          "this path takes serialized graphs of Java programs in Flink; upload a bundled job module by POST /jars/upload, and run it by POST /jars/:jarid/run, as `millrace run` does",
        );
      },
    },
    async () => undefined,
  );
};
