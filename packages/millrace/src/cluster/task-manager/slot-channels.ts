import { systemRandom } from "../../common/clock/random.ts";
import { createFrameCodec } from "../../common/codec/create-frame-codec.ts";
import type { FrameCodec } from "../../common/codec/frame-codec.ts";
import { createRecordCheck } from "../../common/codec/record-check.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { keyGroupRange } from "../../common/keys/key-groups.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";
import type { JobEdge, JobVertex } from "../../graph/job/job-graph.ts";
import type { ChannelDeployment, SlotDeployment, TaskDeployment } from "../../protocol/control/deployment.ts";
import type { ChannelPlace } from "../../runtime/checkpoint/channel-state/channel-place.ts";
import { keyShare } from "../../runtime/checkpoint/channel-state/key-share.ts";
import { mayOvertake } from "../../runtime/checkpoint/channel-state/may-overtake.ts";
import type { ChannelWriter, ChannelWriterListener, InputChannel } from "../../runtime/network/channel.ts";
import { LocalChannel } from "../../runtime/network/local-channel.ts";
import { noNetwork } from "../../runtime/network/no-network.ts";
import { createRecordWriter } from "../../runtime/network/record-writer/create-record-writer.ts";
import type { OutputFlow } from "../../runtime/network/record-writer/output-flow.ts";
import type { RingNetwork } from "../../runtime/network/ring/ring-network.ts";
import type { SlotNetwork } from "../../runtime/network/slot-network.ts";
import { outputEdges, streamNode } from "../../runtime/task/chain-layout.ts";
import type { EdgeWriter } from "../../runtime/task/chain-layout.ts";
import type { TaskSettings } from "../../runtime/task/create-task.ts";
import type { BuiltProgram } from "./program.ts";

/** Opens a deployment's shared memory from the point of view of one slot. */
export type OpenRings = (rings: unknown, slot: number) => RingNetwork;

/**
 * The channels of one slot's tasks: queues of objects where both ends are here, rings of frames where one is elsewhere.
 * */
export class SlotChannels {
  readonly network: SlotNetwork;
  readonly #deployment: SlotDeployment;
  readonly #settings: TaskSettings;
  readonly #rings: RingNetwork | undefined;
  readonly #listeners = new Map<number, ForwardingListener>();
  readonly #locals = new Map<number, LocalChannel>();
  readonly #codecs = new Map<number, FrameCodec<unknown>>();

  constructor(deployment: SlotDeployment, settings: TaskSettings, openRings: OpenRings | undefined) {
    this.#deployment = deployment;
    this.#settings = settings;
    this.#rings = deployment.rings === undefined ? undefined : openRings?.(deployment.rings, deployment.slot);
    this.network = this.#rings ?? noNetwork;
  }

