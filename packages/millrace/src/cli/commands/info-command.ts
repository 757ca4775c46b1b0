import { parseConfigArguments } from "../../common/config/configuration.ts";
import type { InfoRequest } from "../command-line/requests.ts";
import { ExitCode } from "../exit-code.ts";
import { jobModuleUrl } from "../job-module.ts";
import { jobPlan, type JobPlan } from "../../cluster/artifact/job-plan.ts";
import { planText } from "../plan/plan-text.ts";
import { styleFor } from "../terminal/style.ts";
import type { CommandContext } from "./command-context.ts";

/** Prints the plan of a job on standard output. */
export async function infoCommand(request: InfoRequest, context: CommandContext): Promise<number> {
  const { cluster } = request;
  const shown =
    cluster === undefined
      ? await planHere(request, context)
      : await (await import("../cluster/plan-in-cluster.ts")).planInCluster(request, cluster, context);
  const style = styleFor(process.stdout.isTTY, process.env);
  process.stdout.write(`${request.json ? JSON.stringify(shown, null, 2) : planText(shown, style)}\n`);
  return ExitCode.OK;
}

async function planHere(request: InfoRequest, context: CommandContext): Promise<JobPlan> {
  const config = parseConfigArguments(request.settings);
  const url = await jobModuleUrl(request.module, context.cwd);
  const { plan } = await context.engine();
  return jobPlan(await plan(url, { parallelism: request.parallelism, args: request.jobArgs, config }));
}
