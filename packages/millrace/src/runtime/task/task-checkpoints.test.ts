import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { newEnv } from "../../api/streams/testing/recorded-graph.ts";
import type { DataStream } from "../../api/streams/streams.ts";
import type { ProcessFunction } from "../../common/functions/process-functions.ts";
import { listState } from "../../common/state/descriptors.ts";
import type { ListState } from "../../common/state/state.ts";
import { Types } from "../../common/types/types.ts";
import { WatermarkStrategy } from "../../common/watermarks/watermark-strategy.ts";
import type { StreamGraph } from "../../graph/stream/stream-graph.ts";
import type { CheckpointLocation, StateBytes } from "../../protocol/control/snapshots.ts";
import { createStateFiles } from "../checkpoint/storage/create-state-files.ts";
import type { StateFiles, StateFileWriter } from "../checkpoint/storage/state-files.ts";
import { NumbersSource } from "./testing/numbers-source.ts";
import { restoreOf, TaskRig, type TaskRigOptions } from "./testing/task-rig.ts";
import { TwoPhaseSink } from "./testing/two-phase-sink.ts";

/** Adds up what it sees; the sum is operator state. */
class Summing implements ProcessFunction<number, number> {
  sum = 0;
  readonly life: string[] = [];
  onSnapshot: () => void = () => {};
  #stored: ListState<number> | undefined;

  initializeState(context: Parameters<NonNullable<ProcessFunction<number, number>["initializeState"]>>[0]) {
    this.life.push(context.isRestored ? "restored" : "fresh");
    this.#stored = context.getListState(listState(Types.int, { name: "sum" }));
    for (const sum of this.#stored.get()) this.sum += sum;
  }
  onRecord(n: number, context: { collect(value: number): void }): undefined {
    this.sum += n;
    context.collect(n);
  }
  snapshotState(id: number): void {
    this.life.push(`snapshot ${id}`);
    this.onSnapshot();
    this.#stored!.update([this.sum]);
  }
  notifyCheckpointComplete(id: number): void {
    this.life.push(`complete ${id}`);
  }
}

/** Two sources into one function, and on into another task. */
function summingGraph(fn: ProcessFunction<number, number>): StreamGraph {
  const env = newEnv();
  const numbers = (name: string): DataStream<number> => env.fromItems<number>([], { name });
  numbers("a").union(numbers("b")).rebalance().process(fn).name("sum").rebalance().print();
  return env.getStreamGraph("test");
}

const rigs: TaskRig[] = [];
const folders: string[] = [];
async function start(options: TaskRigOptions): Promise<TaskRig> {
  const rig = new TaskRig(options);
  rigs.push(rig);
  return rig.start();
}
async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "millrace-task-"));
  folders.push(made);
  return made;
}

afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.cancel();
  for (const made of folders.splice(0)) await rm(made, { recursive: true });
});

