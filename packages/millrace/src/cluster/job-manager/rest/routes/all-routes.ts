import type { Routes } from "../server/rest-app.ts";
import { checkpointRoutes } from "./checkpoint-routes.ts";
import { clusterRoutes } from "./cluster-routes.ts";
import { documentRoutes } from "./document-routes.ts";
import { jarRoutes } from "./jar-routes.ts";
import { jobManagerRoutes } from "./job-manager-routes.ts";
import { jobRoutes } from "./job-routes.ts";
import { jobsRoutes } from "./jobs-routes.ts";
import { metricRoutes } from "./metric-routes.ts";
import { rescaleRoutes } from "./rescale-routes.ts";
import { snapshotRoutes } from "./snapshot-routes.ts";
import { subtaskRoutes } from "./subtask-routes.ts";
import { taskManagerRoutes } from "./task-manager-routes.ts";
import { uploadRoutes } from "./upload-routes.ts";
import { vertexRoutes } from "./vertex-routes.ts";

/** Every endpoint there is. */
export const ALL_ROUTES: readonly Routes[] = [
  clusterRoutes,
  documentRoutes,
  uploadRoutes,
  jarRoutes,
  jobManagerRoutes,
  jobsRoutes,
  jobRoutes,
  snapshotRoutes,
  checkpointRoutes,
  rescaleRoutes,
  vertexRoutes,
  subtaskRoutes,
  taskManagerRoutes,
  metricRoutes,
];
