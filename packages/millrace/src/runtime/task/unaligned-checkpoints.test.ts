import { afterEach, describe, expect, it } from "vitest";
import { newEnv } from "../../api/streams/testing/recorded-graph.ts";
import type { DataStream } from "../../api/streams/streams.ts";
import { ManualClock } from "../../common/clock/manual-clock.ts";
import type { ProcessFunction } from "../../common/functions/process-functions.ts";
import { listState } from "../../common/state/descriptors.ts";
import type { ListState } from "../../common/state/state.ts";
import { Types } from "../../common/types/types.ts";
import { WatermarkStrategy } from "../../common/watermarks/watermark-strategy.ts";
import type { StreamGraph } from "../../graph/stream/stream-graph.ts";
import type { Barrier, BarrierOptions } from "../../protocol/channel-event.ts";
import type { TaskSnapshot } from "../../protocol/control/snapshots.ts";
import { NumbersSource } from "./testing/numbers-source.ts";
import { restoreOf, TaskRig, type TaskRigOptions } from "./testing/task-rig.ts";

/** Adds up what it sees, and passes it on; the sum is operator state. */
class Summing implements ProcessFunction<number, number> {
  sum = 0;
  /** The sum in each snapshot. */
  readonly snapshots: number[] = [];
  #stored: ListState<number> | undefined;

  initializeState(context: Parameters<NonNullable<ProcessFunction<number, number>["initializeState"]>>[0]) {
    this.#stored = context.getListState(listState(Types.int, { name: "sum" }));
    for (const sum of this.#stored.get()) this.sum += sum;
  }
  onRecord(n: number, context: { collect(value: number): void }): undefined {
    this.sum += n;
    context.collect(n);
  }
  snapshotState(): void {
    this.snapshots.push(this.sum);
    this.#stored!.update([this.sum]);
  }
}

/** One edge into the function, another out of it; barriers overtake on both unless it says otherwise. */
function graphOf(
  fn: ProcessFunction<number, number>,
  into: "rebalance" | "broadcast" = "rebalance",
): StreamGraph {
  const env = newEnv();
  const numbers = env.fromItems<number>([], { name: "numbers" });
  const input: DataStream<number> = into === "rebalance" ? numbers.rebalance() : numbers.broadcast();
  input.process(fn).name("sum").rebalance().print();
  return env.getStreamGraph("test");
}

const UNALIGNED: Partial<BarrierOptions> = { alignment: "unaligned" };
const barrier = (checkpointId: number, options: Partial<BarrierOptions> = UNALIGNED): Barrier => ({
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
});
const overtake = (rig: TaskRig, channel: number, checkpointId: number): void =>
  rig.inputs[channel]!.overtake(barrier(checkpointId));

const rigs: TaskRig[] = [];
async function start(options: TaskRigOptions): Promise<TaskRig> {
  const rig = new TaskRig(options);
  rigs.push(rig);
  return rig.start();
}
const acknowledged = (rig: TaskRig, id: number): Promise<void> =>
  rig.until(() => rig.acknowledged.has(id), `checkpoint ${id}`);
const inFlight = (snapshot: TaskSnapshot): string[] =>
  snapshot.channels.map(
    ({ side, producerSubtask, consumerSubtask, records }) =>
      `${side} ${producerSubtask}>${consumerSubtask}: ${records}`,
  );

afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.cancel();
});

