/** A job, as far as its share of the slots is concerned. Numbers of slots. */
export interface Claimant<Job> {
  readonly job: Job;
  /** That it has, or is about to have. */
  readonly held: number;
  /** That it has asked for, and not got. */
  readonly demand: number;
  /** What it needs in all, to run as it is about to. */
  readonly least: number;
  /** What it could use in all. */
  readonly most: number;
  /** Whether it had slots before: then what it needs is kept for it, also between two attempts. */
  readonly started: boolean;
  /** Its share before. */
  readonly told: number;
}

/** Slots that are nobody's, or soon will be. */
export interface SpareSlots<Job> {
  readonly id: string;
  readonly count: number;
  /** Whether they can only be one job's at a time. */
  readonly exclusive: boolean;
  /** Whose the other slots are, where they can only be one job's; undefined: nobody's. */
  readonly owner: Job | undefined;
}

/** What a job may count on besides what it has. */
export interface Share {
  readonly count: number;
  /** TaskManagers that are kept for it alone. */
  readonly own: ReadonlySet<string>;
}

/**
 * Divides the slots that nobody has among jobs, so that no slot is promised twice. First comes what jobs that run, or are started again, need;
 * then what those need that have not run yet; then what lets jobs grow, as far as it was promised before; then the rest. Older jobs go
 * first each time. What a new job needs is kept for it as it comes together, unless there are never so many. Pure.
 *
 * @param claimants the oldest first
 * @param slots of the cluster, in all
 */
export function shareSlots<Job>(
  claimants: readonly Claimant<Job>[],
  spare: readonly SpareSlots<Job>[],
  slots: number,
): ReadonlyMap<Job, Share> {
  const pool = new Pool(spare);
  const floor = ({ least, held, demand }: Claimant<Job>): number => Math.max(least, held + demand);
  const raise = (claimant: Claimant<Job>, to: number): void =>
    pool.take(claimant.job, Math.min(to, slots) - claimant.held - pool.countOf(claimant.job));
  for (const started of [true, false])
    for (const each of claimants)
      if (each.started === started && floor(each) <= slots) raise(each, floor(each));
  for (const each of claimants) raise(each, Math.min(each.told, each.most));
  for (const each of claimants) raise(each, each.most);
  return new Map(claimants.map(({ job }) => [job, { count: pool.countOf(job), own: pool.ownOf(job) }]));
}

/** Spare slots, while they are divided. */
class Pool<Job> {
  readonly #left: { readonly slots: SpareSlots<Job>; count: number; owner: Job | undefined }[];
  readonly #counts = new Map<Job, number>();

  constructor(spare: readonly SpareSlots<Job>[]) {
    this.#left = spare.map((slots) => ({ slots, count: slots.count, owner: slots.owner }));
  }

  countOf(job: Job): number {
    return this.#counts.get(job) ?? 0;
  }

  ownOf(job: Job): ReadonlySet<string> {
    const own = this.#left.filter(({ slots, owner }) => slots.exclusive && owner === job);
    return new Set(own.map(({ slots }) => slots.id));
  }

  /** As many of so many as there are: of TaskManagers that are the job's alone, of those for all, of those that are nobody's yet. */
  take(job: Job, wanted: number): void {
    const { taken: one } = this.#from(job, wanted, ({ slots, owner }) => slots.exclusive && owner === job);
    const { taken: two } = this.#from(job, wanted - one, ({ slots }) => !slots.exclusive);
    this.#from(job, wanted - one - two, ({ slots, owner }) => slots.exclusive && owner === undefined);
  }

  #from(
    job: Job,
    wanted: number,
    which: (each: { readonly slots: SpareSlots<Job>; readonly owner: Job | undefined }) => boolean,
  ): { readonly taken: number } {
    let taken = 0;
    for (const each of this.#left.filter(which)) {
      const count = Math.min(each.count, wanted - taken);
      if (count <= 0) continue;
      each.count -= count;
      taken += count;
      if (each.slots.exclusive) each.owner = job;
    }
    this.#counts.set(job, this.countOf(job) + taken);
    return { taken };
  }
}
