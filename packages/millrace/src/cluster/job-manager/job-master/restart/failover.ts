import type { Clock, ClockTimer } from "../../../../common/clock/clock.ts";
import type { Random } from "../../../../common/clock/random.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { CheckpointCoordinator } from "../checkpoints/checkpoint-coordinator.ts";
import type { JobUnit, JobUnits } from "../units/job-units.ts";
import type { SlotProvider } from "../units/slot-provider.ts";
import { hopelessCause } from "./hopeless.ts";
import { decideRestart, NO_FAILURES } from "./restart-strategy.ts";
import type { RestartHistory, RestartStrategy } from "./restart-strategy.ts";
import { rootCause } from "./root-cause.ts";

/** The job, as its restarts need it. */
export interface FailoverOptions {
  readonly strategy: RestartStrategy;
  readonly clock: Clock;
  readonly random: Random;
  readonly units: JobUnits;
  readonly checkpoints: CheckpointCoordinator;
  readonly slots: SlotProvider;
  /** Why nothing may be started again whatever the strategy says; undefined where it may. */
  readonly forbidden: () => string | undefined;
  /** Whether the job is about to be started again, and neither failed nor cancelled meanwhile. */
  readonly restarting: boolean;
  /** Something failed and will be started again, if it may. */
  readonly onRestarting: () => void;
  /** The units' readers are cut off from their enumerators. */
  readonly onLost: (unit: JobUnit) => void;
  /** `failures` or `restarts` has changed. */
  readonly onCounted: () => void;
  /** It is not to be started again. */
  readonly fail: (errors: readonly Error[], why: string) => void;
  /** Asked before anything is started again: true where the job is planned anew, and everything here has been let go. */
  readonly replan: () => boolean;
  /** What the strategy remembers from before; undefined: nothing. */
  readonly failures: RestartHistory | undefined;
  /** Start these units from the last completed checkpoint. `all`: with them, nothing goes on of what was before. */
  readonly restart: (units: readonly JobUnit[], all: boolean) => void;
  readonly log: (level: "info" | "warn" | "error", message: string) => void;
}

/** The whole job fails. */
interface WholeFailure {
  readonly errors: Error[];
  /** Whether the restart strategy counts it. */
  readonly counted: boolean;
  decided: boolean;
}

/**
 * Starts failed units again: cancels what lives of them, waits until it is gone, asks the restart strategy, waits as long as that
 * says, and until it is known which checkpoint is the last. Units fail alone, or all together when the failure is the job's.
 */
export class Failover {
  readonly #options: FailoverOptions;
  readonly #timers = new Set<ClockTimer>();
  #history: RestartHistory;
  #whole: WholeFailure | undefined;
  #restarts = 0;

  constructor(options: FailoverOptions) {
    this.#options = options;
    this.#history = options.failures ?? NO_FAILURES;
  }

  /** What the restart strategy remembers. */
  get failures(): RestartHistory {
    return this.#history;
  }

  /** How often something was started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /** The attempt of a unit failed, or failed again. */
  unitFailed(unit: JobUnit, error: Error): void {
    if (unit.phase !== "running") return;
    const why = this.#hopeless(error);
    if (why !== undefined) {
      this.#options.fail([error], why);
      return;
    }
    this.#lose([unit], error);
    unit.attempt?.cancel();
  }

  /** The job as a whole failed. @param counted whether the restart strategy counts it */
  jobFailed(error: Error, counted: boolean): void {
    if (this.#whole !== undefined) {
      this.#whole.errors.push(error);
      return;
    }
    const why = counted ? this.#hopeless(error) : this.#options.forbidden();
    if (why !== undefined) {
      this.#options.fail([error], why);
      return;
    }
    this.#whole = { errors: [error], counted, decided: false };
    this.stop();
    const { units } = this.#options;
    // What ended and can't fail any more stays as it is.
    const affected = units.all.filter((unit) => !(unit.phase === "ended" && this.#covered(unit)));
    this.#lose(
      affected.filter(({ phase }) => phase === "running"),
      error,
    );
    for (const unit of affected) if (unit.phase === "ended") unit.phase = "waiting";
    for (const unit of affected) unit.attempt?.cancel();
    this.#decideWhole();
  }

  /** The attempt of a failing unit is over. */
  unitOver(unit: JobUnit): void {
    if (unit.phase !== "failing") return;
    unit.phase = "waiting";
    if (this.#whole === undefined) this.#decide([unit], unit.attempt?.errors ?? [], true);
    else this.#decideWhole();
  }

  /** Nothing is started again. */
  stop(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  /** Why this failure ends the job, without more thought. */
  #hopeless(error: Error): string | undefined {
    const { strategy, forbidden } = this.#options;
    // Whoever wants no restarts needs no reason.
    if (strategy.kind === "none") return "";
    const cause = hopelessCause(error);
    return cause === undefined ? forbidden() : `what failed it (${cause.code}) would fail it again`;
  }

  #lose(units: readonly JobUnit[], error: Error): void {
    for (const unit of units) {
      unit.phase = "failing";
      this.#options.onLost(unit);
    }
    this.#options.onRestarting();
    this.#options.checkpoints.tasksLost(error);
  }

  #decideWhole(): void {
    const { units } = this.#options;
    const whole = this.#whole;
    if (whole === undefined || whole.decided) return;
    if (units.all.some(({ phase }) => phase === "failing" || phase === "running")) return;
    whole.decided = true;
    const { errors, counted } = whole;
    const waiting = units.all.filter(({ phase }) => phase === "waiting");
    this.#decide(waiting, [...errors, ...waiting.flatMap(({ attempt }) => attempt?.errors ?? [])], counted);
  }

