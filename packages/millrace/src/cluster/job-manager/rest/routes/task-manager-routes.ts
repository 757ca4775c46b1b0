import { LogList, ThreadDumps } from "../../../../protocol/rest/cluster.ts";
import { TaskManagerDetails, TaskManagers } from "../../../../protocol/rest/task-managers.ts";
import { assignedTasks, taskManagerDetails, taskManagerInfo } from "../answers/task-manager-answers.ts";
import type { Routes } from "../server/rest-app.ts";
import { logList, pickLog, sendLog, threadDumps } from "../server/send-log.ts";
import { NoQuery, TaskManagerFilePath, TaskManagerPath } from "./parameters.ts";

const tags = ["taskmanagers"];

/** The TaskManagers' processes. */
export const taskManagerRoutes: Routes = (app, { gateway, views }) => {
  const base = { tags, params: TaskManagerPath, querystring: NoQuery };

  app.get(
    "/taskmanagers",
    { schema: { tags, summary: "All TaskManagers", querystring: NoQuery, response: { 200: TaskManagers } } },
    async () => {
      const all = gateway.taskManagers();
      const tasks = assignedTasks(await views.described(jobsOn(all)));
      return { taskmanagers: all.map((view) => taskManagerInfo(view, tasks)) };
    },
  );

  app.get(
    "/taskmanagers/:taskmanagerid",
    { schema: { ...base, summary: "A TaskManager", response: { 200: TaskManagerDetails } } },
    async ({ params }) => {
      const view = gateway.taskManager(params.taskmanagerid);
      return taskManagerDetails(view, assignedTasks(await views.described(jobsOn([view]))));
    },
  );

  app.get(
    "/taskmanagers/:taskmanagerid/logs",
    { schema: { ...base, summary: "Its log files", response: { 200: LogList } } },
    async ({ params }) => logList(await gateway.taskManagerLogs(params.taskmanagerid)),
  );

  const reader =
    (id: string) =>
    (name: string, offset: number, bytes: number): Promise<Uint8Array> =>
      gateway.taskManagerLog(id, name, offset, bytes);

  app.get(
    "/taskmanagers/:taskmanagerid/logs/:filename",
    { schema: { ...base, summary: "A log file", description: "Takes Range.", params: TaskManagerFilePath } },
    async (request, reply) => {
      const { taskmanagerid, filename } = request.params;
      const file = pickLog(await gateway.taskManagerLogs(taskmanagerid), filename);
      return sendLog(request, reply, file, reader(taskmanagerid));
    },
  );

  for (const kind of ["log", "stdout"] as const) {
    app.get(
      `/taskmanagers/:taskmanagerid/${kind}`,
      {
        schema: {
          ...base,
          summary: kind === "log" ? "Its log" : "What it and its tasks print",
          description: "Takes Range.",
        },
      },
      async (request, reply) => {
        const { taskmanagerid } = request.params as { readonly taskmanagerid: string };
        const file = pickLog(await gateway.taskManagerLogs(taskmanagerid), { kind });
        return sendLog(request, reply, file, reader(taskmanagerid));
      },
    );
  }

  app.get(
    "/taskmanagers/:taskmanagerid/thread-dump",
    { schema: { ...base, summary: "What its threads do", response: { 200: ThreadDumps } } },
    async ({ params }) => threadDumps(await gateway.taskManagerThreads(params.taskmanagerid)),
  );
};

const jobsOn = (
  taskManagers: readonly { readonly allocated: readonly { readonly jobId: string }[] }[],
): readonly string[] => [
  ...new Set(taskManagers.flatMap(({ allocated }) => allocated.map(({ jobId }) => jobId))),
];
