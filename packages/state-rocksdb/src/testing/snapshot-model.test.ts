import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashKey } from "../../../millrace/src/common/keys/hash-key.ts";
import { keyGroupOf, subtaskOfKeyGroup } from "../../../millrace/src/common/keys/key-groups.ts";
import { storeRequest } from "../../../millrace/src/runtime/state/testing/store-request.ts";
import type { KeyedStateHandle, SnapshotKeyedStore, SnapshotPace } from "millrace/internal/state-backend";
import { bindingProblem } from "../binding/load-binding.ts";
import { rocksFactory } from "./factories.ts";
import { checkpointFolder, filesIn } from "./memory-files.ts";
import {
  dropTable,
  expected,
  expectedScans,
  expectedTimers,
  KEYS,
  OPERATION_COUNT,
  StateModel,
  Subject,
  type Step,
} from "./state-model.ts";

const MAX_PARALLELISM = 16;
const problem = bindingProblem();

const step = fc.record({
  key: fc.nat({ max: KEYS.length - 1 }),
  operation: fc.nat({ max: OPERATION_COUNT - 1 }),
  arg: fc.integer({ min: 0, max: 12 }),
});

describe.skipIf(problem !== undefined)(`snapshots of RocksDB ${problem ?? ""}`, () => {
  const folder = checkpointFolder();

  /** A pace that has `between` done between any two slices. */
  function pace(between: () => void): SnapshotPace {
    return {
      over: true,
      async next() {
        await new Promise(setImmediate);
        between();
      },
    };
  }

  for (const cache of ["cached", "tiny", "uncached"] as const) {
    const make = rocksFactory(cache);

    function store(parallelism: number, subtask: number): SnapshotKeyedStore {
      return make().createKeyedStore(storeRequest({ maxParallelism: MAX_PARALLELISM, parallelism, subtask }));
    }

    it(`${cache}: hold the state of the barrier, whatever happens while they are written, at any parallelism`, async () => {
      const property = fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.array(step, { maxLength: 30 }),
        fc.array(step, { maxLength: 20 }),
        fc.constantFrom(1, 1, 2, 3),
        fc.boolean(),
        fc.nat({ max: 3 }),
        async (before, during, after, parallelism, canonical, drop) => {
          let model = new StateModel();
          let subjects = [new Subject(store(1, 0))];
          const ownerOf = (key: number): Subject => {
            const group = keyGroupOf(hashKey(KEYS[key]), MAX_PARALLELISM);
            return subjects[subtaskOfKeyGroup(MAX_PARALLELISM, subjects.length, group)]!;
          };
          const run = (steps: readonly Step[]): void => {
            for (const each of steps) ownerOf(each.key).apply(each, model);
          };
          const check = (of: StateModel): void => {
            for (let key = 0; key < KEYS.length; key++)
              expect(ownerOf(key).read(key)).toEqual(expected(of, key));
          };
          run(before);
          check(model);
          // Twice, so that what was restored is snapshotted, too; the second time with others changing.
          for (const [round, [width, form]] of (
            [
              [parallelism, canonical],
              [1, !canonical],
            ] as const
          ).entries()) {
            const asOf = model.copy();
            const left = round === 0 ? [...during] : [...after];
            const handles: KeyedStateHandle[] = [];
            for (const subject of subjects) {
              const snapshot = subject.store.snapshot({
                checkpointId: round + 1,
                files: filesIn(folder),
                canonical: form,
                incremental: round > 0,
              });
              const between = (): void => {
                run(left.splice(0, 4).filter(({ key }) => ownerOf(key) === subject));
                if (drop > 0 && left.length < 10)
                  dropTable(subject, subjects.length === 1 ? model : new StateModel(), drop);
              };
              between();
              const handle = await snapshot.write(pace(between));
              if (handle !== undefined) handles.push(handle);
            }
            if (subjects.length === 1) check(model);
            subjects.forEach(({ store: old }) => old.dispose());
            model = asOf;
            subjects = [];
            for (let subtask = 0; subtask < width; subtask++) {
              const next = store(width, subtask);
              await next.restore(handles, filesIn(folder));
              subjects.push(new Subject(next));
              next.restored();
            }
            check(model);
            const scans = subjects.map((subject) => subject.scans() as string[][]);
            expect(scans[0]!.map((_, i) => scans.flatMap((scan) => scan[i]!).sort())).toEqual(
              expectedScans(model),
            );
          }
          for (const subject of subjects) subject.timers.advanceWatermark(Infinity, { blocked: false });
          expect(subjects.flatMap(({ fired }) => fired).sort()).toEqual(expectedTimers(model));
          for (const { fired } of subjects)
            expect(fired.map((text) => text.slice(0, 5))).toEqual(
              fired.map((text) => text.slice(0, 5)).sort(),
            );
        },
      );
      await fc.assert(property, { numRuns: 6 });
    });
  }
});
