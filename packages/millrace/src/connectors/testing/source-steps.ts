import fc from "fast-check";
import type { SourceSplit } from "../../common/connector/source.ts";
import type { SourceSimulation } from "./source-simulation.ts";

/** Something that happens to a source. Numbers of readers are taken modulo those that there are. */
export type SourceStep =
  | { readonly do: "poll"; readonly reader: number; readonly limit: number; readonly room: number }
  | { readonly do: "receive"; readonly reader: number }
  | { readonly do: "coordinate" | "wait" | "checkpoint" }
  | { readonly do: "failReader"; readonly reader: number }
  | { readonly do: "restore"; readonly parallelism: number };

const reader = fc.nat(3);

/** Steps in any order; polls and messages are most of them. @param parallel whether there may be several readers */
export function sourceSteps(parallel: boolean): fc.Arbitrary<SourceStep[]> {
  const parallelism = parallel ? fc.integer({ min: 1, max: 4 }) : fc.constant(1);
  const step: fc.Arbitrary<SourceStep> = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant("poll" as const),
        reader,
        limit: fc.constantFrom(1, 2, 5, 100),
        room: fc.constantFrom(0, 1, 3, Infinity, Infinity),
      }),
    },
    { weight: 5, arbitrary: fc.record({ do: fc.constant("receive" as const), reader }) },
    { weight: 4, arbitrary: fc.constant({ do: "coordinate" as const }) },
    { weight: 4, arbitrary: fc.constant({ do: "wait" as const }) },
    { weight: 2, arbitrary: fc.constant({ do: "checkpoint" as const }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("failReader" as const), reader }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("restore" as const), parallelism }) },
  );
  return fc.array(step, { maxLength: 120, size: "max" });
}

/** Does a step. Only a wait takes time: whatever else follows one another does so without any callback in between. */
function takeStep<T, S extends SourceSplit, E>(
  source: SourceSimulation<T, S, E>,
  step: SourceStep,
): void | Promise<void> {
  switch (step.do) {
    case "poll":
      return source.poll(step.reader, step.limit, step.room);
    case "receive":
      return source.receive(step.reader);
    case "coordinate":
      return source.coordinate();
    case "wait":
      return source.wait();
    case "checkpoint":
      return source.checkpoint();
    case "failReader":
      return source.failReader(step.reader);
    case "restore":
      return source.restore(step.parallelism);
  }
}

/** Does one step after the other. */
export async function takeSteps<T, S extends SourceSplit, E>(
  source: SourceSimulation<T, S, E>,
  steps: readonly SourceStep[],
): Promise<void> {
  for (const step of steps) {
    const waiting = takeStep(source, step);
    if (waiting !== undefined) await waiting;
  }
}
