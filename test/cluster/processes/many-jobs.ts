import { readdirSync, readFileSync } from "node:fs";
import type { ClusterProcess, ProcessCluster } from "./process-cluster.ts";

const SHORT = new URL("./jobs/short.ts", import.meta.url);

/** What a process has, as Linux tells. */
export interface Belongings {
  readonly threads: number;
  readonly files: number;
  /** MB of memory that is resident. */
  readonly memory: number;
}

/** What belongs to a process. Linux only. */
export function belongings({ child }: ClusterProcess): Belongings {
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  const value = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "mu").exec(status)?.[1]);
  return {
    threads: value("Threads"),
    files: readdirSync(`/proc/${child.pid}/fd`).length,
    memory: Math.round(value("VmRSS") / 1024),
  };
}

/**
 * Runs short jobs one after another, each of a fresh upload.
 *
 * @param each - is told when so many have ended
 */
export async function runManyJobs(
  cluster: ProcessCluster,
  count: number,
  each: (done: number) => void = () => undefined,
): Promise<void> {
  for (let done = 0; done < count;) {
    const jar = await cluster.upload(SHORT);
    const { jobid } = (await cluster.request("POST", `/jars/${jar}/run`, {
      // Its arguments make each a job of its own.
      programArgsList: ["--count", String(1000 + done)],
      parallelism: 2,
    })) as { jobid: string };
    const status = await cluster.reaches(jobid, "FINISHED", "FAILED", "CANCELED");
    if (status !== "FINISHED") throw new Error(`job ${done} is ${status}\n${cluster.logs()}`);
    await cluster.request("DELETE", `/jars/${jar}`);
    each(++done);
  }
}
