import type { Clock } from "../../common/clock/clock.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { RuntimeContext } from "../../common/functions/runtime-context.ts";
import type { JobId } from "../../common/ids/ids.ts";
import type { StateDescriptor } from "../../common/state/state.ts";
import { keyGroupRange } from "../../common/keys/key-groups.ts";
import type { CheckpointDeployment, TaskDeployment } from "../../protocol/control/deployment.ts";
import type { CheckpointLocation } from "../../protocol/control/snapshots.ts";
import type { JobVertex } from "../../graph/job/job-graph.ts";
import type { StreamGraph } from "../../graph/stream/stream-graph.ts";
import type { ChannelPlace } from "../checkpoint/channel-state/channel-place.ts";
import { restoreInputs } from "../checkpoint/channel-state/restore-inputs.ts";
import type { StateFiles } from "../checkpoint/storage/state-files.ts";
import type { InputChannel } from "../network/channel.ts";
import { InputGate } from "../network/input-gate.ts";
import { OutputFlow } from "../network/record-writer/output-flow.ts";
import { createOperator } from "../operators/create-operator.ts";
import type { Operator, OperatorContext } from "../operators/operator.ts";
import { SinkOperator } from "../operators/sink/sink-operator.ts";
import { SourceOperator } from "../operators/source/source-operator.ts";
import type { StateBackend, StateStoreRequest } from "../state/state-backend.ts";
import type { Chain, ChainNode } from "./chain/chain-node.ts";
import { createChain } from "./chain/create-chain.ts";
import { layOutChain } from "./chain-layout.ts";
import type { EdgeWriter } from "./chain-layout.ts";
import { Mailbox } from "./mailbox.ts";
import { MetricRegistry } from "./metric-registry.ts";
import { OperatorStores } from "./operator-stores.ts";
import { PoisonHandler } from "./poison-handler.ts";
import type { TaskServices } from "./task-services.ts";
import type { TaskState } from "./task-state.ts";
import { TaskFlow } from "./task-flow.ts";
import { Task } from "./task.ts";

/** Settings of the tasks of a job, from its configuration. */
export interface TaskSettings {
  /** Whether chains are generated; linked otherwise. */
  readonly compiledChains: boolean;
  /** Whether records are frozen between operators (tests). */
  readonly freeze: boolean;
  /** ms */
  readonly autoWatermarkInterval: number;
  /** ms */
  readonly bufferTimeout: number;
  /** Whether the job takes checkpoints, in whatever way its tasks end. */
  readonly checkpointing: boolean;
}

/** What a slot gives to make a task. */
export interface TaskEnvironment {
  readonly deployment: TaskDeployment;
  readonly graph: StreamGraph;
  readonly vertex: JobVertex;
  readonly jobId: JobId;
  readonly attempt: number;
  readonly checkpoints: CheckpointDeployment;
  readonly args: Readonly<Record<string, unknown>>;
  readonly settings: TaskSettings;
  readonly clock: Clock;
  readonly backend: StateBackend;
  readonly services: TaskServices;
  /** Where state of a checkpoint is written, and restored state is read. */
  stateFiles(location: CheckpointLocation): StateFiles;
  /** In order of their index. */
  readonly inputs: readonly InputChannel[];
  /** Of the inputs, in their order; without them barriers stay in line, and no records in flight are restored. */
  readonly places?: readonly ChannelPlace[];
  /**
   * Opens the writers of the vertex's output edges. `flowOf` gives the listener for the channels behind an operator, by its
   * stream node's id.
   */
  openWriters(flowOf: (streamNode: number) => OutputFlow): readonly EdgeWriter[];
  wake(task: Task): void;
  onState(task: Task, state: TaskState, error: MillraceError | undefined): void;
}

