import { randomBytes } from "node:crypto";
import type { Clock } from "../../common/clock/clock.ts";
import { jobId } from "../../common/ids/ids.ts";
import type { JobGraph } from "../../graph/job/job-graph.ts";
import type { StreamGraph } from "../../graph/stream/stream-graph.ts";
import type { SlotConnection } from "../../protocol/control/control-transport.ts";
import type { ProgramDeployment } from "../../protocol/control/deployment.ts";
import { planRings } from "../../runtime/network/ring/plan-rings.ts";
import { ringsOfSlot } from "../../runtime/network/ring/ring-descriptor.ts";
import type { RingDescriptor } from "../../runtime/network/ring/ring-descriptor.ts";
import { JobMaster } from "../job-manager/job-master/job-master.ts";
import { planDeployment } from "../job-manager/job-master/plan-deployment.ts";
import type { DeploymentPlan } from "../job-manager/job-master/plan-deployment.ts";
import type { StandardStreams } from "../job-manager/job-master/standard-streams.ts";

/** A job to run in this process. */
export interface JobStart {
  readonly streamGraph: StreamGraph;
  readonly jobGraph: JobGraph;
  readonly program: ProgramDeployment;
  readonly args: Readonly<Record<string, unknown>>;
  /** All settings, the parallelism among them. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly clock: Clock;
  readonly streams: StandardStreams;
  /** Whether everything runs in one slot: the caller's thread. */
  readonly packed: boolean;
  /** Gives the slots of the plan, online, with lines between those that exchange frames. Closed by the job when it is over. */
  openSlots(plan: DeploymentPlan, rings: RingDescriptor | undefined): Promise<readonly SlotConnection[]>;
  log(level: "info" | "warn" | "error", message: string): void;
}

/** Deploys a job and starts it. Its slots are closed when it has ended, before `done` settles. */
export async function startJob(start: JobStart): Promise<JobMaster> {
  const { jobGraph, streamGraph } = start;
  const plan = planDeployment(jobGraph, 0, start.packed);
  const crossing = plan.channels.filter(({ producer, consumer }) => producer.slot !== consumer.slot);
  const poolBytes = start.config["taskmanager.network.memory"];
  const rings =
    crossing.length === 0
      ? undefined
      : planRings({
          slots: plan.slots.length,
          attempt: 0,
          channels: crossing.map(({ id, producer, consumer }) => ({
            id,
            producerSlot: producer.slot,
            consumerSlot: consumer.slot,
          })),
          ...(typeof poolBytes === "number" ? { poolBytes } : {}),
        });
  const slots = await start.openSlots(plan, rings);
  const master = new JobMaster({
    jobId: jobId(randomBytes(16)),
    streamGraph,
    jobGraph,
    plan,
    slots,
    rings: slots.map((_, slot) => (rings === undefined ? undefined : ringsOfSlot(rings, slot))),
    program: start.program,
    args: start.args,
    config: start.config,
    clock: start.clock,
    streams: start.streams,
    log: (level, message) => start.log(level, message),
  });
  master.start();
  return master;
}