describe("a task in checkpoints", () => {
  it("aligns its channels: what comes behind a barrier is not in the snapshot, and leaves behind the barrier", async () => {
    const fn = new Summing();
    const rig = await start({ graph: summingGraph(fn), node: "sum" });
    rig.records(0, 1, 2);
    rig.barrier(0, 1);
    rig.records(0, 100);
    rig.records(1, 3);
    await rig.settle();
    expect(rig.takeBrief()).toEqual([1, 2, 3]);
    expect(rig.acknowledged.size).toBe(0);
    rig.barrier(1, 1);
    rig.records(1, 200);
    await rig.settle();
    expect(rig.takeBrief()).toEqual(["barrier 1", 100, 200]);
    expect(fn.life).toEqual(["fresh", "snapshot 1"]);
    const { snapshot, metrics } = rig.acknowledged.get(1)!;
    expect(snapshot.finished).toBe(false);
    expect(metrics.stateBytes).toBe(metrics.writtenBytes);
    expect(metrics.stateBytes).toBeGreaterThan(0);
    rig.task.checkpointComplete(1);
    await rig.settle();
    expect(fn.life.at(-1)).toBe("complete 1");

    const again = new Summing();
    const restored = await start({
      graph: summingGraph(again),
      node: "sum",
      restore: restoreOf([snapshot]),
    });
    expect(again).toMatchObject({ sum: 6, life: ["restored"] });
    expect(restored.state).toBe("RUNNING");
  });

  it("goes on with all channels while it counts at-least-once barriers", async () => {
    const fn = new Summing();
    const rig = await start({ graph: summingGraph(fn), node: "sum" });
    const mode = { mode: "at-least-once" } as const;
    rig.records(0, 1);
    rig.barrier(0, 1, mode);
    rig.records(0, 10);
    rig.barrier(0, 2, mode);
    rig.records(0, 100);
    await rig.settle();
    expect(rig.takeBrief()).toEqual([1, 10, 100]);
    rig.barrier(1, 1, mode);
    rig.barrier(1, 2, mode);
    await rig.settle();
    expect(rig.takeBrief()).toEqual(["barrier 1", "barrier 2"]);
    expect([...rig.acknowledged.keys()]).toEqual([1, 2]);
  });

  it("sends the barrier on though it has no room for records, as soon as it gets it", async () => {
    const rig = await start({ graph: summingGraph(new Summing()), node: "sum", capacity: 4 });
    rig.endOfChannel(1);
    rig.records(0, 1, 2, 3, 4, 5, 6);
    rig.barrier(0, 1);
    rig.records(0, 7);
    await rig.settle();
    // Back-pressure holds the barrier back like a record.
    expect(rig.acknowledged.size).toBe(0);
    const seen: unknown[] = [];
    for (let turn = 0; turn < 10; turn++) {
      seen.push(...rig.takeBrief());
      await rig.settle();
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, "barrier 1", 7]);
    expect(rig.acknowledged.has(1)).toBe(true);
  });

  it("takes a source's snapshot at once, without room behind it, and splits that come after the trigger with the next one", async () => {
    const source = new NumbersSource();
    const env = newEnv();
    env.fromSource(source, WatermarkStrategy.noWatermarks(), "numbers").rebalance().print();
    const rig = await start({ graph: env.getStreamGraph("test"), node: "Source: numbers", capacity: 3 });
    rig.addSplits({ splitId: "a", at: 0, end: 100 } as never);
    await rig.settle();
    rig.trigger(1);
    rig.addSplits({ splitId: "b", at: 500, end: 510 } as never);
    rig.trigger(2);
    await rig.settle();
    expect(rig.takeBrief().slice(0, 5)).toEqual([0, 1, 2, "barrier 1", "barrier 2"]);
    const splits = (id: number): unknown[] =>
      rig.acknowledged
        .get(id)!
        .snapshot.operators[0]!.splits!.map((split) => (split as { split: unknown }).split);
    expect(splits(1)).toEqual([{ splitId: "a", at: 3, end: 100 }]);
    expect(splits(2)).toEqual([
      { splitId: "a", at: 3, end: 100 },
      { splitId: "b", at: 500, end: 510 },
    ]);
    rig.task.checkpointComplete(2);
    await rig.settle();
    expect(source.completed).toEqual([2]);
  });

  it("waits for operators that take time to prepare, and lets nothing reach them meanwhile", async () => {
    const sink = new TwoPhaseSink();
    const source = new NumbersSource();
    const env = newEnv();
    env.fromSource(source, WatermarkStrategy.noWatermarks(), "numbers").sinkTo(sink);
    source.limit = 5;
    const rig = await start({ graph: env.getStreamGraph("test"), node: "Source: numbers" });
    rig.addSplits({ splitId: "a", at: 0, end: 100 } as never);
    await rig.settle();
    let flushed!: () => void;
    sink.flushing = new Promise((resolve) => (flushed = resolve));
    rig.trigger(1);
    await rig.settle();
    source.limit = Infinity;
    source.wakeUp();
    await rig.settle();
    expect(rig.task.metrics().numRecordsToSinks).toBe(5);
    expect(rig.acknowledged.size).toBe(0);
    sink.flushing = undefined;
    flushed();
    await rig.settle();
    expect(rig.acknowledged.has(1)).toBe(true);
    expect(rig.task.metrics().numRecordsToSinks).toBe(100);
    rig.task.checkpointComplete(1);
    await rig.settle();
    expect(sink.visible).toEqual([0, 1, 2, 3, 4]);
  });

  it("keeps requests underway of an asynchronous operator in its snapshot, and makes them again", async () => {
    const asked: number[] = [];
    const graph = (answer: (n: number) => Promise<number>): StreamGraph => {
      const env = newEnv();
      env
        .fromItems<number>([], { name: "a" })
        .rebalance()
        .asyncMap(answer, { mode: "ordered", capacity: 10 })
        .name("ask")
        .rebalance()
        .print();
      return env.getStreamGraph("test");
    };
    const rig = await start({
      graph: graph((n) => (asked.push(n), n === 2 ? new Promise(() => {}) : Promise.resolve(n * 10))),
      node: "ask",
    });
    rig.records(0, 1, 2, 3);
    await rig.settle();
    rig.barrier(0, 1);
    await rig.settle();
    expect([asked, rig.takeBrief()]).toEqual([
      [1, 2, 3],
      [10, "barrier 1"],
    ]);
    const { snapshot } = rig.acknowledged.get(1)!;
    const restored = await start({
      graph: graph((n) => Promise.resolve(n * 10)),
      node: "ask",
      restore: restoreOf([snapshot]),
    });
    await restored.settle();
    expect(restored.takeBrief()).toEqual([20, 30]);
  });

  it("takes no snapshot while an output loop waits for room", async () => {
    const env = newEnv();
    env
      .fromItems<number>([], { name: "a" })
      .rebalance()
      .asyncFlatMap((n: number) => Promise.resolve(Array.from({ length: 10 }, (_, i) => n * 10 + i)), {
        mode: "ordered",
        capacity: 4,
      })
      .name("explode")
      .rebalance()
      .print();
    const rig = await start({ graph: env.getStreamGraph("test"), node: "explode", capacity: 3 });
    rig.records(0, 1);
    await rig.settle();
    rig.barrier(0, 1);
    await rig.settle();
    const seen: unknown[] = [];
    while (rig.acknowledged.size === 0) {
      const some = rig.takeBrief();
      if (some.length === 0) break;
      seen.push(...some);
      await rig.settle();
    }
    seen.push(...rig.takeBrief());
    expect(seen).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19, "barrier 1"]);
  });

  describe("given up by the JobMaster", () => {
    it("while it aligns: lets its channels go, and tells the tasks behind", async () => {
      const rig = await start({ graph: summingGraph(new Summing()), node: "sum" });
      rig.barrier(0, 1);
      rig.records(0, 1);
      await rig.settle();
      rig.task.checkpointAborted(1);
      await rig.settle();
      rig.barrier(1, 1);
      rig.records(1, 2);
      await rig.settle();
      expect(rig.takeBrief()).toEqual(["cancelBarrier 1", 1, 2]);
      for (const channel of [0, 1]) rig.barrier(channel, 2);
      await rig.settle();
      expect([...rig.acknowledged.keys()]).toEqual([2]);
    });

    it("while operators are prepared: sends no barrier, and what was prepared waits for the next one", async () => {
      const sink = new TwoPhaseSink();
      const env = newEnv();
      env
        .fromItems<number>([], { name: "a" })
        .rebalance()
        .map((n) => n)
        .name("numbers")
        .sinkTo(sink);
      const rig = await start({ graph: env.getStreamGraph("test"), node: "numbers" });
      let flushed!: () => void;
      sink.flushing = new Promise((resolve) => (flushed = resolve));
      rig.records(0, 1, 2);
      rig.barrier(0, 1);
      rig.records(0, 3);
      await rig.settle();
      rig.task.checkpointAborted(1);
      await rig.settle();
      sink.flushing = undefined;
      flushed();
      await rig.settle();
      expect(rig.acknowledged.size).toBe(0);
      rig.barrier(0, 2);
      await rig.settle();
      rig.task.checkpointComplete(2);
      await rig.settle();
      expect(sink.visible).toEqual([1, 2, 3]);
    });

    it("while its state is written: stops writing, and takes part in the next one", async () => {
      const files = new SlowFiles();
      const rig = await start({ graph: summingGraph(new Summing()), node: "sum", stateFiles: () => files });
      for (const channel of [0, 1]) rig.barrier(channel, 1);
      await rig.until(() => files.closing === 1, "the file to be closed");
      rig.task.checkpointAborted(1);
      for (const channel of [0, 1]) rig.barrier(channel, 2);
      files.fast = true;
      await rig.until(() => rig.acknowledged.has(2), "the second checkpoint");
      files.release();
      await rig.settle();
      expect([...rig.acknowledged.keys()]).toEqual([2]);
      expect(rig.declined.size).toBe(0);
    });

    it("while its state is written: removes what it has written, and what is still to be closed", async () => {
      const directory = await folder();
      const files = new SlowFiles({ directory, inlineThreshold: 0 });
      const env = newEnv();
      const sums = env.fromItems<number>([], { name: "a" }).rebalance().process(new Summing()).name("sum");
      sums.process(new Summing()).rebalance().print();
      const rig = await start({ graph: env.getStreamGraph("test"), node: "sum", stateFiles: () => files });
      files.fast = true;
      files.slowFrom = 2;
      rig.barrier(0, 1);
      await rig.until(() => files.closing === 2, "the second file to be closed");
      expect(await readdir(directory)).toHaveLength(1);
      rig.task.checkpointAborted(1);
      files.release();
      await rig.until(() => files.closed === 2, "the second file");
      let left: string[];
      do {
        await new Promise((next) => setImmediate(next));
        left = await readdir(directory);
      } while (left.length > 0);
      expect(rig.acknowledged.size).toBe(0);
    });

    it("before it has heard of it: ignores its barriers", async () => {
      const rig = await start({ graph: summingGraph(new Summing()), node: "sum" });
      rig.task.checkpointAborted(1);
      await rig.settle();
      for (const channel of [0, 1]) rig.barrier(channel, 1);
      rig.records(0, 7);
      await rig.settle();
      expect(rig.takeBrief()).toEqual(["cancelBarrier 1", 7]);
    });
  });

  it("stops aligning when a task in front gives the checkpoint up", async () => {
    const rig = await start({ graph: summingGraph(new Summing()), node: "sum" });
    rig.barrier(0, 1);
    rig.records(0, 1);
    rig.event(1, { kind: "cancelBarrier", checkpointId: 1 });
    await rig.settle();
    expect(rig.takeBrief()).toEqual(["cancelBarrier 1", 1]);
  });

  it("declines a checkpoint whose barrier one channel skipped", async () => {
    const rig = await start({ graph: summingGraph(new Summing()), node: "sum" });
    rig.barrier(0, 1);
    rig.barrier(1, 2);
    rig.barrier(0, 2);
    await rig.settle();
    expect(rig.takeBrief()).toEqual(["cancelBarrier 1", "barrier 2"]);
    expect(rig.declined.get(1)).toMatchObject({
      code: "CHECKPOINT_FAILED",
      message: /went on to checkpoint 2/u,
    });
    expect([...rig.acknowledged.keys()]).toEqual([2]);
  });

  it("goes on with records while slow storage takes its state, and holds the next checkpoint until then", async () => {
    const files = new SlowFiles();
    const rig = await start({ graph: summingGraph(new Summing()), node: "sum", stateFiles: () => files });
    for (const channel of [0, 1]) rig.barrier(channel, 1);
    rig.records(0, 1, 2);
    for (const channel of [0, 1]) rig.barrier(channel, 2);
    rig.records(0, 3);
    await rig.until(() => files.closing === 1 && rig.outputs[0]!.queued >= 3, "records behind the barrier");
    await new Promise((next) => setImmediate(next));
    expect(rig.takeBrief()).toEqual(["barrier 1", 1, 2]);
    files.fast = true;
    files.release();
    await rig.settle();
    expect(rig.takeBrief()).toEqual(["barrier 2", 3]);
    expect([...rig.acknowledged.keys()]).toEqual([1, 2]);
  });

  it("declines a checkpoint that storage fails, and lives on", async () => {
    const directory = join(await folder(), "gone");
    const location = { directory, inlineThreshold: 0 };
    const rig = await start({ graph: summingGraph(new Summing()), node: "sum", location });
    for (const channel of [0, 1]) rig.barrier(channel, 1);
    rig.records(0, 1);
    await rig.settle();
    expect(rig.declined.get(1)).toMatchObject({
      code: "CHECKPOINT_FAILED",
      cause: { code: "CHECKPOINT_STORAGE_FAILED" },
    });
    expect([rig.state, rig.takeBrief()]).toEqual(["RUNNING", ["barrier 1", 1]]);
    const here = { directory: await folder(), inlineThreshold: 0 };
    for (const channel of [0, 1]) rig.barrier(channel, 2, { snapshot: "savepoint", location: here });
    await rig.settle();
    expect(rig.acknowledged.get(2)!.snapshot.operators[0]!.operatorState).toMatchObject({ kind: "file" });
    expect(await readdir(here.directory)).toHaveLength(1);
  });

  it("restores from files what it wrote to them", async () => {
    const location = { directory: await folder(), inlineThreshold: 0 };
    const rig = await start({ graph: summingGraph(new Summing()), node: "sum", location });
    rig.records(0, 40, 2);
    for (const channel of [0, 1]) rig.barrier(channel, 1);
    await rig.settle();
    const fn = new Summing();
    await start({
      graph: summingGraph(fn),
      node: "sum",
      location,
      restore: restoreOf([rig.acknowledged.get(1)!.snapshot]),
    });
    expect(fn.sum).toBe(42);
  });

  it("fails when a function fails to bring its state up to date", async () => {
    const fn = new Summing();
    fn.onSnapshot = () => {
      throw new TypeError("no sum");
    };
    const rig = await start({ graph: summingGraph(fn), node: "sum" });
    for (const channel of [0, 1]) rig.barrier(channel, 1);
    await rig.settle();
    expect(rig.state).toBe("FAILED");
    expect(rig.error?.message).toMatch(/operator "sum".*no sum/su);
  });

  it("fails, and opens nothing, when its state can't be read", async () => {
    const directory = await folder();
    const fn = new Summing();
    const rig = await start({
      graph: summingGraph(fn),
      node: "sum",
      restore: {
        ...restoreOf([]),
        operators: [
          {
            uid: summingGraph(fn).nodes.find(({ name }) => name === "sum")!.uid,
            keyed: [],
            operatorState: [{ kind: "file", path: join(directory, "lost"), length: 10 }],
          },
        ],
      },
    });
    expect([rig.states, fn.life]).toEqual([["INITIALIZING", "FAILED"], []]);
    expect(rig.error?.message).toContain("lost");
  });

  it("declines what is triggered while it is not running", async () => {
    const rig = new TaskRig({ graph: summingGraph(new Summing()), node: "sum" });
    rig.trigger(1);
    expect(rig.declined.get(1)?.message).toContain("is not running");
  });

  it("gives each subtask its share of lists when it is restored at another parallelism", async () => {
    const snapshots = [];
    for (const subtask of [0, 1, 2]) {
      const rig = await start({ graph: summingGraph(new Summing()), node: "sum", parallelism: 3, subtask });
      rig.records(0, 10 ** subtask);
      for (const channel of [0, 1]) rig.barrier(channel, 1);
      await rig.settle();
      snapshots.push(rig.acknowledged.get(1)!.snapshot);
    }
    const sums: number[] = [];
    for (const subtask of [0, 1]) {
      const fn = new Summing();
      await start({
        graph: summingGraph(fn),
        node: "sum",
        parallelism: 2,
        subtask,
        restore: restoreOf(snapshots),
      });
      sums.push(fn.sum);
    }
    expect(sums).toEqual([1, 110]);
  });
});

