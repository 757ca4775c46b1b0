import { afterEach, describe, expect, it } from "vitest";
import { newEnv } from "../../api/streams/testing/recorded-graph.ts";
import { ManualClock } from "../../common/clock/manual-clock.ts";
import { WatermarkStrategy } from "../../common/watermarks/watermark-strategy.ts";
import type { StreamGraph } from "../../graph/stream/stream-graph.ts";
import { NumbersSource } from "./testing/numbers-source.ts";
import { restoreOf, TaskRig, type TaskRigOptions } from "./testing/task-rig.ts";
import { TwoPhaseSink } from "./testing/two-phase-sink.ts";

const rigs: TaskRig[] = [];
async function start(options: TaskRigOptions): Promise<TaskRig> {
  const rig = new TaskRig(options);
  rigs.push(rig);
  return rig.start();
}

afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.cancel();
});

/** A source and a task behind it. */
function sourceGraph(source: NumbersSource): StreamGraph {
  const env = newEnv();
  env
    .fromSource(source, WatermarkStrategy.noWatermarks(), "numbers")
    .map((n) => n)
    .rebalance()
    .print();
  return env.getStreamGraph("test");
}

/** Two channels into a function and a sink, and on into another task. */
function sinkGraph(sink: TwoPhaseSink): StreamGraph {
  const env = newEnv();
  const a = env.fromItems<number>([], { name: "a" });
  const doubled = a
    .union(env.fromItems<number>([], { name: "b" }))
    .rebalance()
    .map((n) => n * 2)
    .name("double");
  doubled.sinkTo(sink);
  doubled.rebalance().print();
  return env.getStreamGraph("test");
}

