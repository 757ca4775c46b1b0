import type { JobPlan } from "../../cluster/artifact/job-plan.ts";
import { NO_CHECKPOINT_FLAGS, type ClusterRun, type InfoRequest } from "../command-line/requests.ts";
import type { CommandContext } from "../commands/command-context.ts";
import { jobModuleUrl } from "../job-module.ts";
import { clusterOf } from "./cluster-access.ts";
import { packagesOutside, submitOptions } from "./run-on-cluster.ts";

/** The plan of a job as a cluster builds it. Nothing runs, and nothing stays there. @throws as `ClusterClient.submit` */
export async function planInCluster(
  request: InfoRequest,
  { access, externals }: ClusterRun,
  { cwd }: CommandContext,
): Promise<JobPlan> {
  const cluster = await clusterOf(access, cwd);
  try {
    const url = await jobModuleUrl(request.module, cwd);
    const outside = await packagesOutside(access, externals, cwd);
    const artifact = await cluster.upload(await cluster.bundle(new URL(url), { externals: outside }));
    try {
      const options = submitOptions({ ...request, checkpoints: NO_CHECKPOINT_FLAGS }, cwd);
      return (await cluster.plan(artifact, options)) as JobPlan;
    } finally {
      await cluster.removeArtifact(artifact).catch(() => {});
    }
  } finally {
    cluster.close();
  }
}
