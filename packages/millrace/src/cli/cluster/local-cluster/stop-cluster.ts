import { resolve } from "node:path";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { ClusterStateRequest } from "../../command-line/cluster-requests.ts";
import type { CommandContext } from "../../commands/command-context.ts";
import { ExitCode } from "../../exit-code.ts";
import { countOf } from "../../format/numbers.ts";
import { printAnswer } from "../print-answer.ts";
import { readState, removeState } from "./cluster-state.ts";
import { endProcesses } from "./end-processes.ts";

/** Ends the processes that `cluster start` has started. */
export async function stopCluster(
  { state, json }: ClusterStateRequest,
  { cwd }: CommandContext,
): Promise<number> {
  const folder = resolve(cwd, state);
  const { processes } = (await readState(folder)) ?? noCluster(folder);
  const killed = await endProcesses(processes);
  await removeState(folder);
  printAnswer(json, { ended: processes.map(({ name, pid }) => ({ name, pid })), killed }, () => [
    `ended ${countOf(processes.length, "process", "processes")}${killed.length === 0 ? "" : `; ${killed.join(", ")} had to be killed`}`,
  ]);
  return ExitCode.OK;
}

/** @throws NOT_FOUND */
export function noCluster(folder: string): never {
  throw new MillraceError("NOT_FOUND", `no cluster was started from here: there is none in ${folder}`, {
    help: "millrace cluster start starts one; --state names the folder of one that was started elsewhere.",
  });
}
