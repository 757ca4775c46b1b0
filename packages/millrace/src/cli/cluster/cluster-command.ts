import { unreachable } from "../../common/errors/unreachable.ts";
import type { ClusterRequest } from "../command-line/cluster-requests.ts";
import type { CommandContext } from "../commands/command-context.ts";

/** Does what a command line asks of a cluster. Each command loads what it needs and no more. */
export async function clusterCommand(request: ClusterRequest, context: CommandContext): Promise<number> {
  switch (request.command) {
    case "jobManager":
    case "taskManager":
      return (await import("./cluster-process.ts")).clusterProcess(request, context);
    case "clusterStart":
      return (await import("./local-cluster/start-cluster.ts")).startCluster(request, context);
    case "clusterStop":
      return (await import("./local-cluster/stop-cluster.ts")).stopCluster(request, context);
    case "clusterStatus":
      return (await import("./local-cluster/cluster-status.ts")).clusterStatus(request, context);
    case "list":
      return (await import("./list-jobs.ts")).listJobs(request, context);
    case "status":
      return (await import("./job-status.ts")).jobStatus(request, context);
    case "cancel":
    case "checkpoint":
    case "stop":
    case "savepointTrigger":
    case "rescale":
      return (await import("./change-job.ts")).changeJob(request, context);
    case "logs":
      return (await import("./show-logs.ts")).showLogs(request, context);
    default:
      return unreachable(request, "command of a cluster");
  }
}
