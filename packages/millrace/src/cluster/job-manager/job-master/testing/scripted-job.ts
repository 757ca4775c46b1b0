import { ManualClock } from "../../../../common/clock/manual-clock.ts";
import { seededRandom } from "../../../../common/clock/random.ts";
import { parseConfig } from "../../../../common/config/configuration.ts";
import type { ConfigValues } from "../../../../common/config/options.ts";
import type { Source, SplitEnumeratorContext } from "../../../../common/connector/source.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { jobId, operatorUid, vertexId } from "../../../../common/ids/ids.ts";
import type { JobGraph } from "../../../../graph/job/job-graph.ts";
import type { PartitionerKind, StreamGraph } from "../../../../graph/stream/stream-graph.ts";
import type { CheckpointStore } from "../../../../runtime/checkpoint/storage/checkpoint-store.ts";
import { createCheckpointStore } from "../../../../runtime/checkpoint/storage/create-checkpoint-store.ts";
import { JobMaster } from "../job-master.ts";
import type { JobMasterOptions, JobRestore } from "../job-master-options.ts";
import type { SlotProvider } from "../units/slot-provider.ts";
import { ScriptedSlots } from "./scripted-slots.ts";

/** The vertices of scripted jobs. */
export const SOURCE = vertexId("s");
export const SINK = vertexId("w");

/** How a scripted job is. */
export interface ScriptedJobOptions {
  /** Between source and sink. Default hash. */
  readonly partitioner?: PartitionerKind;
  readonly config?: ConfigValues;
  readonly clock?: ManualClock;
  readonly restore?: JobRestore;
  readonly checkpointed?: JobMasterOptions["checkpointed"];
  readonly committing?: JobMasterOptions["committing"];
  /** Stands before the real storage, which is memory. */
  wrapStore?(store: CheckpointStore): CheckpointStore;
}

/** A job of two source subtasks and two sink subtasks, whose slots do what the test says. */
export interface ScriptedJob<S extends SlotProvider = ScriptedSlots> {
  readonly master: JobMaster;
  readonly slots: S;
  readonly clock: ManualClock;
  readonly log: string[];
  /** What its enumerators were told, "create", "addReader 0", ... */
  readonly enumerator: string[];
  /** Of the enumerator that lives. */
  readonly context: SplitEnumeratorContext<never>;
}

/** Starts a scripted job. */
export async function scriptedJob(options: ScriptedJobOptions = {}): Promise<ScriptedJob> {
  return jobOf(new ScriptedSlots(), options);
}

/** Starts that job with slots of another kind. */
export async function jobOf<S extends SlotProvider>(
  slots: S,
  options: ScriptedJobOptions = {},
): Promise<ScriptedJob<S>> {
  const { partitioner = "hash", clock = new ManualClock() } = options;
  const log: string[] = [];
  const enumerator: string[] = [];
  let context: SplitEnumeratorContext<never> | undefined;
  const source: Source<unknown, never, unknown> = {
    name: "scripted source",
    boundedness: "unbounded",
    guarantee: "exactly-once",
    createEnumerator(given, restored) {
      context = given;
      enumerator.push(restored === undefined ? "create" : `create from ${JSON.stringify(restored)}`);
      let snapshots = 0;
      return {
        start: () => enumerator.push("start"),
        addReader: (subtask) => enumerator.push(`addReader ${subtask}`),
        handleSplitRequest: (subtask) => enumerator.push(`request ${subtask}`),
        addSplitsBack: (splits, subtask) =>
          enumerator.push(`back ${subtask}: ${JSON.stringify(splits.map(({ splitId }) => splitId))}`),
        snapshotState: (checkpoint) => ({ checkpoint, snapshots: ++snapshots }),
        notifyCheckpointComplete: (checkpoint) => enumerator.push(`complete ${checkpoint}`),
        close: () => enumerator.push("close"),
      };
    },
    createReader: () => {
      throw new MillraceError("INTERNAL", "no reader runs here");
    },
  };
  const jobGraph: JobGraph = {
    jobName: "test",
    vertices: [SOURCE, SINK].map((id, node) => ({
      id,
      name: id,
      nodes: [node],
      parallelism: 2,
      maxParallelism: 128,
      slotSharingGroup: "default",
    })),
    edges: [
      {
        source: SOURCE,
        target: SINK,
        sourceNode: 0,
        targetNode: 1,
        targetInput: 0,
        input: 0,
        sideOutput: undefined,
        partitioner,
      },
    ],
    fingerprint: "f",
  };
  const node = (id: number, spec: object): object => ({
    id,
    uid: operatorUid(id === 0 ? "source" : "sink"),
    uidExplicit: true,
    name: id === 0 ? "source" : "sink",
    spec,
    inputs: [],
    sideOutputTypes: new Map(),
    poison: { kind: "fail" },
  });
  const config = parseConfig(options.config ?? {});
  // Only what the JobMaster looks at.
  const streamGraph = {
    jobName: "test",
    nodes: [
      node(0, { kind: "source", source, watermarks: {} }),
      node(1, { kind: "map", fn: (value: unknown) => value }),
    ],
    config,
    captured: {},
  } as unknown as StreamGraph;
  const master = new JobMaster({
    epoch: 0,
    jobId: jobId(new Uint8Array(16)),
    streamGraph,
    jobGraph,
    packed: false,
    slots,
    program: { kind: "inline", key: "test" },
    args: {},
    config,
    clock,
    random: seededRandom(1),
    streams: { write() {}, read() {}, close() {} },
    restore: options.restore,
    checkpointed: options.checkpointed,
    committing: options.committing,
    async createStore() {
      const store = createCheckpointStore({
        directory: undefined,
        savepointDirectory: undefined,
        inlineThreshold: 0,
      });
      return options.wrapStore?.(store) ?? store;
    },
    log: (level, message) => log.push(`${level} ${message}`),
  });
  await master.start();
  return {
    master,
    slots,
    clock,
    log,
    enumerator,
    get context() {
      return context as SplitEnumeratorContext<never>;
    },
  };
}

/** Lets everything happen that needs no time. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
