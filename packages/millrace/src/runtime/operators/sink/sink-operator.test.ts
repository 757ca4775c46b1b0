import { afterEach, describe, expect, it } from "vitest";
import { newEnv } from "../../../api/streams/testing/recorded-graph.ts";
import { ManualClock } from "../../../common/clock/manual-clock.ts";
import type { StreamGraph } from "../../../graph/stream/stream-graph.ts";
import { restoreOf, TaskRig, type TaskRigOptions } from "../../task/testing/task-rig.ts";
import { TwoPhaseSink } from "../../task/testing/two-phase-sink.ts";

const rigs: TaskRig[] = [];
async function start(options: TaskRigOptions): Promise<TaskRig> {
  const rig = new TaskRig(options);
  rigs.push(rig);
  return rig.start();
}

afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.cancel();
});

function graphOf(sink: TwoPhaseSink): StreamGraph {
  const env = newEnv();
  env
    .fromItems<number>([], { name: "numbers" })
    .rebalance()
    .map((n) => n)
    .name("same")
    .sinkTo(sink);
  return env.getStreamGraph("test");
}

describe("SinkOperator", () => {
  it("commits with a checkpoint everything that was prepared up to it, and nothing behind it", async () => {
    const sink = new TwoPhaseSink();
    const rig = await start({ graph: graphOf(sink), node: "same" });
    for (const id of [1, 2, 3]) {
      rig.records(0, id);
      rig.barrier(0, id);
    }
    rig.records(0, 4);
    await rig.settle();
    expect(sink.visible).toEqual([]);
    rig.task.checkpointAborted(1);
    rig.task.checkpointComplete(2);
    await rig.settle();
    expect([sink.visible, sink.commits]).toEqual([[1, 2], [[1000, 1001]]]);
    rig.task.checkpointComplete(2);
    rig.task.checkpointComplete(3);
    await rig.settle();
    expect([sink.visible, sink.commits]).toEqual([
      [1, 2, 3],
      [[1000, 1001], [1002]],
    ]);
  });

  it("commits nothing for a savepoint in the middle, and what it prepared with the next checkpoint", async () => {
    const sink = new TwoPhaseSink();
    const rig = await start({ graph: graphOf(sink), node: "same" });
    rig.records(0, 1);
    rig.barrier(0, 1, { snapshot: "savepoint" });
    rig.records(0, 2);
    rig.barrier(0, 2);
    await rig.settle();
    expect(sink.flushes.map(({ savepoint }) => savepoint)).toEqual([true, false]);
    rig.task.checkpointComplete(1);
    await rig.settle();
    expect(sink.visible).toEqual([]);
    rig.task.checkpointComplete(2);
    await rig.settle();
    expect(sink.visible).toEqual([1, 2]);
  });

  it("tries commits again, with growing pauses, and fails when it has tried often enough", async () => {
    const sink = new TwoPhaseSink();
    const clock = new ManualClock();
    const rig = await start({ graph: graphOf(sink), node: "same", clock });
    const retry = { kind: "retry", cause: new TypeError("busy") } as const;
    sink.refusals.push(retry, retry);
    rig.records(0, 1);
    rig.barrier(0, 1);
    await rig.settle();
    rig.task.checkpointComplete(1);
    await rig.settle();
    clock.advance(100);
    await rig.settle();
    expect(sink.visible).toEqual([]);
    clock.advance(200);
    await rig.settle();
    expect([sink.visible, sink.commits]).toEqual([[1], [[1000], [1000], [1000]]]);

    sink.refusals.push(...Array.from({ length: 10 }, () => retry));
    rig.records(0, 2);
    rig.barrier(0, 2);
    await rig.settle();
    rig.task.checkpointComplete(2);
    for (let pause = 100; pause <= 100 * 2 ** 9; pause *= 2) {
      await rig.settle();
      clock.advance(pause);
    }
    await rig.settle();
    expect(rig.state).toBe("FAILED");
    expect(rig.error?.message).toMatch(/1 commits of two-phase sink failed 10 times/u);
    expect(rig.error?.cause).toMatchObject({ cause: { message: "busy" } });
  });

  it("fails with what a committer throws", async () => {
    const sink = new TwoPhaseSink();
    const rig = await start({ graph: graphOf(sink), node: "same" });
    sink.refusals.push(new TypeError("no such transaction"));
    rig.records(0, 1);
    rig.barrier(0, 1);
    await rig.settle();
    rig.task.checkpointComplete(1);
    await rig.settle();
    expect([rig.state, rig.error?.message]).toEqual([
      "FAILED",
      expect.stringContaining("no such transaction"),
    ]);
  });

  it("goes on with records while it commits", async () => {
    const sink = new TwoPhaseSink();
    const rig = await start({ graph: graphOf(sink), node: "same" });
    let commit!: () => void;
    sink.committing = new Promise((resolve) => (commit = resolve));
    rig.records(0, 1);
    rig.barrier(0, 1);
    await rig.settle();
    rig.task.checkpointComplete(1);
    rig.records(0, 2);
    rig.barrier(0, 2);
    await rig.settle();
    // What is being committed is not committed yet: the next checkpoint holds it, too.
    expect([rig.task.metrics().numRecordsToSinks, rig.acknowledged.has(2)]).toEqual([2, true]);
    const restored = new TwoPhaseSink();
    await start({
      graph: graphOf(restored),
      node: "same",
      restore: restoreOf([rig.acknowledged.get(2)!.snapshot]),
    });
    expect(restored.visible).toEqual([1, 2]);
    commit();
    await rig.settle();
    expect(sink.visible).toEqual([1]);
  });

  it("commits what it is restored with before anything is written, and goes on from the writers' states", async () => {
    const before = new TwoPhaseSink();
    const snapshots = [];
    for (const subtask of [0, 1]) {
      const rig = await start({ graph: graphOf(before), node: "same", parallelism: 2, subtask });
      rig.records(0, 10 * subtask);
      rig.barrier(0, 1);
      await rig.settle();
      snapshots.push(rig.acknowledged.get(1)!.snapshot);
    }
    const sink = new TwoPhaseSink();
    let commit!: () => void;
    sink.committing = new Promise((resolve) => (commit = resolve));
    const rig = await start({ graph: graphOf(sink), node: "same", restore: restoreOf(snapshots) });
    rig.records(0, 7);
    await rig.settle();
    expect([rig.state, sink.writers]).toEqual(["INITIALIZING", 0]);
    commit();
    await rig.settle();
    expect([rig.state, sink.visible, sink.restored]).toEqual([
      "RUNNING",
      [0, 10],
      [[{ next: 1001 }, { next: 2001 }]],
    ]);
    rig.barrier(0, 2);
    await rig.settle();
    rig.task.checkpointComplete(2);
    await rig.settle();
    expect(sink.commits.at(-1)).toEqual([2001]);
  });

  it("lets go at once when it is cancelled while it commits what it was restored with", async () => {
    const before = new TwoPhaseSink();
    const first = await start({ graph: graphOf(before), node: "same" });
    first.records(0, 1);
    first.barrier(0, 1);
    await first.settle();
    const sink = new TwoPhaseSink();
    sink.committing = new Promise(() => {});
    const rig = await start({
      graph: graphOf(sink),
      node: "same",
      restore: restoreOf([first.acknowledged.get(1)!.snapshot]),
    });
    await rig.cancel();
    expect(rig.states).toEqual(["INITIALIZING", "CANCELED"]);
  });

  it("says that a committer is missing", async () => {
    const sink = Object.assign(new TwoPhaseSink(), { createCommitter: undefined });
    const rig = await start({ graph: graphOf(sink), node: "same" });
    rig.records(0, 1);
    rig.barrier(0, 1);
    await rig.settle();
    rig.task.checkpointComplete(1);
    await rig.settle();
    expect(rig.error?.message).toContain("the sink has no committer");
  });
});
