import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { JobMaster } from "./job-master.ts";
import { ObedientSlots } from "./testing/obedient-slots.ts";
import { jobOf, settle } from "./testing/scripted-job.ts";

const steps = fc.array(
  fc.record({
    do: fc.oneof(
      {
        weight: 4,
        arbitrary: fc.constantFrom("wait" as const, "fail" as const, "die" as const),
      },
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
    ms: fc.nat(700),
    settled: fc.boolean(),
  }),
  { maxLength: 25, size: "max" },
);

const endings = fc.constantFrom("finish" as const, "cancel" as const, "stop" as const);

describe("a job to which anything happens", () => {
  it("comes to an end, runs no task twice at a time, and answers everything that was asked for", async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        endings,
        fc.constantFrom("hash" as const, "forward" as const),
        async (plan, ending, partitioner) => {
          const slots = new ObedientSlots();
          const job = await jobOf(slots, {
            partitioner,
            config: {
              "execution.checkpointing.interval": 300,
              "execution.checkpointing.tolerable-failed-checkpoints": 100,
              "restart-strategy.type": "fixed-delay",
              "restart-strategy.fixed-delay.attempts": 1000,
              "restart-strategy.fixed-delay.delay": 100,
            },
          });
          const { master, clock } = job;
          const answers: Promise<unknown>[] = [];
          const ask = (kind: "savepoint" | "checkpoint" | "stop"): void =>
            void answers.push(master.snapshot({ kind, target: "memory" }).catch((error: unknown) => error));
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
                // There is none before all tasks are deployed.
                if (job.enumerator.length > 0)
                  job.context.fail(new MillraceError("SOURCE_FAILED", "on purpose"));
                break;
              default:
                ask(step.do);
            }
            if (step.settled) await settle();
            expect(slots.doubled).toEqual([]);
          }
          await end(
            master,
            slots,
            ending,
            () => ask("stop"),
            (ms) => clock.advance(ms),
          );
          const { status } = await master.done;
          expect(status).toBe(ending === "cancel" ? "CANCELED" : "FINISHED");
          expect(slots.alive).toEqual([]);
          await Promise.all(answers);
        },
      ),
      { numRuns: 60 },
    );
  });
});

/** Brings a job to its end, whatever it takes. */
async function end(
  master: JobMaster,
  slots: ObedientSlots,
  ending: "finish" | "cancel" | "stop",
  stop: () => void,
  advance: (ms: number) => void,
): Promise<void> {
  if (ending === "cancel") master.cancel();
  if (ending === "stop") stop();
  const state = { over: false };
  void master.done.then(() => (state.over = true));
  for (let round = 0; round < 200 && !state.over; round++) {
    await settle();
    // What is stopped ends when its savepoint is complete.
    const told = slots.alive.filter(
      ({ told }) => ending === "finish" || told.at(-1)?.type === "checkpointComplete",
    );
    if (master.status === "RUNNING") for (const slot of told) slot.finish();
    advance(50);
  }
  expect(state.over, `${master.status} after ${ending}`).toBe(true);
}
