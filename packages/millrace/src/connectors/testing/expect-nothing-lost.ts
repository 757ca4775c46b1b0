import fc from "fast-check";
import { expect } from "vitest";
import type { Source, SourceSplit } from "../../common/connector/source.ts";
import { SourceSimulation } from "./source-simulation.ts";
import { sourceSteps, takeSteps } from "./source-steps.ts";

/** What a bounded source is expected to give, whatever happens to it. */
export interface ExpectedRecords<T> {
  /** Every record, once; in the order of the source where one subtask reads it. */
  readonly records: readonly T[];
  /** Whether several subtasks may read it. */
  readonly parallel: boolean;
  /** How many histories are tried; default 40. */
  readonly runs?: number;
}

/**
 * Runs a source through polls, messages on their way, checkpoints, failures and restores at other parallelisms, in any order, and expects
 * each record once: the promise of exactly-once.
 */
export async function expectNothingLost<T, S extends SourceSplit, E>(
  create: () => Source<T, S, E>,
  { records, parallel, runs = 40 }: ExpectedRecords<T>,
): Promise<void> {
  const sorted = (of: readonly T[]): readonly string[] => of.map((record) => JSON.stringify(record)).sort();
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: parallel ? 3 : 1 }),
      sourceSteps(parallel),
      async (parallelism, steps) => {
        const source = new SourceSimulation(create, parallelism);
        try {
          await takeSteps(source, steps);
          await source.finish();
          if (parallel) expect(sorted(source.records)).toEqual(sorted(records));
          else expect(source.records).toEqual(records);
        } finally {
          source.close();
        }
      },
    ),
    { numRuns: runs },
  );
}
