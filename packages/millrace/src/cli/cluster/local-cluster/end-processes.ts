import { SystemClock } from "../../../common/clock/system-clock.ts";
import { pause } from "../../../client/pause.ts";
import { isAlive, type StartedProcess } from "./cluster-state.ts";

/** How long processes may take to end, ms; then they are killed. */
const PATIENCE = 20_000;
const INTERVAL = 50;

/** Ends processes in their order, the JobManager first: it ends its jobs. Answers the names of those that had to be killed. */
export async function endProcesses(processes: readonly StartedProcess[]): Promise<readonly string[]> {
  const killed: string[] = [];
  const clock = new SystemClock();
  const [first, ...others] = processes;
  for (const group of [first === undefined ? [] : [first], others]) {
    for (const each of group) if (await isAlive(each)) signal(each, "SIGTERM");
    const begin = clock.monotonic();
    let left = await aliveOf(group);
    while (left.length > 0 && clock.monotonic() - begin < PATIENCE) {
      await pause(clock, INTERVAL);
      left = await aliveOf(left);
    }
    for (const each of left) {
      signal(each, "SIGKILL");
      killed.push(each.name);
    }
  }
  return killed;
}

async function aliveOf(processes: readonly StartedProcess[]): Promise<readonly StartedProcess[]> {
  const alive = await Promise.all(processes.map(isAlive));
  return processes.filter((_, index) => alive[index]);
}

function signal({ pid }: StartedProcess, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has just ended.
  }
}
