import fc from "fast-check";
import { assert, describe, expect, it } from "vitest";
import type { ConfigValues } from "../../../../common/config/options.ts";
import { job as jobNumber } from "../../resource-manager/testing/broker-rig.ts";
import { settle } from "../testing/scripted-job.ts";
import { SharedCluster } from "../testing/shared-cluster.ts";
import type { BrokerSlots } from "../testing/shared-cluster.ts";
import { supervisedJob } from "../testing/supervised-job.ts";
import type { SupervisedJob } from "../testing/supervised-job.ts";

const SCHEDULERS: Readonly<Record<string, ConfigValues>> = {
  default: {},
  adaptive: {
    "jobmanager.scheduler": "adaptive",
    "jobmanager.adaptive-scheduler.resource-wait-timeout": 0,
  },
  reactive: { "scheduler-mode": "reactive" },
};

const scheduler = fc.constantFrom("default", "adaptive", "adaptive", "reactive");
const step = fc.record({
  do: fc.constantFrom("wait", "wait", "register", "lose", "die", "fail", "rescale", "cancel", "submit"),
  who: fc.nat(10),
  count: fc.integer({ min: 1, max: 4 }),
  scheduler,
  settled: fc.boolean(),
});

class World {
  readonly cluster: SharedCluster;
  readonly jobs: SupervisedJob<BrokerSlots>[] = [];
  readonly cancelled = new Set<SupervisedJob<BrokerSlots>>();

  constructor(exclusive: boolean) {
    this.cluster = new SharedCluster({ exclusive });
  }

  submit(kind: string, parallelism: number): SupervisedJob<BrokerSlots> {
    const slots = this.cluster.add(jobNumber(this.jobs.length));
    const job = supervisedJob(slots, {
      available: slots.available,
      config: {
        "parallelism.default": parallelism,
        "execution.checkpointing.interval": 1e9,
        "execution.checkpointing.tolerable-failed-checkpoints": 100,
        "restart-strategy.type": "fixed-delay",
        "restart-strategy.fixed-delay.attempts": 1000,
        "restart-strategy.fixed-delay.delay": 100,
        "jobmanager.adaptive-scheduler.resource-stabilization-timeout": 300,
        "jobmanager.adaptive-scheduler.scaling-interval.min": 400,
        "pipeline.max-parallelism": 6,
        ...SCHEDULERS[kind],
      },
    });
    slots.supervisor = job.supervisor;
    this.jobs.push(job);
    job.supervisor.start();
    return job;
  }

  cancel(index: number): void {
    const job = this.jobs[index] as SupervisedJob<BrokerSlots>;
    this.cancelled.add(job);
    job.supervisor.cancel();
    void job.supervisor.done.then(() => this.cluster.handle({ kind: "jobRemoved", job: jobNumber(index) }));
  }

  async pass(ms: number): Promise<void> {
    for (const { clock } of this.jobs) clock.advance(ms);
    this.cluster.tick(ms);
    await settle();
    this.cluster.deliver();
    await settle();
    this.check();
  }

  /** Nothing is promised twice. */
  check(): void {
    const { broker } = this.cluster;
    const living = this.jobs.filter((_, index) => this.#lives(index));
    const promised = living.reduce((sum, { slots }) => sum + slots.available, 0);
    assert.isAtMost(promised, broker.book.slotCount, "slots that are promised");
  }

  #lives(index: number): boolean {
    return !["CANCELED", "FAILED", "FINISHED"].includes(this.jobs[index]?.supervisor.status ?? "");
  }

  /** How often anything was deployed. */
  get deployments(): number {
    return this.jobs.reduce((sum, { slots }) => sum + slots.opened.length, 0);
  }
}

describe("several jobs in one cluster", () => {
  it.each([false, true])(
    "settle, whoever comes and goes, and use what there is; exclusive TaskManagers: %s",
    async (exclusive) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(scheduler, fc.integer({ min: 1, max: 4 })), { minLength: 2, maxLength: 4 }),
          fc.array(step, { maxLength: 25, size: "max" }),
          async (submitted, history) => {
            const world = new World(exclusive);
            const { cluster, jobs } = world;
            cluster.register(3);
            for (const [kind, parallelism] of submitted) world.submit(kind, parallelism);
            for (const { do: what, who, count, scheduler: kind, settled } of history) {
              const job = jobs[who % jobs.length] as SupervisedJob<BrokerSlots>;
              const slot = job.slots.alive[count % Math.max(1, job.slots.alive.length)];
              if (what === "wait") await world.pass(count * 100);
              if (what === "register") cluster.register(count);
              if (what === "lose") cluster.lose(who);
              if (what === "die") job.slots.end(count);
              if (what === "fail") slot?.task(0, "FAILED");
              if (what === "cancel") world.cancel(who % jobs.length);
              if (what === "submit" && jobs.length < 6) world.submit(kind, count);
              if (what === "rescale" && !world.cancelled.has(job))
                job.supervisor.require({ [job.vertices[1]]: { lower: 1, upper: count } });
              if (settled) await world.pass(10);
              else world.check();
            }
            for (let round = 0; round < 40; round++) await world.pass(500);
            const { deployments } = world;
            for (let round = 0; round < 25; round++) await world.pass(1000);
            expect(world.deployments, "they take turns for ever").toBe(deployments);
            const undisturbed = history.every(({ do: what }) => !["lose", "die", "fail"].includes(what));
            for (const { supervisor, slots } of jobs) {
              const { status, waiting } = supervisor.describe();
              // Nobody grew into slots that were not there.
              const shrunk = supervisor
                .describe()
                .rescales.filter((each) => each.trigger === "lost resources");
              expect(undisturbed ? shrunk : []).toEqual([]);
              // Each runs, or waits for what there is not.
              expect(waiting ?? status).toMatch(/^(RUNNING|CANCELED|waiting for .*)$/u);
              const missing =
                slots.waiting === undefined ? Infinity : slots.waiting.slots + slots.alive.length;
              expect(slots.available).toBeLessThan(missing);
            }
          },
        ),
        { numRuns: 40 },
      );
    },
    30_000,
  );

  it("let nobody grow into slots that another is promised", async () => {
    const world = new World(false);
    const { cluster } = world;
    cluster.register(2);
    const first = world.submit("adaptive", 4);
    const second = world.submit("adaptive", 4);
    for (let round = 0; round < 20; round++) await world.pass(100);
    expect([first, second].map(({ slots }) => slots.alive.length)).toEqual([1, 1]);
    cluster.register(3);
    for (let round = 0; round < 40; round++) await world.pass(100);
    expect([first, second].map(({ slots }) => slots.alive.length)).toEqual([4, 1]);
    expect(first.supervisor.describe().rescales.map(({ status }) => status)).toEqual(["COMPLETED"]);
    expect(second.supervisor.describe().rescales).toEqual([]);
  });

  it("let a job that restarts have its slots again, though another waits", async () => {
    const world = new World(false);
    world.cluster.register(2);
    const first = world.submit("default", 2);
    for (let round = 0; round < 3; round++) await world.pass(100);
    const second = world.submit("default", 2);
    await world.pass(100);
    first.slots.alive[0]?.task(0, "FAILED");
    for (let round = 0; round < 10; round++) await world.pass(100);
    expect([first, second].map(({ supervisor }) => supervisor.describe().waiting)).toEqual([
      undefined,
      "waiting for 2 slots, 0 are free for it, 1 s",
    ]);
    world.cancel(0);
    for (let round = 0; round < 3; round++) await world.pass(100);
    expect(second.slots.alive).toHaveLength(2);
  });
});
