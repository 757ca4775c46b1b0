import type { Clock } from "../../../../common/clock/clock.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { ExecutionState } from "../../../../graph/execution/execution-state.ts";
import type { JobStatus } from "../../../../graph/execution/job-status.ts";
import type { JobGraph } from "../../../../graph/job/job-graph.ts";
import type { ExceptionView } from "../../../../protocol/cluster/job-view.ts";
import type { FailurePlace, ObservedAttempt } from "../job-observer.ts";
import { isConsequence } from "../restart/root-cause.ts";
import type { Execution } from "../units/execution-table.ts";
import type { SubtaskKey } from "../units/subtask-key.ts";
import type { SlotLocation } from "../units/slot-provider.ts";

/** How many failures are remembered, and earlier attempts of each subtask. */
const MAX_EXCEPTIONS = 16;
const MAX_ATTEMPTS = 16;
/** Characters of a stack that are remembered. */
const MAX_STACK = 20_000;

/** An attempt of a subtask that another has followed. */
export interface PastAttempt {
  readonly attempt: number;
  readonly state: ExecutionState;
  readonly timestamps: Readonly<Partial<Record<ExecutionState, number>>>;
  readonly location: SlotLocation | undefined;
}

/** What is remembered of a job over all generations of its JobMaster. Bounded, whatever happens. */
export class JobChronicle {
  readonly #clock: Clock;
  readonly #timestamps: Partial<Record<JobStatus, number>> = {};
  readonly #attempts = new Map<SubtaskKey, readonly PastAttempt[]>();
  #exceptions: readonly ExceptionView[];

  /** @param exceptions from before this thread, the newest first */
  constructor(clock: Clock, exceptions: readonly ExceptionView[] = []) {
    this.#clock = clock;
    this.#exceptions = exceptions;
  }

  /** When the job came into each state for the last time. */
  get timestamps(): Readonly<Partial<Record<JobStatus, number>>> {
    return { ...this.#timestamps };
  }

  /** The newest first. */
  get exceptions(): readonly ExceptionView[] {
    return this.#exceptions;
  }

  /** Earlier attempts of a subtask, the newest first. */
  attempts(key: SubtaskKey): readonly PastAttempt[] {
    return this.#attempts.get(key) ?? [];
  }

  status(status: JobStatus): void {
    this.#timestamps[status] = this.#clock.now();
  }

  failed(
    error: Error,
    graph: JobGraph,
    attempt: ObservedAttempt | undefined,
    at: FailurePlace | undefined,
  ): void {
    // What only follows from another failure says nothing.
    if (isConsequence(error)) return;
    const location = at === undefined ? undefined : attempt?.location(at.slot);
    const exception: ExceptionView = {
      at: this.#clock.now(),
      code: MillraceError.is(error) ? error.code : error.name,
      message: error.message,
      stack: stackOf(error),
      help: MillraceError.is(error) ? error.help : undefined,
      task: at?.execution === undefined ? undefined : taskName(graph, at.execution),
      taskManagerId: location?.taskManagerId,
      endpoint: location?.endpoint,
    };
    this.#exceptions = [exception, ...this.#exceptions].slice(0, MAX_EXCEPTIONS);
  }

  /** Another attempt follows this one. */
  replaced(attempt: ObservedAttempt): void {
    for (const { key, machine, timestamps, slot } of attempt.executions.all) {
      const past = {
        attempt: attempt.number,
        state: machine.state,
        timestamps,
        location: attempt.location(slot),
      };
      this.#attempts.set(key, [past, ...this.attempts(key)].slice(0, MAX_ATTEMPTS));
    }
  }
}

/** "Source: clicks -> parse (2/4)". */
function taskName({ vertices }: JobGraph, { vertex, subtask }: Execution): string {
  const found = vertices.find(({ id }) => id === vertex);
  return `${found?.name ?? vertex} (${subtask + 1}/${found?.parallelism ?? "?"})`;
}

/** The stacks of an error and its causes. */
function stackOf(error: Error): string {
  const stacks: string[] = [];
  for (let at: unknown = error; at instanceof Error && stacks.length < 8; at = at.cause)
    stacks.push(at.stack ?? `${at.name}: ${at.message}`);
  return stacks.join("\nCaused by: ").slice(0, MAX_STACK);
}