/** Builds a task from its deployment and the rebuilt graphs: writers, chain, operators, flow. Nothing runs yet. */
export function createTask(env: TaskEnvironment): Task {
  const { vertex, deployment, graph, clock, settings, services } = env;
  const ready: { task?: Task } = {};
  const wake = (): void => {
    if (ready.task !== undefined) env.wake(ready.task);
  };
  const outputFlows = new Map<number, OutputFlow>();
  const writers = env.openWriters((id) => {
    const flow = outputFlows.get(id) ?? new OutputFlow();
    outputFlows.set(id, flow);
    return flow;
  });
  const nodes = layOutChain(graph, vertex, writers);
  const flow = new TaskFlow(
    nodes.map((node) => node.parent),
    (node) => chain.enter(node),
  );
  for (const [id, outputFlow] of outputFlows) {
    const node = vertex.nodes.indexOf(id);
    outputFlow.listener = {
      onBlockedChange(blocked) {
        flow.writersBlocked(node, blocked);
        if (!blocked) wake();
      },
      onDrained: wake,
      onFailed: (error) => ready.task?.fail(error, node),
    };
    if (outputFlow.blocked) flow.writersBlocked(node, true);
  }
  const mailbox = new Mailbox(wake);
  const poison: PoisonHandler = new PoisonHandler({
    nodes,
    subtask: deployment.subtask,
    chain: () => chain,
    log: (message) => services.log("warn", message),
  });
  const chain: Chain = createChain(
    nodes,
    {
      flow: flow.input,
      unique: `${graph.jobName}/${vertex.id}/${deployment.subtask}#${env.attempt}`,
      freeze: settings.freeze,
      poison: (node, error, record, timestamp) => poison.handle(node, error, record, timestamp),
    },
    settings.compiledChains,
    (message) => services.log("warn", message),
  );
  const metrics = new MetricRegistry();
  const stores = nodes.map((node) => new OperatorStores(env.backend, storeRequest(node, env)));
  const make: OperatorMaker = {
    env,
    chain,
    stores,
    flow,
    mailbox,
    metrics,
    poison,
    claimedJob: deployment.restore?.claimedJob,
    fail: (error, node) => ready.task?.fail(error, node),
    hasFinished: (node) => ready.task?.hasFinished(node) ?? false,
  };
  const task = new Task({
    execution: deployment.execution,
    place: { jobName: graph.jobName, subtaskIndex: deployment.subtask, parallelism: vertex.parallelism },
    nodes,
    chain,
    stores,
    createOperators: () =>
      nodes.map((node) => {
        chain.enter(node.index);
        return makeOperator(node, make);
      }),
    gate: new InputGate(
      restoreInputs(
        env.inputs,
        env.places ?? [],
        deployment.restore?.channels ?? [],
        env.stateFiles(env.checkpoints.location),
      ),
    ),
    places: env.places ?? [],
    writers: writers.map(({ writer }) => writer),
    outputs: writers.map(({ writer, places }) => ({ writer, places: places ?? [] })),
    flow,
    mailbox,
    clock,
    bufferTimeout: settings.bufferTimeout,
    services,
    periodicCheckpoints: env.checkpoints.periodic,
    restore: deployment.restore,
    stateFiles: (location) => env.stateFiles(location ?? env.checkpoints.location),
    wake,
    onState: (state, error) => env.onState(task, state, error),
    userMetrics: () => metrics.values(),
    skippedRecords: () => poison.skipped,
    logStopFailure: (error) =>
      services.log(
        "error",
        `what was written last could not be kept: ${error instanceof Error ? error.message : String(error)}`,
      ),
    dispose: () => env.backend.dispose(),
  });
  ready.task = task;
  return task;
}

interface OperatorMaker {
  readonly env: TaskEnvironment;
  readonly chain: Chain;
  readonly stores: readonly OperatorStores[];
  readonly flow: TaskFlow;
  readonly mailbox: Mailbox;
  readonly metrics: MetricRegistry;
  readonly poison: PoisonHandler;
  readonly claimedJob: JobId | undefined;
  fail(error: unknown, node: number): void;
  hasFinished(node: number): boolean;
}

