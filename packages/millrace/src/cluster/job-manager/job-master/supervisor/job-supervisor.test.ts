import { describe, expect, it } from "vitest";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { createCheckpointStore } from "../../../../runtime/checkpoint/storage/create-checkpoint-store.ts";
import { ScarceSlots } from "../testing/scarce-slots.ts";
import { settle } from "../testing/scripted-job.ts";
import { supervisedJob } from "../testing/supervised-job.ts";
import type { SupervisedJob, SupervisedJobOptions } from "../testing/supervised-job.ts";

const ADAPTIVE = {
  "jobmanager.scheduler": "adaptive",
  "execution.checkpointing.interval": 60_000,
  "restart-strategy.type": "fixed-delay",
  "restart-strategy.fixed-delay.attempts": 3,
  "restart-strategy.fixed-delay.delay": 0,
} as const;

function jobWith(slots: number, options: SupervisedJobOptions = {}): SupervisedJob<ScarceSlots> {
  const job = supervisedJob(new ScarceSlots(slots), { available: slots, ...options });
  job.supervisor.start();
  return job;
}

/** Parallelism of its vertices, as they run. */
const parallelism = ({ supervisor }: SupervisedJob<ScarceSlots>): readonly number[] =>
  supervisor.describe().vertices.map((vertex) => vertex.parallelism);

function resize({ slots, supervisor }: SupervisedJob<ScarceSlots>, count: number): void {
  slots.resize(count);
  supervisor.slotsAvailable(count);
}

const rounds = async (count = 8): Promise<void> => {
  for (let i = 0; i < count; i++) await settle();
};

describe("an adaptive job", () => {
  it("waits for more slots a while, then runs with those there are, and says so", async () => {
    const job = jobWith(1, { config: ADAPTIVE });
    job.clock.advance(4000);
    expect(job.supervisor.describe()).toMatchObject({
      status: "CREATED",
      waiting: "waiting for 2 slots, 1 is free for it, 4 s of 10 s",
    });
    job.clock.advance(6000);
    await rounds();
    expect([job.supervisor.status, parallelism(job), job.supervisor.describe().waiting]).toEqual([
      "RUNNING",
      [1, 1],
      undefined,
    ]);
    job.supervisor.cancel();
    expect((await job.supervisor.done).status).toBe("CANCELED");
  });

  it("fails when there are none in time", async () => {
    const job = jobWith(0, { config: ADAPTIVE });
    job.clock.advance(300_000);
    const { status, error, view } = await job.supervisor.done;
    expect([status, MillraceError.is(error, "NO_SLOTS"), error?.message]).toEqual([
      "FAILED",
      true,
      "the job needs 1 slot at least, and could have 0 (waited 5 min)",
    ]);
    expect(view.exceptions[0]).toMatchObject({ code: "NO_SLOTS" });
    expect(view.timestamps.FAILED).toBe(300_000);
  });

  it("goes on with fewer slots at once when some are lost, from its last checkpoint, and grows again in time", async () => {
    const job = jobWith(2, { config: ADAPTIVE });
    const { supervisor, clock } = job;
    await rounds();
    expect(parallelism(job)).toEqual([2, 2]);
    await supervisor.snapshot({ kind: "checkpoint", target: undefined });
    resize(job, 1);
    await rounds();
    clock.advance(1);
    await rounds();
    expect([supervisor.status, parallelism(job)]).toEqual(["RUNNING", [1, 1]]);
    const restored = job.slots.alive.flatMap(({ deployment }) =>
      deployment.tasks.map(({ restore }) => restore?.checkpointId),
    );
    expect(restored).toEqual([1, 1]);
    resize(job, 2);
    clock.advance(29_000);
    await rounds();
    expect(parallelism(job)).toEqual([1, 1]);
    clock.advance(1000);
    await rounds();
    expect([supervisor.status, parallelism(job)]).toEqual(["RUNNING", [2, 2]]);
    expect(supervisor.describe().rescales).toMatchObject([
      { trigger: "new resources", status: "COMPLETED" },
      { trigger: "lost resources", status: "COMPLETED" },
    ]);
    // Attempts go on counting, whatever the parallelism was.
    expect(job.slots.alive.map(({ deployment }) => deployment.token.attempt)).toEqual([2, 2]);
    const [vertex] = supervisor.describe().vertices;
    expect(vertex?.subtasks[0]?.earlier.map(({ attempt }) => attempt)).toEqual([1, 0]);
    supervisor.cancel();
    await rounds();
    expect((await supervisor.done).view.restarts).toBe(1);
  });
});

