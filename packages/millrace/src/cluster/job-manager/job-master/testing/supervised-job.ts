import { ManualClock } from "../../../../common/clock/manual-clock.ts";
import { seededRandom } from "../../../../common/clock/random.ts";
import { parseConfig } from "../../../../common/config/configuration.ts";
import type { ConfigValues } from "../../../../common/config/options.ts";
import type { Sink } from "../../../../common/connector/sink.ts";
import type { Source, SplitEnumeratorContext } from "../../../../common/connector/source.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { jobId } from "../../../../common/ids/ids.ts";
import { WatermarkStrategy } from "../../../../common/watermarks/watermark-strategy.ts";
import type { JobStatus } from "../../../../graph/execution/job-status.ts";
import { StreamGraphBuilder } from "../../../../graph/stream/stream-graph-builder.ts";
import type { Partitioner } from "../../../../graph/stream/stream-graph.ts";
import type { JobHistory, JobMishaps } from "../../../../protocol/cluster/job-history.ts";
import type { ResourceRequirements } from "../../../../protocol/cluster/job-submission.ts";
import { createCheckpointStore } from "../../../../runtime/checkpoint/storage/create-checkpoint-store.ts";
import type { CheckpointStore } from "../../../../runtime/checkpoint/storage/checkpoint-store.ts";
import { settleGraph } from "../../../artifact/build-job.ts";
import type { JobRestore } from "../job-master-options.ts";
import type { AwaitedSlots } from "../supervisor/job-supervisor-options.ts";
import { JobSupervisor } from "../supervisor/job-supervisor.ts";

/** How a supervised job is. */
export interface SupervisedJobOptions {
  readonly config?: ConfigValues;
  readonly partitioner?: Partitioner;
  readonly available?: number;
  readonly requirements?: ResourceRequirements;
  readonly restore?: JobRestore;
  readonly store?: CheckpointStore;
  readonly history?: JobHistory;
}

/** A supervised job of two vertices. */
export interface SupervisedJob<S extends AwaitedSlots> {
  readonly supervisor: JobSupervisor;
  readonly slots: S;
  readonly clock: ManualClock;
  readonly log: string[];
  readonly statuses: JobStatus[];
  /** What was told that it has been through, the last at the end. */
  readonly mishaps: JobMishaps[];
  /** Of the enumerator that lives; undefined before the first. */
  readonly context: SplitEnumeratorContext<never> | undefined;
  /** Ids of the source's and the sink's vertices. */
  readonly vertices: readonly [string, string];
}

/** A job of a source and what follows it by a hash edge, both of parallelism 2, in slots that the test gives. Not started. */
export function supervisedJob<S extends AwaitedSlots>(
  slots: S,
  options: SupervisedJobOptions = {},
): SupervisedJob<S> {
  const clock = new ManualClock();
  const log: string[] = [];
  const statuses: JobStatus[] = [];
  const mishaps: JobMishaps[] = [];
  let context: SplitEnumeratorContext<never> | undefined;
  const source: Source<unknown, never, unknown> = {
    name: "scripted source",
    boundedness: "unbounded",
    guarantee: "exactly-once",
    createEnumerator(given) {
      context = given;
      return {
        start() {},
        addReader() {},
        handleSplitRequest() {},
        addSplitsBack() {},
        snapshotState: (checkpoint) => ({ checkpoint }),
        close() {},
      };
    },
    createReader: () => {
      throw new MillraceError("INTERNAL", "no reader runs here");
    },
  };
  const builder = new StreamGraphBuilder();
  const { partitioner = { kind: "hash", keySelector: (value: unknown) => value } } = options;
  const from = builder.add({
    spec: { kind: "source", source, watermarks: WatermarkStrategy.noWatermarks() },
    inputs: [],
  });
  const to = builder.add({
    // Only what the graph looks at: nothing of it runs.
    spec: { kind: "sink", sink: { name: "nowhere" } as Sink<unknown, unknown, unknown> },
    inputs: [{ source: from, input: 0, sideOutput: undefined, partitioner }],
  });
  builder.update(to, { chaining: "never" });
  const config = parseConfig({ "parallelism.default": 2, ...options.config });
  const streamGraph = builder.build({ jobName: "test", config });
  const built = { ...settleGraph(streamGraph, 2), args: {} };
  const [sourceVertex, sinkVertex] = built.jobGraph.vertices;
  const supervisor = new JobSupervisor({
    jobId: jobId(new Uint8Array(16)),
    epoch: 1,
    program: { kind: "inline", key: "test" },
    clock,
    random: seededRandom(1),
    streams: { write() {}, read() {}, close() {} },
    built,
    slots,
    store:
      options.store ??
      createCheckpointStore({ directory: undefined, savepointDirectory: undefined, inlineThreshold: 0 }),
    restore: options.restore,
    recovered: [],
    requirements: options.requirements,
    available: options.available,
    history: options.history,
    onMishaps: (told) => mishaps.push(told),
    onStatus: (status) => statuses.push(status),
    log: (level, message) => log.push(`${level} ${message}`),
  });
  return {
    supervisor,
    slots,
    clock,
    log,
    statuses,
    mishaps,
    get context() {
      return context;
    },
    vertices: [sourceVertex?.id ?? "", sinkVertex?.id ?? ""],
  };
}