function makeOperator(node: ChainNode, make: OperatorMaker): Operator {
  const { env } = make;
  const context = operatorContext(node, make);
  switch (node.spec.kind) {
    case "source":
      return new SourceOperator(node.spec, context, env.services, env.settings);
    case "sink":
      return new SinkOperator(node.spec, context, env.services, {
        commitWhileRunning: isEndless(env.graph) && !env.settings.checkpointing,
        claimedJob: make.claimedJob,
      });
    default:
      return createOperator(node.spec, context);
  }
}

/** Whether the job has input without an end: without checkpoints, it has no moment of its own to commit at. */
const isEndless = (graph: StreamGraph): boolean =>
  graph.nodes.some(({ spec }) => spec.kind === "source" && spec.source.boundedness === "unbounded");

function operatorContext(node: ChainNode, make: OperatorMaker): OperatorContext {
  const { env, chain, flow, mailbox, poison } = make;
  const stores = make.stores[node.index] as OperatorStores;
  return {
    runtime: runtimeContext(node, make, () => stores.keyed),
    clock: env.clock,
    output: chain.outputs[node.index] as OperatorContext["output"],
    sideOutput: (tagId) => chain.sideOutput(node.index, tagId),
    flow: flow.of(node.index),
    runCursor(cursor) {
      chain.enter(node.index);
      flow.run(node.index, cursor);
    },
    hold(held) {
      flow.hold(node.index, held);
      if (!held) mailbox.wake();
    },
    mail: (mail) =>
      mailbox.put(() => {
        // A timer, say: the operators below it may have finished, too.
        if (make.hasFinished(node.index)) return;
        chain.enter(node.index);
        mail();
      }),
    fail: (error) => make.fail(error, node.index),
    poison(error, record, timestamp) {
      // What was thrown below this operator came through its function, but is not covered by its policy.
      if (chain.trace().node !== node.index) throw error;
      poison.handle(node.index, error, record, timestamp);
    },
    get keyedState() {
      return stores.keyed;
    },
    get operatorState() {
      return stores.operator;
    },
    freeze: env.settings.freeze,
    autoWatermarkInterval: env.settings.autoWatermarkInterval,
  };
}

function runtimeContext(
  node: ChainNode,
  make: OperatorMaker,
  keyed: () => OperatorContext["keyedState"],
): RuntimeContext {
  const { env, metrics } = make;
  const isKeyed = "keySelector" in node.spec || "keySelectors" in node.spec;
  return {
    jobId: env.jobId,
    jobName: env.graph.jobName,
    operatorName: node.name,
    operatorUid: node.uid,
    subtaskIndex: env.deployment.subtask,
    parallelism: env.vertex.parallelism,
    maxParallelism: env.vertex.maxParallelism,
    attempt: env.attempt,
    metrics: metrics.group(node.name),
    args: env.args,
    now: () => env.clock.now(),
    getState<D extends StateDescriptor>(descriptor: D) {
      if (!isKeyed) {
        throw new MillraceError(
          "STATE_MISUSE",
          `operator "${node.name}" has no key, so it has no keyed state`,
          {
            help: "Use keyBy(...) before it, or operator state (initializeState).",
          },
        );
      }
      if (descriptor.name === undefined) {
        throw new MillraceError("STATE_MISUSE", `a state of operator "${node.name}" has no name`, {
          help: 'Give it one: valueState(Types.int, { name: "count" }).',
        });
      }
      return keyed().getState(descriptor.name, descriptor);
    },
  };
}

function storeRequest(
  node: ChainNode,
  { vertex, deployment, clock, settings }: TaskEnvironment,
): StateStoreRequest {
  return {
    operator: node.uid,
    operatorName: node.name,
    subtaskIndex: deployment.subtask,
    parallelism: vertex.parallelism,
    maxParallelism: vertex.maxParallelism,
    keyGroups: keyGroupRange(vertex.maxParallelism, vertex.parallelism, deployment.subtask),
    clock,
    freeze: settings.freeze,
  };
}
