import type { ParallelismBounds, ResourceRequirements } from "../../../../protocol/cluster/job-submission.ts";
import { overrideParallelism } from "../../../artifact/build-job.ts";
import type { BuiltJob } from "../../../artifact/build-job.ts";
import {
  decideParallelism,
  leastSlots,
  parallelismOf,
  sameParallelism,
  slotsFor,
} from "./decide-parallelism.ts";
import type { Parallelisms } from "./decide-parallelism.ts";
import { checkRequirements, parallelismBounds } from "./parallelism-bounds.ts";
import { scalableVertices } from "./scalable-vertices.ts";
import type { ScalableVertex } from "./scalable-vertices.ts";
import type { SchedulerSettings } from "./scheduler-settings.ts";
import { unmetText } from "./too-few-slots.ts";

/**
 * What a job may run at, and what that takes: its vertices, what was required of them last, and the slots that there are. Knows nothing of what
 * runs.
 */
export class ParallelismPlanner {
  readonly #built: BuiltJob;
  readonly #settings: SchedulerSettings;
  readonly #vertices: readonly ScalableVertex[];
  #requirements: ResourceRequirements | undefined;
  #bounds: ReadonlyMap<string, ParallelismBounds>;
  #available: number | undefined;

  /** @param built at the parallelism that its program and settings say */
  constructor(
    built: BuiltJob,
    settings: SchedulerSettings,
    requirements: ResourceRequirements | undefined,
    available: number | undefined,
  ) {
    this.#built = built;
    this.#settings = settings;
    this.#vertices = scalableVertices(built.streamGraph, built.jobGraph);
    this.#requirements = requirements;
    this.#bounds = parallelismBounds(this.#vertices, settings, requirements);
    this.#available = available;
  }

  /** The slots that the job could have; undefined: it was not told yet. */
  get available(): number | undefined {
    return this.#available;
  }

  /** @returns whether that is another number than before */
  setAvailable(count: number): boolean {
    if (count === this.#available) return false;
    this.#available = count;
    return true;
  }

  get requirements(): ResourceRequirements | undefined {
    return this.#requirements;
  }

  /** @throws INVALID_ARGUMENT for what the job can't do */
  require(requirements: ResourceRequirements): void {
    checkRequirements(this.#vertices, requirements);
    this.#requirements = requirements;
    this.#bounds = parallelismBounds(this.#vertices, this.#settings, requirements);
  }

  /** Between what parallelisms each vertex may run. */
  get bounds(): ReadonlyMap<string, ParallelismBounds> {
    return this.#bounds;
  }

  /** The highest parallelism that each vertex can ever have. */
  get limits(): ReadonlyMap<string, number> {
    return new Map(this.#vertices.map(({ id, limit }) => [id, limit]));
  }

  /** Whether the job may run at other parallelisms than its program says. */
  get elastic(): boolean {
    return this.#settings.adaptive || this.#requirements !== undefined;
  }

  /** What the slots that there are suffice for; undefined: for nothing, or they are not known yet. */
  possible(): Parallelisms | undefined {
    return this.#available === undefined
      ? undefined
      : decideParallelism(this.#vertices, this.#bounds, this.#available);
  }

  /** What the job runs at with all the slots that it could use. */
  upper(): Parallelisms {
    return decideParallelism(this.#vertices, this.#bounds, Number.MAX_SAFE_INTEGER) ?? {};
  }

  /** Slots that a parallelism takes. */
  slotsOf(parallelism: Parallelisms): number {
    return slotsFor(this.#vertices, (id) => parallelism[id] ?? 1);
  }

  /** Slots that the job needs at least. */
  get least(): number {
    return leastSlots(this.#vertices, this.#bounds);
  }

  /** The job at this parallelism. */
  builtAt(parallelism: Parallelisms): BuiltJob {
    return sameParallelism(parallelism, parallelismOf(this.#built))
      ? this.#built
      : overrideParallelism(this.#built, parallelism);
  }

  /** Why not every vertex has what it may have at most; undefined: each has. */
  unmet(parallelism: Parallelisms): string | undefined {
    const upper = this.upper();
    return unmetText(this.#vertices, parallelism, upper, {
      needed: this.slotsOf(upper),
      available: this.#available ?? 0,
    });
  }
}
