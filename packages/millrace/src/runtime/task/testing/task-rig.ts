import { ManualClock } from "../../../common/clock/manual-clock.ts";
import type { Clock } from "../../../common/clock/clock.ts";
import { SystemClock } from "../../../common/clock/system-clock.ts";
import { systemRandom } from "../../../common/clock/random.ts";
import { createFrameCodec } from "../../../common/codec/create-frame-codec.ts";
import { ElementKind } from "../../../common/codec/frame-codec.ts";
import type { SourceSplit } from "../../../common/connector/source.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { attempt, executionId, jobId } from "../../../common/ids/ids.ts";
import { createJobGraph } from "../../../graph/job/create-job-graph.ts";
import type { JobEdge, JobGraph, JobVertex } from "../../../graph/job/job-graph.ts";
import type { StreamGraph } from "../../../graph/stream/stream-graph.ts";
import type { BarrierOptions, ChannelEvent } from "../../../protocol/channel-event.ts";
import type {
  CheckpointLocation,
  SnapshotMetrics,
  TaskRestore,
  TaskSnapshot,
} from "../../../protocol/control/snapshots.ts";
import { createStateFiles } from "../../checkpoint/storage/create-state-files.ts";
import type { StateFiles } from "../../checkpoint/storage/state-files.ts";
import type { ChannelPlace } from "../../checkpoint/channel-state/channel-place.ts";
import { mayOvertake } from "../../checkpoint/channel-state/may-overtake.ts";
import type { InputChannel } from "../../network/channel.ts";
import { LocalChannel } from "../../network/local-channel.ts";
import { noNetwork } from "../../network/no-network.ts";
import { createRecordWriter } from "../../network/record-writer/create-record-writer.ts";
import { HashMapStateBackend } from "../../state/heap/hash-map-state-backend.ts";
import type { StateBackend } from "../../state/state-backend.ts";
import { outputEdges, streamNode } from "../chain-layout.ts";
import { createTask } from "../create-task.ts";
import { SlotScheduler } from "../slot-scheduler.ts";
import type { TaskServices } from "../task-services.ts";
import type { TaskState } from "../task-state.ts";
import type { Task } from "../task.ts";

/** Turns of the event loop without anything to do after which a task is quiet. */
const QUIET_TURNS = 3;
/** Turns of the event loop after which a task that never comes to rest is left alone. */
const MAX_TURNS = 20_000;
/** How long is waited for what must come, ms: only what never comes takes so long. */
const PATIENCE = 60_000;

/** What a rig is made of. */
export interface TaskRigOptions {
  readonly graph: StreamGraph;
  /** The name of a node in the vertex under test. */
  readonly node: string;
  /** Of every vertex. Default 1. */
  readonly parallelism?: number;
  readonly subtask?: number;
  /** Channels of each edge into the task. Default 1. */
  readonly producers?: number;
  /** Channels of each edge out of it. Default 1. */
  readonly consumers?: number;
  /** Elements that an output channel holds. Default 1024. */
  readonly capacity?: number;
  readonly clock?: Clock;
  readonly backend?: StateBackend;
  readonly restore?: TaskRestore | undefined;
  /** Default: nowhere, everything inline. */
  readonly location?: CheckpointLocation;
  readonly stateFiles?: (location: CheckpointLocation) => StateFiles;
  /** Whether checkpoints are taken periodically. Default true. */
  readonly periodic?: boolean;
}

/** What came out of a channel. */
export type Emitted =
  | { readonly record: unknown }
  | { readonly watermark: number }
  | { readonly event: ChannelEvent };

/** What a task acknowledged. */
export interface Acknowledged {
  readonly snapshot: TaskSnapshot;
  readonly metrics: SnapshotMetrics;
}

/** One task, all of it real, between channels that the test writes and reads; the test is its JobMaster. */
export class TaskRig {
  readonly task: Task;
  readonly inputs: readonly LocalChannel[];
  readonly outputs: readonly InputChannel[];
  readonly acknowledged = new Map<number, Acknowledged>();
  readonly declined = new Map<number, MillraceError>();
  readonly states: TaskState[] = [];
  /** What failed it. */
  error: MillraceError | undefined;
  /** How often it said that its data has ended. */
  ends = 0;
  splitRequests = 0;
  readonly #clock: Clock;
  readonly #scheduler: SlotScheduler;

