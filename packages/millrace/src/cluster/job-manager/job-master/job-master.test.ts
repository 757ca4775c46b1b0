import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../common/clock/random.ts";
import { ManualClock } from "../../../common/clock/manual-clock.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { executionId, jobId, vertexId, attempt } from "../../../common/ids/ids.ts";
import type { JobGraph, JobVertex } from "../../../graph/job/job-graph.ts";
import type { StreamGraph } from "../../../graph/stream/stream-graph.ts";
import type { SlotConnection } from "../../../protocol/control/control-transport.ts";
import { toEnvelope } from "../../../protocol/control/error-envelope.ts";
import type { FromSlot, ToSlot } from "../../../protocol/control/messages.ts";
import { JobMaster } from "./job-master.ts";
import type { JobOutcome } from "./job-master-options.ts";

/** A slot that does what the test says, and nothing by itself but answering for its metrics. */
class ScriptedSlot implements SlotConnection {
  readonly sent: ToSlot[] = [];
  onMessage: ((message: FromSlot) => void) | undefined;
  onClose: ((error: Error | undefined) => void) | undefined;
  closed = false;

  send(message: ToSlot): void {
    this.sent.push(message);
    if (message.type === "reportMetrics")
      queueMicrotask(() => this.onMessage?.({ type: "metrics", request: message.request, tasks: {} }));
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  /** For v/1; for v/0 and w/0. */
  state(subtask: number, state: Extract<FromSlot, { type: "taskState" }>["state"], error?: Error): void {
    this.#state(VERTEX, subtask, state, error);
    if (subtask === 0) this.#state(SINK, subtask, state, undefined);
  }

  #state(
    vertex: typeof VERTEX,
    subtask: number,
    state: Extract<FromSlot, { type: "taskState" }>["state"],
    error: Error | undefined,
  ): void {
    const execution = executionId(vertex, subtask, attempt(0));
    this.onMessage?.({ type: "taskState", execution, state, error: error && toEnvelope(error) });
  }

  /** From deployment to running. */
  run(subtask: number): void {
    this.onMessage?.({ type: "deployed", attempt: 0 });
    this.state(subtask, "INITIALIZING");
    this.state(subtask, "RUNNING");
  }
}

const VERTEX = vertexId("v");
const SINK = vertexId("w");
const closedChannel = new MillraceError("CHANNEL_CLOSED", "its producer closed it before");
const vertex = (id: typeof VERTEX, node: number, parallelism: number): JobVertex => ({
  id,
  name: id,
  nodes: [node],
  parallelism,
  maxParallelism: 128,
  slotSharingGroup: "default",
});
const node = (id: number): object => ({
  id,
  name: "map",
  spec: { kind: "map", fn: (value: unknown) => value },
  inputs: [],
  sideOutputTypes: new Map(),
  poison: { kind: "fail" },
});

/** Starts a job of v/0 and w/0 in one slot and v/1 in another. */
async function startJob(clock = new ManualClock()): Promise<{
  master: JobMaster;
  slots: readonly [ScriptedSlot, ScriptedSlot];
}> {
  const jobGraph: JobGraph = {
    jobName: "test",
    vertices: [vertex(VERTEX, 0, 2), vertex(SINK, 1, 1)],
    edges: [
      {
        source: VERTEX,
        target: SINK,
        sourceNode: 0,
        targetNode: 1,
        targetInput: 0,
        input: 0,
        sideOutput: undefined,
        partitioner: "hash",
      },
    ],
    fingerprint: "f",
  };
  const slots = [new ScriptedSlot(), new ScriptedSlot()] as const;
  const master = new JobMaster({
    jobId: jobId(new Uint8Array(16)),
    // Only what the JobMaster looks at.
    streamGraph: {
      jobName: "test",
      nodes: [node(0), node(1)],
      config: {},
      captured: {},
    } as unknown as StreamGraph,
    jobGraph,
    packed: false,
    slots: { prepare() {}, open: async () => slots },
    program: { kind: "inline", key: "test" },
    args: {},
    config: {},
    clock,
    random: seededRandom(1),
    streams: { write() {}, read() {}, close() {} },
    restore: undefined,
    createStore: () => Promise.reject(new MillraceError("INTERNAL", "no checkpoints here")),
    log() {},
  });
  await master.start();
  return { master, slots };
}