  openInputs(task: TaskDeployment, built: BuiltProgram): readonly InputChannel[] {
    return this.#inputsOf(task).map((channel, index) => {
      const edge = edgeOf(built, channel);
      if (this.#isLocal(channel)) return this.#local(channel, index, edge, built).reader;
      return this.#openedRings(channel).createInput(
        channel.id,
        index,
        edge.input,
        this.#codec(channel, built),
      );
    });
  }

  /** Where the inputs are in the job, in their order. */
  inputPlaces(task: TaskDeployment, built: BuiltProgram): readonly ChannelPlace[] {
    return this.#inputsOf(task).map((channel) => this.#place(channel, built));
  }

  openWriters(
    task: TaskDeployment,
    built: BuiltProgram,
    flowOf: (node: number) => OutputFlow,
  ): readonly EdgeWriter[] {
    const { jobGraph, streamGraph } = built;
    const vertex = vertexOf(built, task.vertex);
    return outputEdges(jobGraph, vertex).map(({ index, edge }) => {
      const deployed = this.#deployment.channels.filter(
        ({ edge: of, producer }) =>
          of === index && producer.vertex === task.vertex && producer.subtask === task.subtask,
      );
      const channels = deployed.map((channel) =>
        this.#openWriter(channel, edge, built, flowOf(edge.sourceNode)),
      );
      const input = streamNode(streamGraph, edge.targetNode).inputs[edge.targetInput];
      if (input === undefined)
        throw new MillraceError("INTERNAL", `edge ${index} leads to no input of node ${edge.targetNode}`);
      const writer = createRecordWriter({
        // Between different parallelisms, forward edges became rebalance ones.
        partitioner: edge.partitioner === "rebalance" ? { kind: "rebalance" } : input.partitioner,
        channels,
        maxParallelism: vertexOf(built, edge.target).maxParallelism,
        random: systemRandom,
        after: streamNode(streamGraph, edge.sourceNode).name,
      });
      return { edge, writer, places: deployed.map((channel) => this.#place(channel, built)) };
    });
  }

  #inputsOf(task: TaskDeployment): readonly ChannelDeployment[] {
    return this.#deployment.channels.filter(
      ({ consumer }) => consumer.vertex === task.vertex && consumer.subtask === task.subtask,
    );
  }

  #place(channel: ChannelDeployment, built: BuiltProgram): ChannelPlace {
    const { streamGraph } = built;
    const edge = edgeOf(built, channel);
    const { parallelism, maxParallelism } = vertexOf(built, edge.target);
    const { producer, consumer } = channel;
    const target = streamNode(streamGraph, edge.targetNode);
    const partitioner = target.inputs[edge.targetInput]?.partitioner;
    const keySelector =
      edge.partitioner === "hash" && partitioner?.kind === "hash" ? partitioner.keySelector : undefined;
    return {
      sourceUid: streamNode(streamGraph, edge.sourceNode).uid,
      sideOutput: edge.sideOutput,
      targetUid: target.uid,
      targetInput: edge.targetInput,
      producerSubtask: producer.subtask,
      consumerSubtask: consumer.subtask,
      producers: vertexOf(built, edge.source).parallelism,
      consumers: parallelism,
      overtakes: mayOvertake(edge.partitioner),
      type: typeOf(edge, built)?.description,
      codec: () => this.#codec(channel, built),
      belongs:
        keySelector &&
        keyShare(keySelector, maxParallelism, keyGroupRange(maxParallelism, parallelism, consumer.subtask)),
    };
  }

  #openWriter(
    channel: ChannelDeployment,
    edge: JobEdge,
    built: BuiltProgram,
    listener: ChannelWriterListener,
  ): ChannelWriter {
    if (!this.#isLocal(channel)) {
      return this.#openedRings(channel).createWriter(channel.id, this.#codec(channel, built), listener);
    }
    const local = this.#local(channel, this.#indexAtConsumer(channel), edge, built);
    (this.#listeners.get(channel.id) as ForwardingListener).target = listener;
    return local;
  }

  #local(channel: ChannelDeployment, index: number, edge: JobEdge, built: BuiltProgram): LocalChannel {
    let local = this.#locals.get(channel.id);
    if (local === undefined) {
      const listener = new ForwardingListener();
      this.#listeners.set(channel.id, listener);
      const check = createRecordCheck(
        typeOf(edge, built),
        `${this.#deployment.jobName}/channel-${channel.id}`,
      );
      local = new LocalChannel(
        { id: channel.id, index, input: edge.input, freeze: this.#settings.freeze, check },
        listener,
      );
      this.#locals.set(channel.id, local);
    }
    return local;
  }

  #indexAtConsumer({ id, consumer }: ChannelDeployment): number {
    return this.#deployment.channels
      .filter(
        (other) => other.consumer.vertex === consumer.vertex && other.consumer.subtask === consumer.subtask,
      )
      .findIndex((other) => other.id === id);
  }

  #isLocal({ producer, consumer }: ChannelDeployment): boolean {
    return producer.slot === consumer.slot;
  }

  #openedRings(channel: ChannelDeployment): RingNetwork {
    if (this.#rings !== undefined) return this.#rings;
    throw new MillraceError(
      "INTERNAL",
      `channel ${channel.id} leads to another slot, but there is no shared memory`,
    );
  }

  /** One codec for each edge; both sides make it from the same program. */
  #codec(channel: ChannelDeployment, built: BuiltProgram): FrameCodec<unknown> {
    let codec = this.#codecs.get(channel.edge);
    if (codec === undefined) {
      codec = createFrameCodec(typeOf(edgeOf(built, channel), built), {
        unique: `${this.#deployment.jobName}/edge-${channel.edge}/slot-${this.#deployment.slot}`,
      });
      this.#codecs.set(channel.edge, codec);
    }
    return codec;
  }
}

/** Stands between a local channel and its producer, which may be created after the consumer. */
class ForwardingListener implements ChannelWriterListener {
  target: ChannelWriterListener | undefined;
  onBlockedChange(blocked: boolean): void {
    this.target?.onBlockedChange(blocked);
  }
  onDrained(): void {
    this.target?.onDrained();
  }
  onFailed(error: MillraceError): void {
    this.target?.onFailed(error);
  }
}

function edgeOf(built: BuiltProgram, channel: ChannelDeployment): JobEdge {
  const edge = built.jobGraph.edges[channel.edge];
  if (edge === undefined) throw new MillraceError("INTERNAL", `the job graph has no edge ${channel.edge}`);
  return edge;
}

/** The declared type of the records on an edge. */
function typeOf(edge: JobEdge, built: BuiltProgram): TypeInfo<unknown> | undefined {
  const source = streamNode(built.streamGraph, edge.sourceNode);
  return edge.sideOutput === undefined ? source.outputType : source.sideOutputTypes.get(edge.sideOutput);
}

function vertexOf(built: BuiltProgram, id: string): JobVertex {
  const vertex = built.jobGraph.vertices.find((other) => other.id === id);
  if (vertex === undefined) throw new MillraceError("INTERNAL", `the job graph has no vertex ${id}`);
  return vertex;
}