describe("a job of the default scheduler", () => {
  it("is rescaled when it is asked for, and waits for its slots otherwise", async () => {
    const job = jobWith(1);
    await rounds();
    expect(job.supervisor.describe().waiting).toBe("waiting for 2 slots, 1 is free for it, 0 s");
    resize(job, 3);
    await rounds();
    expect(parallelism(job)).toEqual([2, 2]);
    job.supervisor.require({ [job.vertices[1]]: { lower: 1, upper: 3 } });
    await rounds();
    expect(parallelism(job)).toEqual([2, 3]);
    expect(job.supervisor.describe().rescales[0]).toMatchObject({
      trigger: "request",
      status: "COMPLETED",
      parallelism: { [job.vertices[1]]: { from: 2, to: 3 } },
    });
    expect(job.statuses).toEqual(["CREATED", "RUNNING", "RESTARTING", "RUNNING"]);
    job.supervisor.require({ [job.vertices[1]]: { lower: 5, upper: 6 } });
    await rounds();
    expect([job.supervisor.status, parallelism(job), job.supervisor.describe().waiting]).toEqual([
      "RUNNING",
      [2, 3],
      "waiting for 5 slots, 3 are free for it, 0 s",
    ]);
    // Who asked hears it as soon as it is known that there are no more.
    job.supervisor.slotsAvailable(3);
    const [newest] = job.supervisor.describe().rescales;
    expect([newest?.status, newest?.failure]).toEqual([
      "FAILED",
      'vertex "Sink: nowhere" runs at parallelism 3, not at 6: 6 slots are needed, and the job can have 3; it is rescaled when there are more',
    ]);
    job.supervisor.require({
      [job.vertices[0]]: { lower: 1, upper: 2 },
      [job.vertices[1]]: { lower: 1, upper: 3 },
    });
    job.supervisor.slotsAvailable(3);
    expect(job.supervisor.describe().rescales[0]).toMatchObject({ status: "COMPLETED", parallelism: {} });
    job.supervisor.require({
      [job.vertices[0]]: { lower: 1, upper: 3 },
      [job.vertices[1]]: { lower: 1, upper: 5 },
    });
    await rounds();
    expect(job.supervisor.describe().rescales[0]).toMatchObject({
      status: "COMPLETED",
      unmet: expect.stringContaining("runs at parallelism 3, not at 5"),
    });
    expect(() => job.supervisor.require({ nobody: { lower: 1, upper: 1 } })).toThrow(/no vertex nobody/u);
    job.supervisor.cancel();
    expect((await job.supervisor.done).status).toBe("CANCELED");
    expect(() => job.supervisor.require({})).toThrow(/CANCELED: it can't be rescaled/u);
  });

  it("stays as it is when the checkpoint for a rescaling fails, and tries again later", async () => {
    const store = createCheckpointStore({
      directory: undefined,
      savepointDirectory: undefined,
      inlineThreshold: 0,
    });
    let failing = true;
    const record = store.record.bind(store);
    store.record = async (metadata, location) => {
      if (failing) throw new MillraceError("CHECKPOINT_STORAGE_FAILED", "disk full");
      return record(metadata, location);
    };
    const job = jobWith(3, { store });
    await rounds();
    job.supervisor.require({ [job.vertices[1]]: { lower: 1, upper: 3 } });
    await rounds();
    expect([job.supervisor.status, parallelism(job)]).toEqual(["RUNNING", [2, 2]]);
    expect(job.supervisor.describe().rescales[0]).toMatchObject({ status: "FAILED" });
    expect(job.supervisor.describe().rescales[0]?.failure).toMatch(/disk full/u);
    failing = false;
    job.clock.advance(10_000);
    await rounds();
    expect([job.supervisor.status, parallelism(job)]).toEqual(["RUNNING", [2, 3]]);
    job.supervisor.suspend();
    const { status, view } = await job.supervisor.done;
    expect([status, view.endedAt]).toEqual(["SUSPENDED", undefined]);
  });

  it("is rescaled by its restart where tasks fail before the checkpoint that was to come first, and says so", async () => {
    const config = {
      "execution.checkpointing.interval": 60_000,
      "restart-strategy.type": "fixed-delay",
      "restart-strategy.fixed-delay.delay": 100,
    } as const;
    const job = jobWith(3, { config });
    await rounds();
    job.slots.alive[0]?.task(0, "FAILED");
    await rounds();
    job.supervisor.require({ [job.vertices[1]]: { lower: 1, upper: 3 } });
    await rounds();
    expect([job.supervisor.status, job.supervisor.describe().rescales[0]?.status]).toEqual([
      "RESTARTING",
      "IN_PROGRESS",
    ]);
    job.clock.advance(100);
    await rounds();
    expect([job.supervisor.status, parallelism(job)]).toEqual(["RUNNING", [2, 3]]);
    expect(job.supervisor.describe().rescales[0]).toMatchObject({
      trigger: "request",
      status: "COMPLETED",
      parallelism: { [job.vertices[1]]: { from: 2, to: 3 } },
    });
    expect(job.log.join("\n")).not.toContain("not rescaled");
    job.supervisor.cancel();
    expect((await job.supervisor.done).status).toBe("CANCELED");
  });

  it("removes the checkpoints of a job that is cancelled between two generations", async () => {
    const discarded: number[] = [];
    const store = createCheckpointStore({
      directory: undefined,
      savepointDirectory: undefined,
      inlineThreshold: 0,
    });
    const discard = store.discard.bind(store);
    store.discard = async (checkpoint) => {
      discarded.push(checkpoint.metadata.checkpointId);
      return discard(checkpoint);
    };
    const job = jobWith(2, { config: ADAPTIVE, store });
    await rounds();
    await job.supervisor.snapshot({ kind: "checkpoint", target: undefined });
    resize(job, 0);
    await rounds();
    job.clock.advance(1);
    await rounds();
    expect(job.supervisor.status).toBe("RESTARTING");
    expect(job.supervisor.describe().waiting).toMatch(/^waiting for 1 slot, 0 are free for it/u);
    job.supervisor.cancel();
    expect((await job.supervisor.done).status).toBe("CANCELED");
    expect(discarded).toEqual([1]);
  });
});

it("goes on counting restarts and failures where another thread of the job stopped, and tells of them", async () => {
  const earlier = {
    at: 5,
    code: "JOB_FAILED",
    message: "its thread has ended",
    stack: "",
    task: undefined,
    taskManagerId: undefined,
    endpoint: undefined,
  };
  const history = {
    restarts: 4,
    failures: { attempts: 2, delay: 0, failures: [] },
    exceptions: [earlier],
    nextAttempt: 9,
  };
  const job = jobWith(2, { config: ADAPTIVE, history });
  await rounds();
  expect(job.supervisor.describe()).toMatchObject({ status: "RUNNING", restarts: 4, exceptions: [earlier] });
  expect(job.supervisor.describe().vertices[0]?.subtasks[0]?.current.attempt).toBe(9);
  expect(job.mishaps).toEqual([]);
  job.supervisor.jobFailed(new RangeError("a third time"));
  await rounds();
  expect(job.mishaps.at(-1)).toMatchObject({
    restarts: 5,
    failures: { attempts: 3 },
    exceptions: [{ message: "a third time" }, earlier],
  });
  job.supervisor.jobFailed(new RangeError("a fourth time"));
  const { status, givenUp, view } = await job.supervisor.done;
  expect([status, view.restarts]).toEqual(["FAILED", 5]);
  expect(givenUp).toMatch(/^it was started again 3 times/u);
});
