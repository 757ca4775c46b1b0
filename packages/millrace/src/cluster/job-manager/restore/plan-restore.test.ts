import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jobId, operatorUid, vertexId } from "../../../common/ids/ids.ts";
import { keyGroupRange } from "../../../common/keys/key-groups.ts";
import type { JobGraph, JobVertex } from "../../../graph/job/job-graph.ts";
import type { PartitionerKind, StreamGraph } from "../../../graph/stream/stream-graph.ts";
import type { ChannelSnapshot, StateBytes } from "../../../protocol/control/snapshots.ts";
import type {
  CheckpointMetadata,
  OperatorMetadata,
  SubtaskMetadata,
} from "../../../runtime/checkpoint/format/checkpoint-metadata.ts";
import { openOperatorState } from "../../../runtime/checkpoint/format/open-operator-state.ts";
import { createStateFiles } from "../../../runtime/checkpoint/storage/create-state-files.ts";
import { planRestore } from "./plan-restore.ts";

const KEY_GROUPS = 16;
const bytes = (text: string): StateBytes => ({ kind: "inline", bytes: new TextEncoder().encode(text) });
const textOf = (state: StateBytes): string =>
  state.kind === "inline" ? new TextDecoder().decode(state.bytes) : expect.fail("expected inline bytes");

