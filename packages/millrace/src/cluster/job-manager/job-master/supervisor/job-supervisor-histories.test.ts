import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { ConfigValues } from "../../../../common/config/options.ts";
import { ScarceSlots } from "../testing/scarce-slots.ts";
import { settle } from "../testing/scripted-job.ts";
import { supervisedJob } from "../testing/supervised-job.ts";

const steps = fc.array(
  fc.record({
    do: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom("wait" as const, "fail" as const, "die" as const) },
      { weight: 3, arbitrary: fc.constantFrom("rescale" as const, "resize" as const) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          "noSlots" as const,
          "enumerator" as const,
          "finish" as const,
          "savepoint" as const,
          "checkpoint" as const,
        ),
      },
    ),
    pick: fc.nat(5),
    ms: fc.nat(1200),
    lower: fc.integer({ min: 1, max: 3 }),
    more: fc.nat(3),
    settled: fc.boolean(),
  }),
  { maxLength: 30, size: "max" },
);

const SCHEDULERS: Readonly<Record<string, ConfigValues>> = {
  default: {},
  adaptive: {
    "jobmanager.scheduler": "adaptive",
    "jobmanager.adaptive-scheduler.resource-stabilization-timeout": 300,
    "jobmanager.adaptive-scheduler.scaling-interval.min": 400,
    "jobmanager.adaptive-scheduler.resource-wait-timeout": 0,
  },
  reactive: { "scheduler-mode": "reactive", "jobmanager.adaptive-scheduler.scaling-interval.min": 400 },
};

const TERMINAL: ReadonlySet<string> = new Set(["FINISHED", "CANCELED", "FAILED", "SUSPENDED"]);

describe("a job that is rescaled while anything happens to it", () => {
  it("comes to the end that was asked for, and uses no execution, attempt or checkpoint number twice", async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.constantFrom("finish" as const, "cancel" as const, "stop" as const, "suspend" as const),
        fc.constantFrom("default" as const, "adaptive" as const, "reactive" as const),
        fc.boolean(),
        async (plan, ending, scheduler, forward) => {
          const slots = new ScarceSlots(4);
          const job = supervisedJob(slots, {
            available: 4,
            partitioner: forward ? { kind: "forward" } : { kind: "hash", keySelector: (value) => value },
            config: {
              "execution.checkpointing.interval": 300,
              "execution.checkpointing.tolerable-failed-checkpoints": 100,
              "restart-strategy.type": "fixed-delay",
              "restart-strategy.fixed-delay.attempts": 1000,
              "restart-strategy.fixed-delay.delay": 100,
              "pipeline.max-parallelism": 6,
              ...SCHEDULERS[scheduler],
            },
          });
          const { supervisor, clock, vertices } = job;
          supervisor.start();
          const answers: Promise<unknown>[] = [];
          const ask = (kind: "savepoint" | "checkpoint" | "stop"): void =>
            void answers.push(
              supervisor.snapshot({ kind, target: "memory" }).catch((error: unknown) => error),
            );
          const resize = (count: number): void => {
            slots.resize(count);
            supervisor.slotsAvailable(count);
          };
          const rescale = (vertex: string, { lower, more }: { lower: number; more: number }): void => {
            if (!TERMINAL.has(supervisor.status))
              supervisor.require({ [vertex]: { lower, upper: lower + more } });
          };
          for (const step of plan) {
            const slot = slots.alive[step.pick % Math.max(1, slots.alive.length)];
            switch (step.do) {
              case "wait":
                clock.advance(step.ms);
                break;
              case "fail":
                slot?.task(step.pick, "FAILED");
                break;
              case "finish":
                slot?.task(step.pick, "FINISHED");
                break;
              case "die":
                slot?.die();
                break;
              case "noSlots":
                slots.failures++;
                break;
              case "enumerator":
                job.context?.fail(new MillraceError("SOURCE_FAILED", "on purpose"));
                break;
              case "resize":
                resize(step.pick);
                break;
              case "rescale":
                // A job whose tasks have all finished refuses.
                rescale(vertices[step.pick % 2] as string, step);
                break;
              default:
                ask(step.do);
            }
            if (step.settled) await settle();
            slots.serve();
            supervisor.describe();
            expect(slots.doubled).toEqual([]);
          }
          resize(12);
          if (ending === "cancel") supervisor.cancel();
          if (ending === "suspend") supervisor.suspend();
          if (ending === "stop") ask("stop");
          const state = { over: false };
          void supervisor.done.then(() => (state.over = true));
          for (let round = 0; round < 300 && !state.over; round++) {
            await settle();
            slots.serve();
            const told = slots.alive.filter(
              (slot) => ending === "finish" || slot.told.at(-1)?.type === "checkpointComplete",
            );
            if (supervisor.status === "RUNNING") for (const slot of told) slot.finish();
            clock.advance(50);
          }
          expect(state.over, `${supervisor.status} after ${ending}\n${job.log.slice(-5).join("\n")}`).toBe(
            true,
          );
          const { status, view } = await supervisor.done;
          const expected = { finish: "FINISHED", stop: "FINISHED", cancel: "CANCELED", suspend: "SUSPENDED" };
          // Tasks may have finished, all of them, before.
          expect([expected[ending], "FINISHED"]).toContain(status);
          expect(slots.alive).toEqual([]);
          await Promise.all(answers);
          checkNumbers(slots);
          expect(view.rescales.every(({ status: how }) => how !== "IN_PROGRESS")).toBe(true);
          expect(view.exceptions.length).toBeLessThanOrEqual(16);
        },
      ),
      { numRuns: 80 },
    );
  });
});

/** Nothing that names an attempt or a checkpoint was used twice. */
function checkNumbers(slots: ScarceSlots): void {
  const deployed = slots.opened.filter(({ sent }) => sent.length > 0);
  const executions = deployed.flatMap((slot) => slot.executions);
  expect(new Set(executions).size).toBe(executions.length);
  const attemptsOf = new Map<number, Set<number>>();
  let highest = 0;
  for (const { sent, deployment } of deployed) {
    const triggered = sent.flatMap((message) =>
      message.type === "triggerCheckpoint" ? [message.checkpointId] : [],
    );
    expect(new Set(triggered).size).toBe(triggered.length);
    for (const id of triggered) {
      const attempts = attemptsOf.get(id) ?? new Set();
      attemptsOf.set(id, attempts.add(deployment.token.attempt));
    }
    highest = Math.max(highest, ...triggered);
  }
  const restored = deployed.flatMap(({ deployment }) =>
    deployment.tasks.flatMap(({ restore }) => restore?.checkpointId ?? []),
  );
  for (const id of restored) expect(id).toBeLessThanOrEqual(highest);
}
