import type { Clock } from "../../../../common/clock/clock.ts";
import type { SourceSplit } from "../../../../common/connector/source.ts";
import type { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { ExecutionId, OperatorUid, VertexId } from "../../../../common/ids/ids.ts";
import type { JobGraph } from "../../../../graph/job/job-graph.ts";
import type { SourceSpec } from "../../../../graph/stream/operator-spec.ts";
import type { StreamGraph } from "../../../../graph/stream/stream-graph.ts";
import type { ToSlot } from "../../../../protocol/control/messages.ts";
import { streamNode } from "../../../../runtime/task/chain-layout.ts";
import { subtaskKey } from "../units/subtask-key.ts";
import type { SubtaskKey } from "../units/subtask-key.ts";
import { AlignmentGroups } from "./alignment-groups.ts";
import { SourceCoordinator } from "./source-coordinator.ts";

/** How a job's sources reach its tasks. */
export interface JobSourcesOptions {
  readonly jobGraph: JobGraph;
  readonly streamGraph: StreamGraph;
  readonly clock: Clock;
  /** Sends to the execution that is the subtask at the moment; nothing where there is none. */
  readonly send: (subtask: SubtaskKey, message: (execution: ExecutionId) => ToSlot) => void;
  /** Sends to all slots. */
  readonly broadcast: (message: ToSlot) => void;
  readonly fail: (error: MillraceError) => void;
}

/** State of enumerators by the uids of their sources. */
export type EnumeratorStates = ReadonlyMap<OperatorUid, Uint8Array>;

/** One source of the job. */
interface JobSource {
  readonly vertex: VertexId;
  readonly uid: OperatorUid;
  readonly spec: SourceSpec;
  readonly name: string;
  readonly parallelism: number;
  coordinator: SourceCoordinator;
}

/** The enumerators of a job's sources, and the alignment of their watermarks. */
export class JobSources {
  readonly #options: JobSourcesOptions;
  readonly #sources = new Map<VertexId, JobSource>();
  readonly #alignment = new AlignmentGroups();
  readonly #drifts = new Map<string, number>();

  constructor(options: JobSourcesOptions) {
    this.#options = options;
    for (const { id: vertex, nodes, parallelism } of options.jobGraph.vertices) {
      const { spec, uid, name } = streamNode(options.streamGraph, nodes[0] as number);
      if (spec.kind !== "source") continue;
      const source = { vertex, uid, spec, name, parallelism };
      this.#sources.set(vertex, { ...source, coordinator: this.#coordinator(source) });
      const { alignment } = spec.watermarks;
      if (alignment === undefined) continue;
      this.#drifts.set(alignment.group, alignment.maxDrift);
      for (let subtask = 0; subtask < parallelism; subtask++)
        this.#alignment.join(alignment.group, subtaskKey(vertex, subtask));
    }
  }

  /** Whether a vertex is one of the sources. */
  has(vertex: VertexId): boolean {
    return this.#sources.has(vertex);
  }

  /** Starts those enumerators that have not been started. */
  start(states: EnumeratorStates): void {
    for (const { uid, coordinator } of this.#sources.values()) coordinator.start(states.get(uid));
  }

  /** Throws away the enumerators; new ones start when `start` is called. */
  reset(): void {
    for (const source of this.#sources.values()) {
      source.coordinator.close();
      source.coordinator = this.#coordinator(source);
    }
  }

  /** The splits that a reader starts with. */
  restoreSplits(vertex: VertexId, subtask: number, splits: readonly SourceSplit[]): void {
    this.of(vertex)?.restoreSplits(subtask, splits);
  }

  of(vertex: VertexId): SourceCoordinator | undefined {
    return this.#sources.get(vertex)?.coordinator;
  }

  /** A subtask has failed or is being cancelled. */
  subtaskLost(vertex: VertexId, subtask: number): void {
    const source = this.#sources.get(vertex);
    if (source === undefined) return;
    source.coordinator.readerLost(subtask);
    // Until it reports again, nobody runs ahead of where it will go on.
    this.#report(source, subtask, -Infinity);
  }

  /** A subtask has ended: it holds nobody back. */
  subtaskFinished(vertex: VertexId, subtask: number): void {
    const source = this.#sources.get(vertex);
    if (source !== undefined) this.#report(source, subtask, Infinity);
  }

  reportWatermark(group: string, vertex: VertexId, subtask: number, watermark: number): void {
    const slowest = this.#alignment.report(group, subtaskKey(vertex, subtask), watermark);
    const limit = slowest + (this.#drifts.get(group) ?? 0);
    this.#options.broadcast({ type: "alignment", group, limit });
  }

  /** The states of all enumerators; their events are held until `release`. See `SourceCoordinator.snapshot`. */
  snapshot(checkpointId: number, counts: boolean): EnumeratorStates {
    return new Map(
      [...this.#sources.values()].map(({ uid, coordinator }) => [
        uid,
        coordinator.snapshot(checkpointId, counts),
      ]),
    );
  }

  release(): void {
    for (const { coordinator } of this.#sources.values()) coordinator.release();
  }

  checkpointComplete(checkpointId: number): void {
    for (const { coordinator } of this.#sources.values()) coordinator.checkpointComplete(checkpointId);
  }

  close(): void {
    for (const { coordinator } of this.#sources.values()) coordinator.close();
  }

  #report({ vertex, spec }: JobSource, subtask: number, watermark: number): void {
    const { alignment } = spec.watermarks;
    if (alignment !== undefined) this.reportWatermark(alignment.group, vertex, subtask, watermark);
  }

  #coordinator({ vertex, spec, name, parallelism }: Omit<JobSource, "coordinator">): SourceCoordinator {
    const { clock, send, fail } = this.#options;
    return new SourceCoordinator(spec.source, {
      operatorName: name,
      parallelism,
      clock,
      assignSplits: (subtask, splits) =>
        send(subtaskKey(vertex, subtask), (execution) => ({ type: "addSplits", execution, splits })),
      noMoreSplits: (subtask) =>
        send(subtaskKey(vertex, subtask), (execution) => ({ type: "noMoreSplits", execution })),
      sendEvent: (subtask, event) =>
        send(subtaskKey(vertex, subtask), (execution) => ({ type: "sourceEvent", execution, event })),
      fail: (error) => fail(error),
    });
  }
}