describe("JobMaster", () => {
  it("starts tasks when all slots have deployed, and finishes when all tasks have", async () => {
    const { master, slots } = await startJob();
    slots[0].onMessage?.({ type: "deployed", attempt: 0 });
    expect(slots[0].sent.map(({ type }) => type)).toEqual(["deploy"]);
    slots[1].onMessage?.({ type: "deployed", attempt: 0 });
    expect(slots.map(({ sent }) => sent.map(({ type }) => type))).toEqual([
      ["deploy", "start"],
      ["deploy", "start"],
    ]);
    for (const [subtask, slot] of slots.entries()) {
      for (const state of ["INITIALIZING", "RUNNING", "FINISHED"] as const) slot.state(subtask, state);
    }
    expect(await master.done).toMatchObject({
      status: "FINISHED",
      error: undefined,
    } satisfies Partial<JobOutcome>);
    expect(slots.every(({ closed }) => closed)).toBe(true);
  });

  it("names the failure that the others follow from, whichever is heard first, and cancels the rest", async () => {
    const { master, slots } = await startJob();
    for (const [subtask, slot] of slots.entries()) slot.run(subtask);
    slots[1].state(1, "FAILED", closedChannel);
    expect(slots[0].sent.at(-1)).toMatchObject({ type: "cancel", executions: ["v/0#0", "w/0#0"] });
    slots[0].state(0, "FAILED", new MillraceError("USER_FUNCTION_FAILED", "the cause"));
    const { status, error } = await master.done;
    expect([status, error?.message]).toEqual(["FAILED", "the cause"]);
  });

  it("a job that is being cancelled ends cancelled, although a task fails because its neighbour is gone", async () => {
    const { master, slots } = await startJob();
    for (const [subtask, slot] of slots.entries()) slot.run(subtask);
    master.cancel();
    slots[1].state(1, "FAILED", closedChannel);
    expect(master.status).toBe("CANCELLING");
    slots[0].state(0, "CANCELED");
    expect((await master.done).status).toBe("CANCELED");
  });

  it("fails when a slot is lost, without waiting for it", async () => {
    const { master, slots } = await startJob();
    for (const [subtask, slot] of slots.entries()) slot.run(subtask);
    slots[0].onClose?.(new RangeError("out of memory"));
    slots[1].state(1, "CANCELED");
    const { status, error } = await master.done;
    expect([status, MillraceError.is(error, "SLOT_LOST")]).toEqual(["FAILED", true]);
  });

  it("ends the slots of tasks that don't let go in time, so that a job can always be cancelled", async () => {
    const clock = new ManualClock();
    const { master, slots } = await startJob(clock);
    for (const [subtask, slot] of slots.entries()) slot.run(subtask);
    master.cancel();
    slots[0].state(0, "CANCELED");
    clock.advance(29_999);
    expect([master.status, slots[1].closed]).toEqual(["CANCELLING", false]);
    clock.advance(1);
    expect((await master.done).status).toBe("CANCELED");
    expect(slots[1].closed).toBe(true);
  });

  it("ignores what comes from executions that it doesn't know, or that are over", async () => {
    const { master, slots } = await startJob();
    for (const [subtask, slot] of slots.entries()) slot.run(subtask);
    slots[0].state(0, "FINISHED");
    slots[0].state(0, "FAILED", closedChannel);
    slots[0].onMessage?.({
      type: "taskState",
      execution: executionId(VERTEX, 1, attempt(7)),
      state: "FAILED",
      error: undefined,
    });
    slots[1].state(1, "FINISHED");
    expect((await master.done).status).toBe("FINISHED");
  });
});
