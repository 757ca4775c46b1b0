/*
 * How long a job is silent when a TaskManager of its cluster is killed or stopped, when the JobManager is killed, and while it is rescaled: one
 * JobManager and three TaskManagers as processes, checkpoints every two seconds. State: little, and 100 MB; with `--large` 1 GB, too;
 * with `--small` little only; with `--once` each once instead of three times.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProcessCluster } from "../test/cluster/processes/process-cluster.ts";
import { median, printReport } from "./report.ts";

const BEATS = new URL("./jobs/beats.ts", import.meta.url);
const TIMES = process.argv.includes("--once") ? 1 : 3;
const HEARTBEAT_TIMEOUT = 4000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Requirements {
  readonly vertices: readonly { readonly id: string; readonly parallelism: number }[];
}

/** A cluster with a job that beats. */
class Beating {
  readonly cluster: ProcessCluster;
  readonly job: string;
  readonly #path: string;

  private constructor(cluster: ProcessCluster, job: string, path: string) {
    this.cluster = cluster;
    this.job = job;
    this.#path = path;
  }

  static async start(megabytes: number, shared: string): Promise<Beating> {
    const cluster = await ProcessCluster.start({
      taskManagers: 3,
      slots: 2,
      config: {
        "high-availability.type": "filesystem",
        "heartbeat.interval": "500 ms",
        "heartbeat.timeout": `${HEARTBEAT_TIMEOUT} ms`,
        "high-availability.storageDir": shared,
        "cluster.evenly-spread-out-slots": true,
      },
    });
    const path = join(cluster.folder, "beats");
    const job = await cluster.run(BEATS, {
      args: ["--output", path, "--megabytes", String(megabytes)],
      parallelism: 4,
      config: {
        "execution.checkpointing.interval": "2 s",
        "execution.checkpointing.dir": join(cluster.folder, "checkpoints"),
        "restart-strategy.type": "fixed-delay",
        "restart-strategy.fixed-delay.attempts": "1000",
        "restart-strategy.fixed-delay.delay": "0 ms",
      },
    });
    const beating = new Beating(cluster, job, path);
    await beating.settled(megabytes);
    return beating;
  }

  /** Waits until it beats, and a few checkpoints have been. */
  async settled(megabytes: number): Promise<void> {
    await pause(8000 + megabytes * 50);
    await this.cluster.reaches(this.job, "RUNNING");
    await this.cluster.registered(3);
  }

  /** The longest silence that ended after a moment, as from when to when, in ms since the epoch. */
  silence(since: number): readonly [number, number] {
    const times = readFileSync(this.#path, "utf8")
      .trimEnd()
      .split("\n")
      .map(Number)
      .sort((a, b) => a - b)
      .filter((time) => time > since - 500);
    let longest: readonly [number, number] = [since, since];
    for (const [i, time] of times.entries()) {
      const before = times[i - 1] ?? time;
      if (time > since && time - before > longest[1] - longest[0]) longest = [before, time];
    }
    return longest;
  }

  /** When the JobManager's log first says something after a moment, in ms since the epoch. */
  said(text: string, since: number): number {
    const log = readFileSync(join(this.cluster.folder, "log/millrace-jobmanager.log"), "utf8");
    const times = log
      .split("\n")
      .filter((line) => line.includes(text))
      .map((line) => Date.parse(line.slice(0, 24)))
      .filter((time) => time >= since);
    return times[0] ?? Number.NaN;
  }

  async rescale(parallelism: number): Promise<void> {
    const { vertices } = (await this.cluster.get(`/jobs/${this.job}`)) as Requirements;
    await this.cluster.request(
      "PUT",
      `/jobs/${this.job}/resource-requirements`,
      Object.fromEntries(
        vertices.map(({ id }) => [id, { parallelism: { lowerBound: 1, upperBound: parallelism } }]),
      ),
    );
  }
}

/** Runs the benchmark; `report` gets what was measured. */
export async function run(report: (name: string, value: number, unit: string) => void): Promise<void> {
  const sizes = process.argv.includes("--small")
    ? [0]
    : [0, 100, ...(process.argv.includes("--large") ? [1000] : [])];
  for (const megabytes of sizes) {
    const state = `${megabytes} MB of state`;
    const shared = mkdtempSync(join(tmpdir(), "millrace-bench-ha-"));
    const beating = await Beating.start(megabytes, shared);
    const { cluster } = beating;
    const wait = (): Promise<void> => beating.settled(megabytes);
    try {
      for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
        const detections: number[] = [];
        const recoveries: number[] = [];
        for (let i = 0; i < TIMES; i++) {
          const victim = await busyOne(cluster);
          const at = Date.now();
          victim.signal(signal);
          await pause(HEARTBEAT_TIMEOUT + 6000 + megabytes * 20);
          const lost = beating.said("is lost", at);
          detections.push(lost - at);
          recoveries.push(beating.silence(at)[1] - lost);
          victim.signal("SIGKILL");
          cluster.taskManagers.splice(cluster.taskManagers.indexOf(victim), 1);
          await cluster.startTaskManager();
          await wait();
        }
        const what = signal === "SIGKILL" ? "TaskManager killed" : "TaskManager stopped";
        report(`${what}, ${state}: until it is seen`, median(detections), "ms");
        report(`${what}, ${state}: from then to the first output`, median(recoveries), "ms");
      }
      const pauses: number[] = [];
      for (let i = 0; i < TIMES * 2; i++) {
        const at = Date.now();
        await beating.rescale(i % 2 === 0 ? 2 : 4);
        await pause(6000 + megabytes * 40);
        const [from, to] = beating.silence(at);
        pauses.push(to - from);
      }
      report(`rescaled between 4 and 2, ${state}: silent`, median(pauses), "ms");
      const restarts: number[] = [];
      for (let i = 0; i < TIMES; i++) {
        await cluster.jobManager.kill();
        const at = Date.now();
        await cluster.startJobManager();
        await wait();
        restarts.push(beating.silence(at)[1] - at);
      }
      report(`JobManager killed and started, ${state}: until the first output`, median(restarts), "ms");
    } finally {
      await cluster.close();
      rmSync(shared, { recursive: true, force: true });
    }
  }
}

/** A TaskManager that runs something. */
async function busyOne(cluster: ProcessCluster): Promise<ProcessCluster["taskManagers"][number]> {
  const { taskmanagers } = (await cluster.get("/taskmanagers")) as {
    taskmanagers: { id: string; freeSlots: number }[];
  };
  const busy = new Set(taskmanagers.filter(({ freeSlots }) => freeSlots < 2).map(({ id }) => id));
  const found = cluster.taskManagers.find(({ name }) => busy.has(name));
  if (found === undefined) throw new Error("no TaskManager is busy");
  return found;
}

if (import.meta.main) await run(printReport);