  constructor(options: TaskRigOptions) {
    const { graph, parallelism = 1, subtask = 0, producers = 1, location = IN_MEMORY } = options;
    this.#clock = options.clock ?? new ManualClock();
    this.#scheduler = new SlotScheduler(this.#clock, noNetwork);
    const jobGraph = createJobGraph(graph, { parallelism, maxParallelism: 128 });
    const vertex = vertexOf(jobGraph, graph, options.node);
    const inputs = jobGraph.edges
      .filter(({ target }) => target === vertex.id)
      .flatMap((edge) => Array.from({ length: producers }, () => edge.input));
    this.inputs = inputs.map(
      (input, index) =>
        new LocalChannel(
          { id: index, index, input },
          { onBlockedChange() {}, onDrained() {}, onFailed: (error) => (this.#inputFailure ??= error) },
        ),
    );
    const outputs: InputChannel[] = [];
    this.outputs = outputs;
    this.task = createTask({
      deployment: {
        execution: executionId(vertex.id, subtask, attempt(0)),
        vertex: vertex.id,
        subtask,
        restore: options.restore,
      },
      graph,
      vertex,
      jobId: jobId(new Uint8Array(16)),
      attempt: 0,
      checkpoints: { periodic: options.periodic ?? true, location },
      args: {},
      settings: {
        compiledChains: true,
        freeze: false,
        autoWatermarkInterval: 200,
        bufferTimeout: 100,
        checkpointing: options.periodic ?? true,
      },
      clock: this.#clock,
      backend: options.backend ?? new HashMapStateBackend(),
      stateFiles: options.stateFiles ?? createStateFiles,
      services: this.#services(),
      inputs: this.inputs.map(({ reader }) => reader),
      places: jobGraph.edges
        .filter(({ target }) => target === vertex.id)
        .flatMap((edge) =>
          Array.from({ length: producers }, (_, producer) => placeOf(graph, edge, producer, subtask)),
        ),
      openWriters: (flowOf) =>
        outputEdges(jobGraph, vertex).map(({ edge }) => {
          const channels = Array.from({ length: options.consumers ?? 1 }, (_, index) => {
            const channel = new LocalChannel(
              { id: 100 + outputs.length, index, input: 0, capacity: options.capacity ?? 1024 },
              flowOf(edge.sourceNode),
            );
            outputs.push(channel.reader);
            return channel;
          });
          const { partitioner } = streamNode(graph, edge.targetNode).inputs[edge.targetInput]!;
          return {
            edge,
            writer: createRecordWriter({
              partitioner,
              channels,
              maxParallelism: 128,
              random: systemRandom,
              after: "task",
            }),
            places: channels.map((_, consumer) => placeOf(graph, edge, subtask, consumer)),
          };
        }),
      wake: (task) => this.#scheduler.wake(task),
      onState: (_, state, error) => {
        this.states.push(state);
        this.error ??= error;
      },
    });
  }

  #inputFailure: MillraceError | undefined;

  /** What a producer was told when the task went away before its channel had ended. */
  get inputFailure(): MillraceError | undefined {
    return this.#inputFailure;
  }

  get state(): TaskState | undefined {
    return this.states.at(-1);
  }

  /** Starts it, and waits until it runs (or has failed). */
  async start(): Promise<this> {
    this.task.start();
    await this.settle();
    return this;
  }

  /** Waits until it has nothing to do. Writing to a folder counts as something. */
  async settle(): Promise<void> {
    let quiet = 0;
    // Waiting for a folder is no turn: a busy machine may take its time.
    for (let busy = 0; busy < MAX_TURNS && quiet < QUIET_TURNS;) {
      await new Promise<void>((next) => this.#clock.yield(next));
      if (!this.#scheduler.quiet) busy++;
      quiet = this.#scheduler.quiet && !this.task.underway ? quiet + 1 : 0;
    }
  }

  /** Waits until something is so, or fails. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const clock = new SystemClock();
    const patience = clock.monotonic() + PATIENCE;
    while (!condition()) {
      if (clock.monotonic() > patience) throw new MillraceError("INTERNAL", `waited in vain for ${what}`);
      await new Promise<void>((next) => this.#clock.yield(next));
    }
  }

  records(channel: number, ...values: readonly unknown[]): void {
    for (const value of values) this.inputs[channel]?.record(value, 0);
  }

  watermark(channel: number, watermark: number): void {
    this.inputs[channel]?.watermark(watermark);
  }

  barrier(channel: number, checkpointId: number, options: Partial<BarrierOptions> = {}): void {
    this.event(channel, barrier(checkpointId, options));
  }

  event(channel: number, event: ChannelEvent): void {
    this.inputs[channel]?.event(event);
  }

  /** The channel's data ends, then the channel. */
  endOfChannel(channel: number): void {
    this.watermark(channel, Infinity);
    this.event(channel, { kind: "endOfData", drained: true });
    this.event(channel, { kind: "endOfPartition" });
  }

  trigger(checkpointId: number, options: Partial<BarrierOptions> = {}): void {
    const { timestamp, options: all } = barrier(checkpointId, options);
    this.task.triggerCheckpoint({ checkpointId, timestamp, options: all });
  }

  addSplits(...splits: readonly SourceSplit[]): void {
    this.task.mail(() => this.task.source?.addSplits(splits));
  }

  /** Takes everything out of an output channel. */
  take(channel = 0): Emitted[] {
    const reader = this.outputs[channel]!;
    const emitted: Emitted[] = [];
    for (let head = reader.head(); head !== "none"; head = reader.head()) {
      if (head === "event") {
        emitted.push({ event: reader.takeEvent() });
        continue;
      }
      const { cursor } = reader;
      for (let kind = cursor.next(); kind !== ElementKind.END; kind = cursor.next()) {
        emitted.push(
          kind === ElementKind.RECORD ? { record: cursor.value } : { watermark: cursor.timestamp },
        );
      }
      reader.release();
    }
    return emitted;
  }

  /** The same in short: records as they are, "watermark 7", "barrier 3", "cancelBarrier 3", "endOfData drained", ... */
  takeBrief(channel = 0): unknown[] {
    return this.take(channel).map((emitted) => {
      if ("record" in emitted) return emitted.record;
      if ("watermark" in emitted) return `watermark ${emitted.watermark}`;
      const { event } = emitted;
      if ("checkpointId" in event) return `${event.kind} ${event.checkpointId}`;
      return event.kind === "endOfData" && event.drained ? "endOfData drained" : event.kind;
    });
  }

  async cancel(): Promise<void> {
    this.task.cancel();
    await this.settle();
  }

  #services(): TaskServices {
    return {
      requestSplit: () => void this.splitRequests++,
      sendSourceEvent() {},
      reportWatermark() {},
      openStdin: () => {
        throw new MillraceError("INTERNAL", "there is no standard input here");
      },
      stdout() {},
      stdoutBacklog: () => 0,
      sendToClient() {},
      clientBacklog: () => 0,
      onBacklog() {},
      acknowledgeCheckpoint: (id, snapshot, metrics) => void this.acknowledged.set(id, { snapshot, metrics }),
      declineCheckpoint: (id, error) => void this.declined.set(id, error),
      endOfData: () => void this.ends++,
      log() {},
    };
  }
}

/** What a subtask starts from when all subtasks of its vertex acknowledged these snapshots; each restores what is its own. */
export function restoreOf(snapshots: readonly TaskSnapshot[], finished = false): TaskRestore {
  const uids = new Set(snapshots.flatMap(({ operators }) => operators.map(({ uid }) => uid)));
  return {
    checkpointId: 1,
    finished,
    operators: [...uids].map((uid) => {
      const of = snapshots.flatMap(({ operators }) => operators.filter((operator) => operator.uid === uid));
      return {
        uid,
        keyed: of.flatMap(({ keyed }) => keyed ?? []),
        operatorState: of.flatMap(({ operatorState }) => operatorState ?? []),
      };
    }),
    channels: snapshots.flatMap(({ channels }) => channels),
  };
}

const IN_MEMORY: CheckpointLocation = { directory: undefined, inlineThreshold: Infinity };

function barrier(
  checkpointId: number,
  options: Partial<BarrierOptions>,
): Extract<ChannelEvent, { readonly kind: "barrier" }> {
  return {
    kind: "barrier",
    checkpointId,
    timestamp: 0,
    options: {
      snapshot: "checkpoint",
      mode: "exactly-once",
      alignment: "aligned",
      alignmentTimeout: undefined,
      location: undefined,
      incremental: true,
      ...options,
    },
  };
}

/** A channel between two subtasks of an edge, as if the other side had as many as channels are asked for. */
function placeOf(
  graph: StreamGraph,
  edge: JobEdge,
  producerSubtask: number,
  consumerSubtask: number,
): ChannelPlace {
  return {
    sourceUid: streamNode(graph, edge.sourceNode).uid,
    sideOutput: edge.sideOutput,
    targetUid: streamNode(graph, edge.targetNode).uid,
    targetInput: edge.targetInput,
    producerSubtask,
    consumerSubtask,
    producers: 1,
    consumers: 1,
    overtakes: mayOvertake(edge.partitioner),
    type: undefined,
    codec: () => createFrameCodec<unknown>(undefined, { unique: "task-rig" }),
    belongs: undefined,
  };
}

function vertexOf(jobGraph: JobGraph, graph: StreamGraph, node: string): JobVertex {
  const found = jobGraph.vertices.find(({ nodes }) =>
    nodes.some((id) => streamNode(graph, id).name === node),
  );
  if (found === undefined) throw new MillraceError("INTERNAL", `no vertex has a node "${node}"`);
  return found;
}
