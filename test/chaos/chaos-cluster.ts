import { freePort, ProcessCluster, type ClusterProcess } from "../cluster/processes/process-cluster.ts";
import { Link } from "./link.ts";

/** A TaskManager, with the links by which it is reached and reaches the JobManager. */
export interface Member {
  readonly process: ClusterProcess;
  readonly control: Link;
  readonly data: Link;
}

/** Of detection, in ms: not so short that a busy machine is taken for a dead one. */
export const HEARTBEAT_TIMEOUT = 4000;
const SLOTS = 2;

/**
 * One JobManager and TaskManagers as processes, which reach each other by links that can be cut: each TaskManager has an address and a data
 * port that lead to it by its own link, and a link of its own to whoever leads.
 */
export class ChaosCluster {
  readonly cluster: ProcessCluster;
  readonly members: Member[] = [];
  /** Killed or ended on purpose. */
  readonly #dismissed = new Set<ClusterProcess>();
  readonly #links: Link[] = [];
  #hosts = 0;

  private constructor(cluster: ProcessCluster) {
    this.cluster = cluster;
  }

  /** @param shared - folder that JobManagers share */
  static async start(taskManagers: number, shared: string): Promise<ChaosCluster> {
    const chaos = new ChaosCluster(
      await ProcessCluster.start({
        taskManagers: 0,
        slots: SLOTS,
        config: {
          "high-availability.type": "filesystem",
          "high-availability.storageDir": shared,
          "heartbeat.interval": "500 ms",
          "heartbeat.timeout": `${HEARTBEAT_TIMEOUT} ms`,
          "cluster.evenly-spread-out-slots": true,
        },
      }),
    );
    try {
      await Promise.all(Array.from({ length: taskManagers }, () => chaos.join()));
      await chaos.cluster.registered(taskManagers);
      return chaos;
    } catch (error) {
      await chaos.close();
      throw error;
    }
  }

  /** Slots of all members. */
  get slots(): number {
    return this.members.length * SLOTS;
  }

  /** Starts a TaskManager. */
  async join(): Promise<Member> {
    const port = await freePort();
    const host = `127.0.1.${(++this.#hosts % 250) + 1}`;
    const [control, data] = await Promise.all([Link.open(this.cluster.rpcPort), Link.open(port, host, port)]);
    this.#links.push(control, data);
    const process = await this.cluster.startTaskManager({
      "jobmanager.rpc.port": control.port,
      "taskmanager.host": host,
      "taskmanager.bind-host": "127.0.0.1",
      "taskmanager.data.port": port,
    });
    const member = { process, control, data };
    this.members.push(member);
    return member;
  }

  /** Ends one, by force or in order, for good. */
  async dismiss(member: Member, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    this.members.splice(this.members.indexOf(member), 1);
    this.#dismissed.add(member.process);
    await member.process.kill(signal);
  }

  /** Kills the JobManager. */
  async killJobManager(): Promise<void> {
    this.#dismissed.add(this.cluster.jobManager);
    await this.cluster.jobManager.kill();
  }

  /** Has another process lead, at another port; all TaskManagers find it. @returns who led before */
  async succeed(): Promise<ClusterProcess> {
    const former = this.cluster.jobManager;
    this.#dismissed.add(former);
    await this.cluster.moveJobManager();
    for (const { control } of this.members) control.target = this.cluster.rpcPort;
    return former;
  }

  /** @throws when a process has ended that was to live */
  check(): void {
    for (const process of [this.cluster.jobManager, ...this.members.map((member) => member.process)]) {
      const { exitCode, signalCode } = process.child;
      if (this.#dismissed.has(process) || (exitCode === null && signalCode === null)) continue;
      throw new Error(
        `${process.name} ended by itself: ${exitCode ?? signalCode}\n${process.stderr}\n${this.cluster.logs()}`,
      );
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.close()));
    await this.cluster.close();
  }
}
