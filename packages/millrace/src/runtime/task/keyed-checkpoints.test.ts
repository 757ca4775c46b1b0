import { afterEach, describe, expect, it } from "vitest";
import { newEnv } from "../../api/streams/testing/recorded-graph.ts";
import type { Clock } from "../../common/clock/clock.ts";
import { ManualClock } from "../../common/clock/manual-clock.ts";
import { hashKey } from "../../common/keys/hash-key.ts";
import { keyGroupOf, subtaskOfKeyGroup } from "../../common/keys/key-groups.ts";
import { valueState } from "../../common/state/descriptors.ts";
import { Types } from "../../common/types/types.ts";
import { TumblingEventTimeWindows } from "../../common/windows/tumbling-windows.ts";
import type { StreamGraph } from "../../graph/stream/stream-graph.ts";
import type { TaskSnapshot } from "../../protocol/control/snapshots.ts";
import { restoreOf, TaskRig, type TaskRigOptions } from "./testing/task-rig.ts";

/** A record that adds to its key; its watermark-driven timer emits what the key has. */
interface Add {
  readonly key: string;
  readonly n: number;
}

/** Counts by key; at event time 1000 each key emits its count. */
function countingGraph(): StreamGraph {
  const env = newEnv();
  env
    .fromItems<Add>([], { name: "adds", type: Types.object({ key: Types.string, n: Types.int }) })
    .keyBy((add) => add.key)
    .process({
      state: { count: valueState(Types.int) },
      onRecord(add, ctx) {
        ctx.state.count.update((ctx.state.count.value() ?? 0) + add.n);
        ctx.timers.registerEventTimeTimer(1000);
        return undefined;
      },
      onTimer: (_, ctx) => `${ctx.currentKey} ${ctx.state.count.value()}`,
    })
    .name("count")
    .rebalance()
    .print();
  return env.getStreamGraph("test");
}

/** Counts by key in windows of a second. */
function windowGraph(): StreamGraph {
  const env = newEnv();
  env
    .fromItems<Add>([], { name: "adds", type: Types.object({ key: Types.string, n: Types.int }) })
    .keyBy((add) => add.key)
    .window(TumblingEventTimeWindows.of(1001))
    .aggregate((a) => ({ count: a.count() }))
    .name("count")
    .rebalance()
    .print();
  return env.getStreamGraph("test");
}

const rigs: TaskRig[] = [];
async function start(options: Partial<TaskRigOptions>): Promise<TaskRig> {
  const rig = new TaskRig({ graph: countingGraph(), node: "count", ...options });
  rigs.push(rig);
  return rig.start();
}

afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.cancel();
});

const add = (key: string, n = 1): Add => ({ key, n });
const keys = (count: number): string[] => Array.from({ length: count }, (_, i) => `k${i}`);

const ownerOf = (key: string, parallelism: number): number =>
  subtaskOfKeyGroup(128, parallelism, keyGroupOf(hashKey(key), 128));

/** All that comes out, until nothing more does. */
async function drained(rig: TaskRig): Promise<unknown[]> {
  const seen: unknown[] = [];
  for (let some = rig.takeBrief(); some.length > 0; some = rig.takeBrief()) {
    seen.push(...some);
    await rig.settle();
  }
  return seen;
}

