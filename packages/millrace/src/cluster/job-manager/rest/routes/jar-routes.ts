import { Type } from "typebox";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { JobId } from "../../../../common/ids/ids.ts";
import {
  JarList,
  JarPlan,
  JarPlanRequest,
  JarRunRequest,
  RunResponse,
} from "../../../../protocol/rest/jars.ts";
import { Empty } from "../../../../protocol/rest/schema-parts.ts";
import type { JobPlan } from "../../../artifact/job-plan.ts";
import type { DispatcherGateway, RunRequest } from "../../dispatcher/dispatcher-gateway.ts";
import { artifactPlan } from "../answers/plan.ts";
import type { Routes } from "../server/rest-app.ts";
import { requireEnabled } from "../server/switches.ts";
import { JarPath, NoQuery } from "./parameters.ts";

const tags = ["artifacts"];

const planQuery = {
  "entry-class": Type.Optional(Type.String()),
  programArg: Type.Optional(Type.Array(Type.String(), { description: "divided by commas" })),
  parallelism: Type.Optional(Type.Integer({ minimum: 1, maximum: 32_768 })),
};
const PlanQuery = Type.Object(planQuery, { additionalProperties: false });
const RunQuery = Type.Object(
  {
    ...planQuery,
    allowNonRestoredState: Type.Optional(Type.Boolean()),
    savepointPath: Type.Optional(Type.String({ minLength: 1 })),
  },
  { additionalProperties: false },
);

/** Artifacts, which Flink calls jars, and running jobs from them. */
export const jarRoutes: Routes = (app, { gateway, settings }) => {
  app.get(
    "/jars",
    { schema: { tags, summary: "All artifacts", querystring: NoQuery, response: { 200: JarList } } },
    async ({ protocol, host }) => ({
      address: `${protocol}://${host}`,
      files: (await gateway.artifacts()).map(({ id, name, uploadedAt, jobName, description }) => ({
        id,
        name,
        uploaded: uploadedAt,
        entry: jobName === undefined ? [] : [{ name: jobName, description: description ?? null }],
      })),
    }),
  );

  app.delete(
    "/jars/:jarid",
    {
      schema: {
        tags,
        summary: "Removes an artifact",
        description: "Jobs that run from it go on.",
        params: JarPath,
        querystring: NoQuery,
        response: { 200: Empty },
      },
    },
    async ({ params }) => {
      requireEnabled(settings, "submit");
      await gateway.removeArtifact(params.jarid);
      return {};
    },
  );

  const plan = async (jarid: string, body: JarPlanRequest, query: RunInput["query"]): Promise<JarPlan> => {
    requireEnabled(settings, "submit");
    const details = (await gateway.plan(await runRequest(gateway, { jarid, body, query }))) as JobPlan;
    return { plan: artifactPlan(details), details };
  };

  app.get(
    "/jars/:jarid/plan",
    {
      schema: {
        tags,
        summary: "The plan of an artifact's job",
        params: JarPath,
        querystring: PlanQuery,
        response: { 200: JarPlan },
      },
    },
    async ({ params, query }) => plan(params.jarid, {}, query),
  );

  app.post(
    "/jars/:jarid/plan",
    {
      schema: {
        tags,
        summary: "The plan of an artifact's job",
        params: JarPath,
        querystring: PlanQuery,
        body: Type.Union([JarPlanRequest, Type.Null()]),
        response: { 200: JarPlan },
      },
      preValidation: noBodyIsNull,
    },
    async ({ params, query, body }) => plan(params.jarid, body ?? {}, query),
  );

  app.post(
    "/jars/:jarid/run",
    {
      schema: {
        tags,
        summary: "Runs an artifact's job",
        description: "What the body says wins over the query.",
        params: JarPath,
        querystring: RunQuery,
        body: Type.Union([JarRunRequest, Type.Null()]),
        response: { 200: RunResponse },
      },
      preValidation: noBodyIsNull,
    },
    async ({ params, query, body, ip }) => {
      requireEnabled(settings, "submit");
      const request = await runRequest(gateway, { jarid: params.jarid, body: body ?? {}, query });
      const jobid = await gateway.run(request);
      settings.log("info", `${ip} started job ${jobid} from ${params.jarid}`);
      return { jobid };
    },
  );
};

/** Requests that have no body at all mean its defaults. */
export async function noBodyIsNull(request: { body: unknown }): Promise<void> {
  request.body ??= null;
}

interface RunInput {
  readonly jarid: string;
  readonly body: JarRunRequest;
  readonly query: {
    readonly "entry-class"?: string;
    readonly programArg?: readonly string[];
    readonly parallelism?: number;
    readonly allowNonRestoredState?: boolean;
    readonly savepointPath?: string;
  };
}

async function runRequest(gateway: DispatcherGateway, { jarid, body, query }: RunInput): Promise<RunRequest> {
  await checkEntryClass(gateway, jarid, body.entryClass ?? query["entry-class"]);
  const { restoreMode, claimMode } = body;
  if (restoreMode != null && claimMode != null && restoreMode !== claimMode) {
    throw new MillraceError(
      "INVALID_ARGUMENT",
      "restoreMode and claimMode are two names of the same: give one of them",
    );
  }
  const path = body.savepointPath ?? query.savepointPath;
  return {
    artifactId: jarid,
    jobId: (body.jobId ?? undefined) as JobId | undefined,
    args: argsOf({ jarid, body, query }),
    config: body.flinkConfiguration ?? {},
    parallelism: body.parallelism ?? query.parallelism,
    restore:
      path === undefined
        ? undefined
        : {
            path,
            claimMode: claimMode ?? restoreMode ?? "NO_CLAIM",
            allowNonRestoredState: body.allowNonRestoredState ?? query.allowNonRestoredState ?? false,
          },
  };
}

function argsOf({ body, query }: RunInput): RunRequest["args"] {
  const argv = body.programArgsList ?? query.programArg;
  if (body.args == null) return argv === undefined ? {} : { argv };
  if (argv !== undefined) {
    throw new MillraceError(
      "INVALID_ARGUMENT",
      "args and programArgsList both tell the job's arguments: give one of them",
    );
  }
  return { values: body.args };
}

/** A module has one job. Its name may be given where a script for Flink must give something. */
async function checkEntryClass(
  gateway: DispatcherGateway,
  jarid: string,
  entryClass: string | undefined,
): Promise<void> {
  if (entryClass === undefined || entryClass === "") return;
  const artifact = (await gateway.artifacts()).find(({ id }) => id === jarid);
  if (artifact?.jobName === undefined || artifact.jobName === entryClass) return;
  throw new MillraceError(
    "INVALID_ARGUMENT",
    `the job of this artifact is ${artifact.jobName}, there is no ${entryClass}: leave entryClass out, a module has one job`,
  );
}