/** A source and a keyed operator (or a sink) behind it, each a vertex of its own. */
function graphs(
  parallelism: number,
  partitioner: PartitionerKind = "hash",
  kind: "map" | "sink" = "map",
): {
  readonly streamGraph: StreamGraph;
  readonly jobGraph: JobGraph;
} {
  const jobGraph: JobGraph = {
    jobName: "j",
    vertices: ["source", "count"].map((name, node) => ({
      id: vertexId(name),
      name,
      nodes: [node],
      parallelism,
      maxParallelism: KEY_GROUPS,
      slotSharingGroup: "default",
    })),
    edges: [
      {
        source: vertexId("source"),
        target: vertexId("count"),
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
  const nodes = ["source", "count"].map((name, id) => ({
    id,
    uid: operatorUid(name),
    name,
    spec: { kind: id === 1 ? kind : "map" },
  }));
  return { jobGraph, streamGraph: { nodes } as unknown as StreamGraph };
}

const vertexOf = ({ vertices }: JobGraph, name: string): JobVertex =>
  vertices.find((vertex) => vertex.name === name) ?? expect.fail(`no vertex ${name}`);

interface Written {
  readonly parallelism: number;
  readonly splits?: (subtask: number) => readonly string[];
  readonly finished?: (subtask: number) => boolean;
  readonly channels?: readonly ChannelSnapshot[];
  readonly jobId?: number;
}

/** A checkpoint of that job: each subtask wrote its key groups, and its number as operator state. */
function metadata({
  parallelism,
  splits,
  finished,
  channels = [],
  jobId: id = 0,
}: Written): CheckpointMetadata {
  const operator = (
    name: string,
    subtask: (index: number) => Partial<SubtaskMetadata>,
  ): OperatorMetadata => ({
    uid: operatorUid(name),
    uidExplicit: true,
    name,
    kind: "map",
    parallelism,
    maxParallelism: KEY_GROUPS,
    coordinator: name === "source" ? bytes("enumerator") : undefined,
    subtasks: Array.from({ length: parallelism }, (_, index) => ({
      finished: finished?.(index) ?? false,
      keyed: undefined,
      operatorState: undefined,
      splits: undefined,
      ...subtask(index),
    })),
  });
  return {
    format: 1,
    writer: "test",
    jobId: jobId(new Uint8Array(16).fill(id)),
    jobName: "j",
    checkpointId: 7,
    triggeredAt: 0,
    completedAt: 0,
    kind: "checkpoint",
    stop: "no",
    keyHashVersion: 1,
    operators: [
      operator("source", (index) => ({ splits: splits?.(index).map((splitId) => ({ splitId })) })),
      operator("count", (index) => ({
        keyed: {
          kind: "canonical",
          keyGroups: keyGroupRange(KEY_GROUPS, parallelism, index),
          parts: [bytes(`keyed ${index}`)],
        },
        operatorState: bytes(`operator ${index}`),
      })),
    ],
    channels,
  };
}

const parallelisms = fc.integer({ min: 1, max: KEY_GROUPS });

type Whom = "one" | "those that may hold some of theirs" | "all";

/** Who should get the records that were on their way to a consumer. */
function takersOf(
  whom: Whom,
  takers: readonly number[],
  { before, after, consumer }: { readonly before: number; readonly after: number; readonly consumer: number },
): readonly number[] {
  const everyone = Array.from({ length: after }, (_, subtask) => subtask);
  if (whom === "all") return everyone;
  // Whoever it is.
  if (whom === "one") return [takers[0] ?? -1];
  const was = keyGroupRange(KEY_GROUPS, before, consumer);
  return everyone.filter((subtask) => {
    const is = keyGroupRange(KEY_GROUPS, after, subtask);
    return was.start < is.end && is.start < was.end;
  });
}

describe("planRestore", () => {
  it("gives each subtask every handle that holds some of its key groups, and no other", () => {
    fc.assert(
      fc.property(parallelisms, parallelisms, (before, after) => {
        const { jobGraph, streamGraph } = graphs(after);
        const plan = planRestore(
          metadata({ parallelism: before }),
          { jobGraph, streamGraph },
          { sameJob: false },
        );
        for (let subtask = 0; subtask < after; subtask++) {
          const own = keyGroupRange(KEY_GROUPS, after, subtask);
          const [operator] = plan.task(vertexOf(jobGraph, "count"), subtask).operators;
          const groups = (operator?.keyed ?? []).flatMap(({ keyGroups: { start, end } }) =>
            Array.from({ length: end - start }, (_, i) => start + i),
          );
          for (let group = own.start; group < own.end; group++)
            expect(groups.filter((other) => other === group)).toHaveLength(1);
          for (const { keyGroups } of operator?.keyed ?? [])
            expect(Math.max(own.start, keyGroups.start)).toBeLessThan(Math.min(own.end, keyGroups.end));
        }
      }),
    );
  });

  it("gives the operator state of all former subtasks to everyone, in their order", () => {
    const { jobGraph, streamGraph } = graphs(2);
    const plan = planRestore(metadata({ parallelism: 3 }), { jobGraph, streamGraph }, { sameJob: false });
    for (const subtask of [0, 1]) {
      const [operator] = plan.task(vertexOf(jobGraph, "count"), subtask).operators;
      expect(operator?.operatorState.map(textOf)).toEqual(["operator 0", "operator 1", "operator 2"]);
    }
    expect(textOf([...plan.enumerators.values()][0] ?? bytes(""))).toBe("enumerator");
  });

  it("leaves the place of a subtask without operator state free", () => {
    const { jobGraph, streamGraph } = graphs(3);
    const written = metadata({ parallelism: 3 });
    const left = (which: (index: number) => boolean): readonly StateBytes[] => {
      const operators = written.operators.map((operator) => ({
        ...operator,
        subtasks: operator.subtasks.map((subtask, index) =>
          which(index) ? { ...subtask, operatorState: undefined } : subtask,
        ),
      }));
      const plan = planRestore({ ...written, operators }, { jobGraph, streamGraph }, { sameJob: true });
      return plan
        .task(vertexOf(jobGraph, "count"), 1)
        .operators.flatMap(({ operatorState }) => operatorState);
    };
    const [nothing, ...others] = left((index) => index === 0);
    expect(others.map(textOf)).toEqual(["operator 1", "operator 2"]);
    const files = createStateFiles({ directory: undefined, inlineThreshold: 0 });
    expect(openOperatorState(files, nothing ?? bytes("")).states).toEqual([]);
    expect(left(() => true)).toEqual([]);
  });

  it("deals each split to one reader, to its own where there are as many", () => {
    const splits = (subtask: number): readonly string[] => [`${subtask}a`, `${subtask}b`];
    fc.assert(
      fc.property(parallelisms, parallelisms, (before, after) => {
        const { jobGraph, streamGraph } = graphs(after);
        const plan = planRestore(
          metadata({ parallelism: before, splits }),
          { jobGraph, streamGraph },
          { sameJob: false },
        );
        const dealt = Array.from({ length: after }, (_, subtask) =>
          plan.splits(vertexOf(jobGraph, "source"), subtask).map(({ splitId }) => splitId),
        );
        const all = Array.from({ length: before }, (_, subtask) => splits(subtask)).flat();
        expect(dealt.flat().sort()).toEqual([...all].sort());
        const counts = dealt.map(({ length }) => length);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        expect(dealt).toEqual(before === after ? dealt.map((_, subtask) => splits(subtask)) : dealt);
      }),
    );
  });

  it("gives a finished subtask what its sinks had prepared last, and nothing else", () => {
    const written = metadata({ parallelism: 2, finished: () => true });
    const stateOf = (kind: "map" | "sink"): readonly (readonly string[])[] => {
      const { jobGraph, streamGraph } = graphs(2, "hash", kind);
      const plan = planRestore(written, { jobGraph, streamGraph }, { sameJob: true });
      const { finished, operators } = plan.task(vertexOf(jobGraph, "count"), 1);
      expect([finished, operators.flatMap(({ keyed }) => keyed)]).toEqual([true, []]);
      return operators.map(({ operatorState }) => operatorState.map(textOf));
    };
    expect(stateOf("map")).toEqual([]);
    expect(stateOf("sink")).toEqual([["operator 0", "operator 1"]]);
  });

  it("starts a vertex as finished when all its subtasks had, and a subtask alone only in the same job", () => {
    const { jobGraph, streamGraph } = graphs(2);
    const finishedOf = (written: CheckpointMetadata, sameJob: boolean): readonly boolean[] =>
      [0, 1].map(
        (subtask) =>
          planRestore(written, { jobGraph, streamGraph }, { sameJob }).task(
            vertexOf(jobGraph, "count"),
            subtask,
          ).finished,
      );
    const some = metadata({ parallelism: 2, finished: (subtask) => subtask === 1 });
    expect(finishedOf(some, false)).toEqual([false, false]);
    expect(finishedOf(some, true)).toEqual([false, true]);
    expect(finishedOf(metadata({ parallelism: 3, finished: () => true }), false)).toEqual([true, true]);
  });

  it("starts a vertex anew when one of its operators is new", () => {
    const { jobGraph, streamGraph } = graphs(1);
    const [source, count] = streamGraph.nodes;
    const added = { ...count, id: 2, uid: operatorUid("new") };
    const vertex = { ...vertexOf(jobGraph, "count"), nodes: [1, 2] };
    const plan = planRestore(
      metadata({ parallelism: 1, finished: () => true }),
      {
        jobGraph: { ...jobGraph, vertices: [vertexOf(jobGraph, "source"), vertex] },
        streamGraph: { nodes: [source, count, added] } as unknown as StreamGraph,
      },
      { sameJob: false },
    );
    const task = plan.task(vertex, 0);
    expect([task.finished, task.operators.map(({ uid }) => uid)]).toEqual([false, ["count"]]);
  });

  it.each<[PartitionerKind, Whom]>([
    ["hash", "those that may hold some of theirs"],
    ["rebalance", "one"],
    ["shuffle", "one"],
    ["global", "one"],
    ["custom", "all"],
  ])("gives records in flight on %s edges to %s", (partitioner, whom) => {
    fc.assert(
      fc.property(parallelisms, parallelisms, (before, after) => {
        const channels = Array.from({ length: before }, (_, consumerSubtask): ChannelSnapshot[] =>
          (["unsent", "received"] as const).map((side) => ({
            sourceUid: operatorUid("source"),
            sideOutput: undefined,
            targetUid: operatorUid("count"),
            targetInput: 0,
            producerSubtask: 0,
            consumerSubtask,
            side,
            records: 1,
            bytes: bytes(""),
          })),
        ).flat();
        const { jobGraph, streamGraph } = graphs(after, partitioner);
        const plan = planRestore(
          metadata({ parallelism: before, channels }),
          { jobGraph, streamGraph },
          { sameJob: false },
        );
        const given = Array.from(
          { length: after },
          (_, subtask) => plan.task(vertexOf(jobGraph, "count"), subtask).channels,
        );
        for (let consumer = 0; consumer < before; consumer++) {
          const takers = given.flatMap((parts, subtask) =>
            parts.some(({ consumerSubtask }) => consumerSubtask === consumer) ? [subtask] : [],
          );
          const expected =
            before === after ? [consumer] : takersOf(whom, takers, { before, after, consumer });
          expect(takers).toEqual(expected);
        }
        // What was received comes before what was not sent.
        for (const parts of given)
          expect(parts.map(({ side }) => side)).toEqual(
            parts.map((_, index) => (index % 2 === 0 ? "received" : "unsent")),
          );
      }),
    );
  });
});
