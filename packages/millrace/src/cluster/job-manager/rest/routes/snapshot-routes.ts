import { Type } from "typebox";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { JobId } from "../../../../common/ids/ids.ts";
import {
  CheckpointOperation,
  CheckpointRequest,
  DisposalRequest,
  OperationStatus,
  SavepointRequest,
  StopRequest,
  TriggerResponse,
} from "../../../../protocol/rest/operations.ts";
import type { OperationView, TriggerRequest } from "../../dispatcher/dispatcher-gateway.ts";
import { checkpointOperation, operationStatus } from "../answers/operation-answers.ts";
import type { Routes } from "../server/rest-app.ts";
import { requireEnabled } from "../server/switches.ts";
import { noBodyIsNull } from "./jar-routes.ts";
import { JobPath, JobTriggerPath, NoQuery, TriggerPath } from "./parameters.ts";

const tags = ["snapshots"];

/** Savepoints, stops and checkpoints that are asked for. */
export const snapshotRoutes: Routes = (app, { gateway, settings }) => {
  const base = { tags, params: JobPath, querystring: NoQuery, response: { 202: TriggerResponse } };

  const trigger = async (jobid: string, order: TriggerRequest, chosen: string | null | undefined) => {
    return { "request-id": await gateway.trigger(jobid as JobId, order, chosen ?? undefined) };
  };

  app.post(
    "/jobs/:jobid/savepoints",
    {
      schema: {
        ...base,
        summary: "Triggers a savepoint",
        description: "With cancel-job, the job is cancelled when it is complete.",
        body: Type.Union([SavepointRequest, Type.Null()]),
      },
      preValidation: noBodyIsNull,
    },
    async ({ params, body }, reply) => {
      const directory = body?.["target-directory"] ?? undefined;
      const cancel = body?.["cancel-job"] === true;
      if (cancel) requireEnabled(settings, "cancel");
      const kind = cancel ? ("cancel with savepoint" as const) : ("savepoint" as const);
      return reply.code(202).send(await trigger(params.jobid, { kind, directory }, body?.triggerId));
    },
  );

  app.post(
    "/jobs/:jobid/stop",
    {
      schema: {
        ...base,
        summary: "Stops a job with a savepoint",
        description:
          "With drain, the input ends for good: all windows fire, and the savepoint is for nothing but looking at it.",
        body: Type.Union([StopRequest, Type.Null()]),
      },
      preValidation: noBodyIsNull,
    },
    async ({ params, body, ip }, reply) => {
      requireEnabled(settings, "cancel");
      const order = {
        kind: "stop",
        directory: body?.targetDirectory ?? undefined,
        drain: body?.drain ?? false,
      } as const;
      const answer = await trigger(params.jobid, order, body?.triggerId);
      settings.log("info", `${ip} stops job ${params.jobid}`);
      return reply.code(202).send(answer);
    },
  );

  app.post(
    "/jobs/:jobid/checkpoints",
    {
      schema: {
        ...base,
        summary: "Triggers a checkpoint",
        body: Type.Union([CheckpointRequest, Type.Null()]),
      },
      preValidation: noBodyIsNull,
    },
    async ({ params, body }, reply) =>
      reply.code(202).send(await trigger(params.jobid, { kind: "checkpoint" }, body?.triggerId)),
  );

  const operation = (jobid: string, triggerid: string, ofCheckpoint: boolean): OperationView => {
    const view = gateway.operation(jobid as JobId, triggerid);
    if ((view.kind === "checkpoint") === ofCheckpoint) return view;
    throw new MillraceError(
      "NOT_FOUND",
      `${triggerid} is no ${ofCheckpoint ? "checkpoint" : "savepoint"} of job ${jobid}, but a ${view.kind}`,
    );
  };

  app.get(
    "/jobs/:jobid/savepoints/:triggerid",
    {
      schema: {
        tags,
        summary: "How a savepoint or stop goes",
        params: JobTriggerPath,
        querystring: NoQuery,
        response: { 200: OperationStatus },
      },
    },
    async ({ params }) => operationStatus(operation(params.jobid, params.triggerid, false)),
  );

  app.get(
    "/jobs/:jobid/checkpoints/:triggerid",
    {
      schema: {
        tags,
        summary: "How a checkpoint that was asked for goes",
        params: JobTriggerPath,
        querystring: NoQuery,
        response: { 200: CheckpointOperation },
      },
    },
    async ({ params }) => checkpointOperation(operation(params.jobid, params.triggerid, true)),
  );

  app.post(
    "/savepoint-disposal",
    {
      schema: {
        tags,
        summary: "Removes a savepoint's files",
        querystring: NoQuery,
        body: DisposalRequest,
        response: { 202: TriggerResponse },
      },
    },
    async ({ body, ip }, reply) => {
      requireEnabled(settings, "cancel");
      const id = await gateway.dispose(body["savepoint-path"], body.triggerId ?? undefined);
      settings.log("info", `${ip} removes savepoint ${body["savepoint-path"]}`);
      return reply.code(202).send({ "request-id": id });
    },
  );

  app.get(
    "/savepoint-disposal/:triggerid",
    {
      schema: {
        tags,
        summary: "How the removal of a savepoint goes",
        params: TriggerPath,
        querystring: NoQuery,
        response: { 200: OperationStatus },
      },
    },
    async ({ params }) => operationStatus(gateway.disposal(params.triggerid)),
  );
};