  #decide(units: readonly JobUnit[], errors: readonly Error[], counted: boolean): void {
    if (!this.#options.restarting) return;
    const { strategy, clock, random, slots, log, fail } = this.#options;
    const error = rootCause(errors);
    // The first that was heard may have been a mere consequence.
    const why = error === undefined ? undefined : this.#hopeless(error);
    if (why !== undefined && counted) {
      fail(errors, why);
      return;
    }
    let delay = 0;
    if (counted) {
      const decision = decideRestart(strategy, this.#history, clock.monotonic(), random.next());
      if (decision.kind === "fail") {
        fail(errors, decision.reason);
        return;
      }
      this.#history = decision.history;
      this.#options.onCounted();
      delay = decision.delay;
    }
    const what = units.length === this.#options.units.all.length ? "the job" : partOf(units);
    log(
      "warn",
      `${what} failed and is started again in ${delay} ms: ${error?.message ?? "for an unknown reason"}`,
    );
    slots.prepare(units.reduce((sum, { unit }) => sum + unit.slots, 0));
    if (delay === 0) {
      void this.#restart(units);
      return;
    }
    const timer = clock.schedule(delay, () => {
      this.#timers.delete(timer);
      void this.#restart(units);
    });
    this.#timers.add(timer);
  }

  async #restart(units: readonly JobUnit[]): Promise<void> {
    const { checkpoints, forbidden, fail, restart } = this.#options;
    const whole = this.#whole;
    await Promise.all(units.map(({ closed }) => closed));
    // A checkpoint that is being recorded may yet be the last completed one: tasks that live would commit it.
    await checkpoints.settled();
    const fenced = await fencedBy(checkpoints);
    // Meanwhile the job may have been cancelled, or have failed as a whole.
    if (!this.#options.restarting || this.#whole !== whole) return;
    if (fenced !== undefined) {
      fail([fenced], "");
      return;
    }
    const why = forbidden();
    if (why !== undefined) {
      fail(whole?.errors ?? units.flatMap(({ attempt }) => attempt?.errors ?? []), why);
      return;
    }
    if (this.#options.replan()) return;
    this.#restarts++;
    this.#options.onCounted();
    this.#whole = undefined;
    const others = this.#options.units.all.filter((unit) => !units.includes(unit));
    try {
      restart(
        units,
        others.every((unit) => unit.phase === "ended" && this.#covered(unit)),
      );
    } catch (error) {
      fail([error as Error], "its checkpoint can't be divided among its tasks");
    }
  }

  /** Whether the end of all its tasks is part of the last completed checkpoint. */
  #covered({ attempt }: JobUnit): boolean {
    return attempt?.executions.all.every(({ key }) => this.#options.checkpoints.hasFinished(key)) ?? false;
  }
}

/** Why nothing may be started again: the job goes on elsewhere. Where that can't be found out, the next checkpoint will. */
async function fencedBy(checkpoints: CheckpointCoordinator): Promise<Error | undefined> {
  try {
    await checkpoints.checkOwner();
    return undefined;
  } catch (error) {
    return MillraceError.is(error, "FENCED") ? error : undefined;
  }
}

/** "a part of the job (subtasks a/0, b/0)". */
function partOf(units: readonly JobUnit[]): string {
  const tasks = units.flatMap(({ unit }) => unit.tasks.map(({ vertex, subtask }) => `${vertex}/${subtask}`));
  const shown = tasks.slice(0, 3).join(", ");
  return `a part of the job (subtasks ${shown}${tasks.length > 3 ? `, ${tasks.length - 3} more` : ""})`;
}
