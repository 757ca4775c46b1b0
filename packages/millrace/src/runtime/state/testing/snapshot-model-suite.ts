import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../common/clock/manual-clock.ts";
import { hashKey } from "../../../common/keys/hash-key.ts";
import { keyGroupOf, subtaskOfKeyGroup } from "../../../common/keys/key-groups.ts";
import type { MakeBackend } from "./backend-fixture.ts";
import {
  MAX_PARALLELISM,
  SCENARIO_KEYS,
  scenarioStep,
  SnapshotScenario,
  type ScenarioStep,
  type TakenSnapshot,
} from "./snapshot-scenario.ts";
import { NAMESPACES, StateSubject } from "./state-model.ts";
import { storeRequest } from "./store-request.ts";
import { inMemory } from "./take-snapshot.ts";

/** Any operations while any snapshots are written, confirmed and given up, against a plain model. */
export function describeSnapshotModel(makeBackend: MakeBackend, runs: number): void {
  describe("model", () => {
    /** Stores of so many subtasks, restored from a snapshot. */
    async function restored({ handle, time }: TakenSnapshot, parallelism: number): Promise<StateSubject[]> {
      return Promise.all(
        Array.from({ length: parallelism }, async (_, subtask) => {
          const clock = new ManualClock(time);
          const options = { maxParallelism: MAX_PARALLELISM, parallelism, subtask, clock };
          const store = makeBackend().createKeyedStore(storeRequest(options));
          if (handle !== undefined) await store.restore([handle], inMemory);
          const subject = new StateSubject(store, clock);
          store.restored();
          return subject;
        }),
      );
    }

    async function check(taken: TakenSnapshot, parallelism: number): Promise<void> {
      const subjects = await restored(taken, parallelism);
      for (const key of SCENARIO_KEYS) {
        const group = keyGroupOf(hashKey(key), MAX_PARALLELISM);
        const owner = subjects[subtaskOfKeyGroup(MAX_PARALLELISM, parallelism, group)]!;
        for (const namespace of NAMESPACES)
          expect(owner.read(key, namespace)).toEqual(taken.model.readable(key, namespace, taken.time));
      }
      expect(subjects.flatMap((subject) => subject.fireAll()).sort()).toEqual(taken.model.timers());
    }

    async function run(scenario: SnapshotScenario, steps: readonly ScenarioStep[]): Promise<void> {
      for (const step of steps) await scenario.run(step);
      await scenario.finish();
    }

    it("agrees with plain objects, as it is and as every snapshot had it", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(scenarioStep, { maxLength: 120, size: "max" }),
          fc.integer({ min: 1, max: 4 }),
          async (steps, parallelism) => {
            const scenario = new SnapshotScenario(makeBackend);
            await run(scenario, steps);
            // The later ones rest on more.
            for (const taken of scenario.taken.slice(-4)) await check(taken, parallelism);
            const { subject, model, time } = scenario;
            for (const key of SCENARIO_KEYS) {
              for (const namespace of NAMESPACES)
                expect(subject.read(key, namespace)).toEqual(model.readable(key, namespace, time));
            }
            expect(subject.fireAll().sort()).toEqual(model.timers());
          },
        ),
        { numRuns: runs },
      );
    });
  });
}