/** Storage whose files are closed when it says so. */
class SlowFiles implements StateFiles {
  fast = false;
  /** The first file that is slow in any case. */
  slowFrom = Infinity;
  /** Files whose closing was asked for. */
  closing = 0;
  /** Files that were closed. */
  closed = 0;
  readonly #files: StateFiles;
  #waiting: (() => void)[] = [];

  constructor(location: CheckpointLocation = { directory: undefined, inlineThreshold: Infinity }) {
    this.#files = createStateFiles(location);
  }

  create(label: string): StateFileWriter {
    const file = this.#files.create(label);
    const close = file.close.bind(file);
    return Object.assign(Object.create(file) as StateFileWriter, {
      write: (bytes: Uint8Array) => file.write(bytes),
      abort: () => file.abort(),
      close: async () => {
        this.closing++;
        if (!this.fast || this.closing >= this.slowFrom)
          await new Promise<void>((resolve) => this.#waiting.push(resolve));
        const bytes = await close();
        this.closed++;
        return bytes;
      },
    });
  }

  adopt(path: string, label: string): ReturnType<StateFiles["adopt"]> {
    return this.#files.adopt(path, label);
  }

  async discard(bytes: StateBytes): Promise<void> {
    await this.#files.discard?.(bytes);
  }

  open(bytes: Parameters<StateFiles["open"]>[0]): ReturnType<StateFiles["open"]> {
    return this.#files.open(bytes);
  }

  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
