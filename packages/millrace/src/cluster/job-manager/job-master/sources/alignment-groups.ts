/**
 * Watermark alignment: sources of one group may run ahead of the group's slowest by `maxDrift` ms at most. Pure: the JobMaster feeds
 * in what sources report, and announces what comes out.
 */
export class AlignmentGroups {
  readonly #groups = new Map<string, Map<string, number>>();

  /** A source subtask takes part; until it reports, it holds the group at the beginning of time. */
  join(group: string, member: string): void {
    const members = this.#groups.get(group) ?? new Map<string, number>();
    members.set(member, members.get(member) ?? -Infinity);
    this.#groups.set(group, members);
  }

  /** A source's watermark; Infinity when it has ended. The group's slowest now. */
  report(group: string, member: string, watermark: number): number {
    this.join(group, member);
    const members = this.#groups.get(group) as Map<string, number>;
    members.set(member, watermark);
    return Math.min(...members.values());
  }
}