describe("the end of a task", () => {
  describe("with periodic checkpoints", () => {
    it("comes when a checkpoint that covers it is complete and committed", async () => {
      const sink = new TwoPhaseSink();
      const rig = await start({ graph: sinkGraph(sink), node: "double" });
      rig.records(0, 1);
      for (const channel of [0, 1]) rig.barrier(channel, 1);
      rig.records(1, 2);
      await rig.settle();
      for (const channel of [0, 1]) {
        rig.watermark(channel, Infinity);
        rig.event(channel, { kind: "endOfData", drained: true });
      }
      await rig.settle();
      expect(rig.takeBrief()).toEqual([2, "barrier 1", 4, "watermark Infinity", "endOfData drained"]);
      expect([rig.ends, rig.state]).toEqual([1, "RUNNING"]);
      rig.task.checkpointComplete(1);
      await rig.settle();
      // The first checkpoint does not hold what came behind its barrier.
      expect([sink.visible, rig.state]).toEqual([[2], "RUNNING"]);

      for (const channel of [0, 1]) rig.barrier(channel, 2);
      await rig.settle();
      expect(rig.takeBrief()).toEqual(["barrier 2"]);
      expect(rig.acknowledged.get(1)!.snapshot.finished).toBe(false);
      expect(rig.acknowledged.get(2)!.snapshot.finished).toBe(true);
      let commit!: () => void;
      sink.committing = new Promise((resolve) => (commit = resolve));
      rig.task.checkpointComplete(2);
      for (const channel of [0, 1]) rig.event(channel, { kind: "endOfPartition" });
      await rig.settle();
      expect([sink.visible, rig.state]).toEqual([[2], "RUNNING"]);
      commit();
      await rig.settle();
      expect([sink.visible, rig.state, rig.takeBrief()]).toEqual([[2, 4], "FINISHED", ["endOfPartition"]]);
      expect(rig.inputFailure).toBe(undefined);
    });

    it("waits for the tasks in front, which may leave later", async () => {
      const rig = await start({ graph: sinkGraph(new TwoPhaseSink()), node: "double" });
      for (const channel of [0, 1]) {
        rig.event(channel, { kind: "endOfData", drained: true });
        rig.barrier(channel, 1);
      }
      await rig.settle();
      rig.task.checkpointComplete(1);
      await rig.settle();
      expect(rig.state).toBe("RUNNING");
      for (const channel of [0, 1]) rig.event(channel, { kind: "endOfPartition" });
      await rig.settle();
      expect(rig.state).toBe("FINISHED");
    });

    it("is not covered by savepoints, nor by checkpoints that are given up", async () => {
      const sink = new TwoPhaseSink();
      const rig = await start({ graph: sinkGraph(sink), node: "double" });
      rig.records(0, 1);
      for (const channel of [0, 1]) rig.endOfChannel(channel);
      await rig.settle();
      rig.trigger(1, { snapshot: "savepoint" });
      await rig.settle();
      rig.task.checkpointComplete(1);
      rig.trigger(2);
      await rig.settle();
      rig.task.checkpointAborted(2);
      await rig.settle();
      expect([[...rig.acknowledged.keys()], sink.visible, rig.state]).toEqual([[1, 2], [], "RUNNING"]);
      rig.trigger(3);
      await rig.settle();
      rig.task.checkpointComplete(3);
      await rig.settle();
      expect([sink.visible, rig.state]).toEqual([[2], "FINISHED"]);
    });

    it("lets a checkpoint wait that is triggered before all channels have ended", async () => {
      const rig = await start({ graph: sinkGraph(new TwoPhaseSink()), node: "double" });
      rig.endOfChannel(0);
      await rig.settle();
      rig.trigger(1);
      await rig.settle();
      expect(rig.acknowledged.size).toBe(0);
      rig.records(1, 5);
      rig.endOfChannel(1);
      await rig.settle();
      expect(rig.acknowledged.get(1)?.snapshot.finished).toBe(true);
      expect(rig.takeBrief()).toEqual([10, "watermark Infinity", "endOfData drained", "barrier 1"]);
    });

    it("takes no snapshot in the middle of finishing", async () => {
      const sink = new TwoPhaseSink();
      const rig = await start({ graph: sinkGraph(sink), node: "double" });
      let flushed!: () => void;
      sink.flushing = new Promise((resolve) => (flushed = resolve));
      for (const channel of [0, 1]) rig.endOfChannel(channel);
      rig.trigger(1);
      await rig.settle();
      expect(rig.acknowledged.size).toBe(0);
      flushed();
      await rig.settle();
      expect(rig.acknowledged.get(1)?.snapshot.finished).toBe(true);
    });
  });

  describe("without checkpoints", () => {
    it("comes at once where there is nothing to commit", async () => {
      const rig = await start({ graph: sinkGraph(new TwoPhaseSink()), node: "double", periodic: false });
      for (const channel of [0, 1]) rig.endOfChannel(channel);
      await rig.settle();
      expect([rig.ends, rig.state]).toEqual([0, "FINISHED"]);
      expect(rig.takeBrief()).toEqual(["watermark Infinity", "endOfData drained", "endOfPartition"]);
    });

    it("is not told as a checkpoint's failure to who triggers one while it closes", async () => {
      const sink = new TwoPhaseSink();
      let closed!: () => void;
      sink.closing = new Promise((resolve) => (closed = resolve));
      const rig = await start({ graph: sinkGraph(sink), node: "double", periodic: false });
      for (const channel of [0, 1]) rig.endOfChannel(channel);
      await rig.settle();
      rig.trigger(1);
      expect([rig.state, rig.declined.size]).toEqual(["RUNNING", 0]);
      closed();
      await rig.settle();
      expect([rig.state, rig.declined.size]).toEqual(["FINISHED", 0]);
    });

    it("waits until the JobMaster has everything committed", async () => {
      const sink = new TwoPhaseSink();
      const rig = await start({ graph: sinkGraph(sink), node: "double", periodic: false });
      rig.records(0, 1, 2);
      for (const channel of [0, 1]) rig.endOfChannel(channel);
      await rig.settle();
      expect([rig.ends, rig.state, sink.visible]).toEqual([1, "RUNNING", []]);
      rig.task.commitAtEnd();
      await rig.settle();
      expect([rig.state, sink.visible]).toEqual(["FINISHED", [2, 4]]);
    });

    it("leaves nothing visible when it fails before", async () => {
      const sink = new TwoPhaseSink();
      const rig = await start({ graph: sinkGraph(sink), node: "double", periodic: false });
      rig.records(0, 1);
      for (const channel of [0, 1]) rig.endOfChannel(channel);
      await rig.settle();
      await rig.cancel();
      expect([rig.state, sink.visible]).toEqual(["CANCELED", []]);
    });

    it("says that it waits, too, when only tasks in front keep it", async () => {
      const rig = await start({ graph: sinkGraph(new TwoPhaseSink()), node: "double", periodic: false });
      for (const channel of [0, 1]) rig.event(channel, { kind: "endOfData", drained: true });
      await rig.settle();
      expect([rig.ends, rig.state]).toEqual([1, "RUNNING"]);
      rig.task.commitAtEnd();
      for (const channel of [0, 1]) rig.event(channel, { kind: "endOfPartition" });
      await rig.settle();
      expect(rig.state).toBe("FINISHED");
    });
  });

  describe("by a savepoint that stops the job", () => {
    const stop = { snapshot: "terminateSavepoint" } as const;

    it("suspends a source, finishes nothing, and comes with the completion", async () => {
      const source = new NumbersSource();
      source.limit = 3;
      const rig = await start({ graph: sourceGraph(source), node: "Source: numbers" });
      rig.addSplits({ splitId: "a", at: 0, end: 100 } as never);
      await rig.settle();
      rig.trigger(1, stop);
      source.limit = 50;
      source.wakeUp();
      await rig.settle();
      expect([rig.takeBrief(), rig.state]).toEqual([[0, 1, 2, "barrier 1"], "RUNNING"]);
      expect(rig.acknowledged.get(1)!.snapshot.finished).toBe(false);
      rig.task.checkpointComplete(1);
      await rig.settle();
      expect([rig.takeBrief(), rig.state, rig.ends]).toEqual([
        ["endOfData", "endOfPartition"],
        "FINISHED",
        0,
      ]);
    });

    it("lets a source go on when it is given up", async () => {
      const source = new NumbersSource();
      source.limit = 1;
      const rig = await start({ graph: sourceGraph(source), node: "Source: numbers" });
      rig.addSplits({ splitId: "a", at: 0, end: 100 } as never);
      await rig.settle();
      rig.trigger(1, stop);
      await rig.settle();
      source.limit = 2;
      source.wakeUp();
      rig.task.checkpointAborted(1);
      await rig.settle();
      expect(rig.takeBrief()).toEqual([0, "barrier 1", 1, 2]);
    });

    it.each([true, false])(
      "commits what it covers, calls nobody's end, and leaves after the tasks in front (periodic: %s)",
      async (periodic) => {
        const sink = new TwoPhaseSink();
        const rig = await start({ graph: sinkGraph(sink), node: "double", periodic });
        rig.records(0, 1);
        for (const channel of [0, 1]) rig.barrier(channel, 1, stop);
        await rig.settle();
        expect(sink.flushes).toEqual([{ endOfInput: false, savepoint: true }]);
        rig.task.checkpointComplete(1);
        await rig.settle();
        expect([sink.visible, rig.state]).toEqual([[2], "RUNNING"]);
        for (const channel of [0, 1]) {
          rig.event(channel, { kind: "endOfData", drained: false });
          rig.event(channel, { kind: "endOfPartition" });
        }
        await rig.settle();
        expect([rig.takeBrief(), rig.state]).toEqual([
          [2, "barrier 1", "endOfData", "endOfPartition"],
          "FINISHED",
        ]);
        expect(sink.flushes.length).toBe(1);
      },
    );

    it("takes nothing from tasks that have gone on already, until it hears itself that it was given up", async () => {
      const rig = await start({ graph: sinkGraph(new TwoPhaseSink()), node: "double" });
      for (const channel of [0, 1]) rig.barrier(channel, 1, stop);
      rig.records(0, 7);
      rig.event(0, { kind: "idle" });
      await rig.settle();
      expect(rig.takeBrief()).toEqual(["barrier 1"]);
      rig.task.checkpointAborted(1);
      await rig.settle();
      expect(rig.takeBrief()).toEqual([14]);
    });

    it("lets no timer fire between savepoint and completion", async () => {
      const clock = new ManualClock();
      const env = newEnv();
      env
        .fromItems<number>([], { name: "a" })
        .rebalance()
        .assignTimestampsAndWatermarks(
          WatermarkStrategy.forMonotonousTimestamps<number>().withTimestamps((n) => n),
        )
        .name("times")
        .rebalance()
        .print();
      const rig = await start({ graph: env.getStreamGraph("test"), node: "times", clock });
      rig.records(0, 10);
      rig.barrier(0, 1, stop);
      await rig.settle();
      clock.advance(1000);
      await rig.settle();
      expect(rig.takeBrief()).toEqual([10, "barrier 1"]);
      rig.task.checkpointAborted(1);
      await rig.settle();
      expect(rig.takeBrief()).toEqual(["watermark 9"]);
    });
  });

  describe("by a savepoint that drains the job", () => {
    const drain = { snapshot: "drainSavepoint" } as const;

    it.each([true, false])(
      "ends a source's data first, and comes with the completion (periodic: %s)",
      async (periodic) => {
        const source = new NumbersSource();
        source.limit = 2;
        const rig = await start({ graph: sourceGraph(source), node: "Source: numbers", periodic });
        rig.addSplits({ splitId: "a", at: 0, end: 100 } as never);
        await rig.settle();
        rig.trigger(1, drain);
        await rig.settle();
        expect(rig.takeBrief()).toEqual([
          0,
          1,
          "active",
          "watermark Infinity",
          "endOfData drained",
          "barrier 1",
        ]);
        expect(rig.acknowledged.get(1)!.snapshot.finished).toBe(true);
        expect(rig.state).toBe("RUNNING");
        rig.task.checkpointComplete(1);
        await rig.settle();
        expect([rig.takeBrief(), rig.state]).toEqual([["endOfPartition"], "FINISHED"]);
      },
    );

    it.each([true, false])(
      "finishes operators before the snapshot, and commits what they wrote last (periodic: %s)",
      async (periodic) => {
        const sink = new TwoPhaseSink();
        const rig = await start({ graph: sinkGraph(sink), node: "double", periodic });
        rig.records(0, 1);
        for (const channel of [0, 1]) {
          rig.watermark(channel, Infinity);
          rig.event(channel, { kind: "endOfData", drained: true });
          rig.barrier(channel, 1, drain);
        }
        await rig.settle();
        expect(sink.flushes).toEqual([{ endOfInput: true, savepoint: undefined }]);
        rig.task.checkpointComplete(1);
        for (const channel of [0, 1]) rig.event(channel, { kind: "endOfPartition" });
        await rig.settle();
        expect([sink.visible, rig.state]).toEqual([[2], "FINISHED"]);
      },
    );
  });

  describe("restored from a checkpoint that covers it", () => {
    it("opens nothing, says so, commits what was not, and comes at once", async () => {
      const before = new TwoPhaseSink();
      const rig = await start({ graph: sinkGraph(before), node: "double" });
      rig.records(0, 1);
      for (const channel of [0, 1]) rig.endOfChannel(channel);
      await rig.settle();
      rig.trigger(1);
      await rig.settle();

      const sink = new TwoPhaseSink();
      const again = await start({
        graph: sinkGraph(sink),
        node: "double",
        restore: restoreOf([rig.acknowledged.get(1)!.snapshot], true),
      });
      expect([sink.visible, sink.writers]).toEqual([[2], 0]);
      expect(again.takeBrief()).toEqual(["watermark Infinity", "endOfData drained"]);
      for (const channel of [0, 1]) again.endOfChannel(channel);
      await again.settle();
      expect([again.state, again.takeBrief()]).toEqual(["FINISHED", ["endOfPartition"]]);
    });

    it("has a source end without reading", async () => {
      const rig = await start({
        graph: sourceGraph(new NumbersSource()),
        node: "Source: numbers",
        restore: restoreOf([], true),
      });
      await rig.settle();
      expect([rig.state, rig.splitRequests]).toEqual(["FINISHED", 0]);
      expect(rig.takeBrief()).toEqual(["watermark Infinity", "endOfData drained", "endOfPartition"]);
    });
  });
});
