/** What is known of a job when it says what slots it needs. Numbers of slots. */
export interface WantsSituation {
  /** That it can't run without. */
  readonly least: number;
  /** That it could use. */
  readonly upper: number;
  /** That its next generation is about to have; undefined: none is planned. */
  readonly claim: number | undefined;
  /** That what there is suffices for; undefined: not for the least. */
  readonly possible: number | undefined;
  /** That its generation runs in, or is about to again; undefined: there is none. */
  readonly running: number | undefined;
  /** Whether it may run with other numbers than the one it runs with. */
  readonly elastic: boolean;
}

/**
 * What slots a job needs, which are kept for it, and how many it could use. Between two generations it needs what the next was planned for, so that
 * nobody takes what it lets go of for a moment. Pure.
 */
export function decideWants({
  least,
  upper,
  claim,
  possible,
  running,
  elastic,
}: WantsSituation): readonly [least: number, most: number] {
  if (running !== undefined) {
    const needed = Math.max(running, claim ?? 0);
    return [needed, elastic ? Math.max(upper, needed) : needed];
  }
  const needed = claim === undefined || possible === undefined ? least : Math.min(claim, possible);
  return [needed, Math.max(upper, needed)];
}