describe("a task in unaligned checkpoints", () => {
  it("takes its snapshot although nobody takes its output, and saves what it has not processed", async () => {
    const fn = new Summing();
    const rig = await start({ graph: graphOf(fn), node: "sum", producers: 2, capacity: 4 });
    // Four leave, then there is no room for more.
    rig.records(0, 1, 2, 3, 4, 5, 6);
    rig.records(1, 10, 20);
    await rig.settle();
    expect(fn.sum).toBeLessThan(46);
    overtake(rig, 0, 1);
    rig.records(0, 1000);
    overtake(rig, 1, 1);
    rig.records(1, 2000);
    await acknowledged(rig, 1);
    const { snapshot, metrics } = rig.acknowledged.get(1)!;
    expect(metrics.channelBytes).toBeGreaterThan(0);
    // Nothing has moved meanwhile.
    expect(fn.snapshots).toEqual([fn.sum]);

    const again = new Summing();
    const restored = await start({
      graph: graphOf(again),
      node: "sum",
      producers: 2,
      restore: restoreOf([snapshot]),
    });
    expect(again.sum).toBe(51);
    const before = rig.takeBrief();
    const replayed = restored.takeBrief();
    expect(before.indexOf("barrier 1")).toBe(before.length - 1);
    expect([...before.slice(0, -1), ...replayed].filter((n) => (n as number) < 10)).toEqual([
      1, 2, 3, 4, 5, 6,
    ]);
    expect([...before.slice(0, -1), ...replayed].filter((n) => (n as number) >= 10)).toEqual([10, 20]);
  });

  it("sends the barrier on as soon as it hears of it, ahead of nothing that has been handed over", async () => {
    const fn = new Summing();
    const rig = await start({ graph: graphOf(fn), node: "sum", producers: 2, capacity: 4 });
    const told: number[] = [];
    rig.outputs[0]!.onOvertaken = ({ checkpointId }) => told.push(checkpointId);
    rig.records(0, 1, 2, 3, 4, 5);
    await rig.settle();
    overtake(rig, 1, 1);
    await rig.until(() => told.length > 0, "the barrier");
    // Channel 0's has not come: what it still brings is saved until then.
    expect(rig.acknowledged.has(1)).toBe(false);
    expect(rig.takeBrief()).toEqual([1, 2, 3, 4, "barrier 1"]);
    rig.records(0, 6);
    await rig.until(() => fn.sum === 21, "the rest");
    overtake(rig, 0, 1);
    rig.records(0, 7);
    await acknowledged(rig, 1);
    const { snapshot } = rig.acknowledged.get(1)!;
    expect(fn.snapshots).toEqual([10]);
    // 5 was there, 6 came later, 7 is behind the barrier.
    expect(inFlight(snapshot)).toEqual(["received 0>0: 2"]);
    expect(told).toEqual([1]);
    rig.takeBrief();
    await rig.settle();
    expect([rig.state, fn.sum]).toEqual(["RUNNING", 28]);
  });

  it("replays the records, and takes part in a checkpoint in the middle of that", async () => {
    const fn = new Summing();
    const rig = await start({ graph: graphOf(fn), node: "sum", producers: 2, capacity: 1 });
    rig.records(0, 1, 2, 3, 4);
    rig.records(1, 10, 20, 30, 40);
    await rig.settle();
    overtake(rig, 0, 1);
    overtake(rig, 1, 1);
    await acknowledged(rig, 1);
    // Restored time after time with an output that takes one record, until all are through.
    let { snapshot } = rig.acknowledged.get(1)!;
    let out = rig.takeBrief().slice(0, 1);
    for (let id = 2; id < 20 && snapshot.channels.length > 0; id++) {
      const next = new Summing();
      const restored = await start({
        graph: graphOf(next),
        node: "sum",
        producers: 2,
        capacity: 1,
        restore: restoreOf([snapshot]),
      });
      restored.records(1, 100);
      overtake(restored, 0, id);
      overtake(restored, 1, id);
      await acknowledged(restored, id);
      out = out.concat(restored.takeBrief().slice(0, 1));
      ({ snapshot } = restored.acknowledged.get(id)!);
      await restored.cancel();
    }
    expect(out).toHaveLength(19);
    const small = out.filter((n) => (n as number) < 100) as number[];
    expect(small.filter((n) => n < 10)).toEqual([1, 2, 3, 4]);
    expect(small.filter((n) => n >= 10)).toEqual([10, 20, 30, 40]);
  });

  it("aligns on edges that barriers don't overtake, and lets them overtake behind it all the same", async () => {
    const fn = new Summing();
    const rig = await start({ graph: graphOf(fn, "broadcast"), node: "sum", producers: 2, capacity: 100 });
    rig.records(0, 1, 2);
    rig.records(1, 10);
    rig.event(0, barrier(1));
    rig.records(0, 100);
    await rig.settle();
    expect([fn.sum, fn.snapshots]).toEqual([13, []]);
    rig.records(1, 20);
    rig.event(1, barrier(1));
    await acknowledged(rig, 1);
    expect(fn.snapshots).toEqual([33]);
    expect(rig.acknowledged.get(1)!.snapshot.channels).toEqual([]);
    await rig.settle();
    expect(rig.takeBrief()).toEqual([1, 2, 10, 20, "barrier 1", 100]);
  });

  it("lets go of a checkpoint that is given up while it still saves records, and takes the next", async () => {
    const fn = new Summing();
    const rig = await start({ graph: graphOf(fn), node: "sum", producers: 2 });
    overtake(rig, 0, 1);
    await rig.until(() => fn.snapshots.length === 1, "the snapshot");
    rig.records(1, 1, 2, 3);
    await rig.until(() => fn.sum === 6, "records");
    rig.task.checkpointAborted(1);
    await rig.settle();
    // The barrier of the first comes late.
    overtake(rig, 1, 1);
    rig.records(1, 4);
    overtake(rig, 1, 2);
    overtake(rig, 0, 2);
    await acknowledged(rig, 2);
    await rig.settle();
    expect([...rig.acknowledged.keys()]).toEqual([2]);
    expect([rig.declined.size, fn.sum]).toEqual([0, 10]);
    const { snapshot } = rig.acknowledged.get(2)!;
    const saved = snapshot.channels.reduce((sum, { records }) => sum + records, 0);
    expect([fn.snapshots.at(-1), saved]).toEqual([6, 1]);
  });

  it("does not wait for results of asynchronous calls that find no room: they are state", async () => {
    const graph = (): StreamGraph => {
      const env = newEnv();
      env
        .fromItems<number>([], { name: "numbers" })
        .rebalance()
        .asyncMap(async (n) => n, { capacity: 4 })
        .name("call")
        .rebalance()
        .print();
      return env.getStreamGraph("test");
    };
    const rig = await start({ graph: graph(), node: "call", capacity: 2 });
    rig.records(0, 1, 2, 3, 4, 5, 6, 7, 8);
    await rig.settle();
    overtake(rig, 0, 1);
    await acknowledged(rig, 1);
    const { snapshot } = rig.acknowledged.get(1)!;
    const before = rig.takeBrief();
    const restored = await start({ graph: graph(), node: "call", restore: restoreOf([snapshot]) });
    expect([...before.slice(0, before.indexOf("barrier 1")), ...restored.takeBrief()]).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8,
    ]);
  });

  it("waits for a record whose results have left in part", async () => {
    const graph = (): StreamGraph => {
      const env = newEnv();
      env
        .fromItems<number>([], { name: "numbers" })
        .rebalance()
        .asyncFlatMap(async (n) => [n, n + 1, n + 2], { capacity: 4 })
        .name("call")
        .rebalance()
        .print();
      return env.getStreamGraph("test");
    };
    const rig = await start({ graph: graph(), node: "call", capacity: 2 });
    rig.records(0, 10, 20);
    // Two of three.
    await rig.until(() => rig.outputs[0]!.queued === 2, "results");
    overtake(rig, 0, 1);
    for (let turn = 0; turn < 20; turn++) await new Promise((next) => setImmediate(next));
    expect(rig.acknowledged.has(1)).toBe(false);
    const before: unknown[] = [];
    await rig.until(() => {
      before.push(...rig.takeBrief());
      return rig.acknowledged.has(1);
    }, "checkpoint 1");
    before.push(...rig.takeBrief());
    const { snapshot } = rig.acknowledged.get(1)!;
    const restored = await start({ graph: graph(), node: "call", restore: restoreOf([snapshot]) });
    expect([...before.slice(0, before.indexOf("barrier 1")), ...restored.takeBrief()]).toEqual([
      10, 11, 12, 20, 21, 22,
    ]);
  });

  it("declines a checkpoint whose records can't be written, and lives on", async () => {
    const fn = new Summing();
    const rig = await start({
      graph: graphOf(fn),
      node: "sum",
      producers: 1,
      capacity: 1,
      location: { directory: "/nowhere/at/all", inlineThreshold: 0 },
    });
    rig.records(0, 1, 2, 3);
    await rig.settle();
    overtake(rig, 0, 1);
    await rig.until(() => rig.declined.has(1), "the refusal");
    expect(rig.declined.get(1)?.message).toMatch(/\/nowhere\/at\/all/u);
    rig.takeBrief();
    await rig.settle();
    expect(rig.state).toBe("RUNNING");
  });

  it("ends its part with a channel that ends instead of bringing a barrier", async () => {
    const fn = new Summing();
    const rig = await start({ graph: graphOf(fn), node: "sum", producers: 2, capacity: 1 });
    rig.records(0, 1, 2, 3);
    rig.endOfChannel(0);
    await rig.settle();
    overtake(rig, 1, 1);
    await acknowledged(rig, 1);
    const { snapshot } = rig.acknowledged.get(1)!;
    expect(inFlight(snapshot)).toEqual([`received 0>0: ${3 - fn.snapshots[0]! + 1}`]);
  });
});