describe("a task with keyed state in checkpoints", () => {
  it("is restored with its keys and timers, by fewer and by more subtasks", async () => {
    const words = keys(200);
    let snapshots: TaskSnapshot[] = [];
    for (const parallelism of [1, 3, 2]) {
      const next: TaskSnapshot[] = [];
      const before = snapshots;
      const subtasks = await Promise.all(
        Array.from({ length: parallelism }, (_, subtask) =>
          start({
            parallelism,
            subtask,
            restore: before.length === 0 ? undefined : restoreOf(before),
          }),
        ),
      );
      for (const word of words) subtasks[ownerOf(word, parallelism)]!.records(0, add(word));
      for (const rig of subtasks) {
        rig.barrier(0, 1);
        await rig.settle();
        next.push(rig.acknowledged.get(1)!.snapshot);
      }
      snapshots = next;
    }
    const last = await start({ restore: restoreOf(snapshots) });
    last.watermark(0, 1000);
    await last.settle();
    const emitted = (await drained(last)).filter((item) => !String(item).startsWith("watermark"));
    expect(new Set(emitted)).toEqual(new Set(words.map((word) => `${word} 3`)));
    expect(emitted.length).toBe(words.length);
  });

  it.each([
    ["timers of many keys fire", countingGraph],
    ["a window of many keys fires", windowGraph],
  ])("waits with its snapshot while %s without room, and holds nothing twice", async (_, graph) => {
    const words = keys(50_000);
    const rig = await start({ graph: graph(), capacity: 64 });
    rig.records(0, ...words.map((word) => add(word)));
    await rig.settle();
    rig.watermark(0, 1000);
    rig.barrier(0, 1);
    await rig.settle();
    expect(rig.acknowledged.size).toBe(0);
    const seen = await drained(rig);
    expect(seen.length).toBe(words.length + 2);
    // All of them, then the watermark, then the barrier.
    expect(seen.slice(-2)).toEqual(["watermark 1000", "barrier 1"]);
    const restored = await start({
      graph: graph(),
      restore: restoreOf([rig.acknowledged.get(1)!.snapshot]),
    });
    restored.watermark(0, 2000);
    await restored.settle();
    expect(await drained(restored)).toEqual(["watermark 2000"]);
  });

  it("writes state in slices between records, and none of what came after the barrier", async () => {
    const words = keys(20_000);
    const clock = new StepClock();
    const rig = await start({ clock });
    rig.records(0, ...words.map((word) => add(word)));
    await rig.settle();
    clock.step = 0.05;
    rig.barrier(0, 1);
    // While it is being written there is always something more to do.
    let between = 0;
    while (rig.acknowledged.size === 0) {
      rig.records(0, ...words.slice(0, 500).map((word) => add(word, 1000)));
      await new Promise((next) => setImmediate(next));
      if (rig.acknowledged.size === 0 && rig.inputs[0]!.backlog < 500) between++;
      if (between > 100_000) break;
    }
    clock.step = 0;
    expect(between).toBeGreaterThan(3);
    const restored = await start({ restore: restoreOf([rig.acknowledged.get(1)!.snapshot]) });
    restored.watermark(0, 1000);
    await restored.settle();
    const emitted = (await drained(restored)).filter((item) => !String(item).startsWith("watermark"));
    expect(emitted.length).toBe(words.length);
    expect(emitted.every((item) => String(item).endsWith(" 1"))).toBe(true);
  });

  it("frees what it holds for a checkpoint that is given up while it is written, and takes the next one", async () => {
    const words = keys(20_000);
    const clock = new StepClock();
    const rig = await start({ clock });
    rig.records(0, ...words.map((word) => add(word)));
    await rig.settle();
    clock.step = 0.05;
    rig.barrier(0, 1);
    await rig.until(() => rig.outputs[0]!.queued > 0, "the barrier");
    expect(rig.acknowledged.size).toBe(0);
    rig.task.checkpointAborted(1);
    rig.records(0, add("k0", 41));
    rig.barrier(0, 2);
    await rig.until(() => rig.acknowledged.size > 0, "the second checkpoint");
    expect([...rig.acknowledged.keys()]).toEqual([2]);
    clock.step = 0;
    const restored = await start({ restore: restoreOf([rig.acknowledged.get(2)!.snapshot]) });
    restored.watermark(0, 1000);
    await restored.settle();
    const emitted = await drained(restored);
    expect(emitted).toContain("k0 42");
    expect(emitted).toContain("k1 1");
  });
});

/** A clock that goes on a little with each look at it. */
class StepClock implements Clock {
  step = 0;
  readonly #clock = new ManualClock(1);

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    this.#clock.advance(this.step);
    return this.#clock.monotonic();
  }

  schedule(delay: number, callback: () => void): ReturnType<Clock["schedule"]> {
    return this.#clock.schedule(delay, callback);
  }

  yield(callback: () => void): void {
    this.#clock.yield(callback);
  }
}
