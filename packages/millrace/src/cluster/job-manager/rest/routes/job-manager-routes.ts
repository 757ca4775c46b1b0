import { ConfigEntries, Environment, LogList, ThreadDumps } from "../../../../protocol/rest/cluster.ts";
import type { Routes } from "../server/rest-app.ts";
import { logList, pickLog, sendLog, threadDumps } from "../server/send-log.ts";
import { FilePath, NoQuery } from "./parameters.ts";

const tags = ["jobmanager"];

/** The JobManager's process. */
export const jobManagerRoutes: Routes = (app, { gateway }) => {
  app.get(
    "/jobmanager/config",
    {
      schema: {
        tags,
        summary: "Its settings, secrets redacted",
        querystring: NoQuery,
        response: { 200: ConfigEntries },
      },
    },
    async () => Object.entries(gateway.config()).map(([key, value]) => ({ key, value })),
  );

  app.get(
    "/jobmanager/environment",
    { schema: { tags, summary: "What it runs on", querystring: NoQuery, response: { 200: Environment } } },
    async () => ({
      jvm: {
        version: `Node.js ${process.versions.node} - V8 ${process.versions.v8}`,
        arch: process.arch,
        options: process.execArgv.map((option) => option.replace(/=.*$/su, "=...")),
      },
      classpath: [],
    }),
  );

  app.get(
    "/jobmanager/logs",
    { schema: { tags, summary: "Its log files", querystring: NoQuery, response: { 200: LogList } } },
    async () => logList(await gateway.logs()),
  );

  const read = (name: string, offset: number, bytes: number): Promise<Uint8Array> =>
    gateway.log(name, offset, bytes);

  app.get(
    "/jobmanager/logs/:filename",
    {
      schema: {
        tags,
        summary: "A log file",
        description: "Takes Range.",
        params: FilePath,
        querystring: NoQuery,
      },
    },
    async (request, reply) =>
      sendLog(request, reply, pickLog(await gateway.logs(), request.params.filename), read),
  );

  for (const kind of ["log", "stdout"] as const) {
    app.get(
      `/jobmanager/${kind}`,
      {
        schema: {
          tags,
          summary: kind === "log" ? "Its log" : "What it and its jobs print",
          description: "Takes Range.",
          querystring: NoQuery,
        },
      },
      async (request, reply) => sendLog(request, reply, pickLog(await gateway.logs(), { kind }), read),
    );
  }

  app.get(
    "/jobmanager/thread-dump",
    {
      schema: { tags, summary: "What its threads do", querystring: NoQuery, response: { 200: ThreadDumps } },
    },
    async () => threadDumps(await gateway.threads()),
  );
};