describe("a task in an aligned checkpoint with a time limit", () => {
  const limited: Partial<BarrierOptions> = { alignmentTimeout: 1000 };

  it("aligns within it, and saves nothing", async () => {
    const clock = new ManualClock();
    const fn = new Summing();
    const rig = await start({ graph: graphOf(fn), node: "sum", producers: 2, clock });
    rig.records(0, 1);
    rig.event(0, barrier(1, limited));
    rig.records(0, 100);
    await rig.settle();
    clock.advance(999);
    rig.records(1, 2);
    rig.event(1, barrier(1, limited));
    await acknowledged(rig, 1);
    expect(rig.acknowledged.get(1)!.snapshot.channels).toEqual([]);
    expect(fn.snapshots).toEqual([3]);
    // It is over: nothing turns any more.
    rig.task.checkpointComplete(1);
    await rig.settle();
    expect(clock.nextTimer).toBe(Infinity);
  });

  it("turns unaligned when it is over", async () => {
    const clock = new ManualClock();
    const fn = new Summing();
    const rig = await start({ graph: graphOf(fn), node: "sum", producers: 2, capacity: 2, clock });
    rig.event(0, barrier(1, limited));
    rig.records(1, 1, 2, 3);
    await rig.settle();
    expect(fn.snapshots).toEqual([]);
    clock.advance(1000);
    await rig.until(() => fn.snapshots.length === 1, "the snapshot");
    rig.event(1, barrier(1, limited));
    await acknowledged(rig, 1);
    const { snapshot } = rig.acknowledged.get(1)!;
    expect([fn.snapshots, inFlight(snapshot)]).toEqual([[fn.sum], ["received 1>0: 1"]]);
    expect(rig.takeBrief()).toEqual([1, 2, "barrier 1"]);
  });

  it("turns unaligned when a barrier overtakes, and tells the tasks behind, even when its own part is done", async () => {
    const clock = new ManualClock();
    const fn = new Summing();
    const rig = await start({ graph: graphOf(fn), node: "sum", producers: 1, clock });
    const told: number[] = [];
    rig.outputs[0]!.onOvertaken = ({ checkpointId }) => told.push(checkpointId);
    rig.records(0, 1);
    rig.event(0, barrier(1, limited));
    await acknowledged(rig, 1);
    expect([told, fn.snapshots]).toEqual([[], [1]]);
    overtake(rig, 0, 1);
    await rig.until(() => told.length > 0, "the barrier");
    await rig.settle();
    clock.advance(1000);
    await rig.settle();
    expect([told, fn.snapshots]).toEqual([[1], [1]]);
    expect(rig.takeBrief()).toEqual([1, "barrier 1"]);
  });

  it("is begun at sources, whose barriers overtake when it is over", async () => {
    const clock = new ManualClock();
    const env = newEnv();
    const source = new NumbersSource();
    env.fromSource(source, WatermarkStrategy.noWatermarks(), "numbers").rebalance().print();
    const rig = await start({
      graph: env.getStreamGraph("test"),
      node: "Source: numbers",
      capacity: 2,
      clock,
    });
    const told: number[] = [];
    rig.outputs[0]!.onOvertaken = ({ checkpointId }) => told.push(checkpointId);
    rig.addSplits({ splitId: "a", at: 0, end: 10 } as never);
    await rig.settle();
    rig.trigger(1, limited);
    await acknowledged(rig, 1);
    expect(told).toEqual([]);
    clock.advance(1000);
    await rig.until(() => told.length > 0, "the barrier");
    expect(told).toEqual([1]);
  });
});
