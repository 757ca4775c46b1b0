/** What can give memory back. */
export interface Evictable {
  readonly bytes: number;
  /** Lets go of about so many bytes, if it can; answers how many. */
  evict(bytes: number): number;
}

/** The part of the limit that is freed at once, so that not every cell asks for it anew. */
const SLACK = 1 / 64;

/** The memory that the stores of one slot share for live objects. */
export class SlotMemory {
  /** Bytes, as far as they can be estimated. 0: nothing is kept but what is in use. */
  readonly limit: number;
  used = 0;
  /** How often something was let go: for metrics and tests. */
  evictions = 0;
  readonly #members = new Set<Evictable>();

  constructor(limit: number) {
    this.limit = limit;
  }

  join(member: Evictable): void {
    this.#members.add(member);
  }

  leave(member: Evictable): void {
    if (this.#members.delete(member)) this.used -= member.bytes;
  }

  /** Counts memory that is about to be used, and makes room for it. */
  take(bytes: number): void {
    this.used += bytes;
    if (this.used > this.limit) this.#makeRoom(this.used - this.limit + this.limit * SLACK);
  }

  /** Counts memory that has grown or, with a negative number, is free. Makes no room: safe at any time. */
  add(bytes: number): void {
    this.used += bytes;
  }

  #makeRoom(bytes: number): void {
    this.evictions++;
    let left = bytes;
    const tried = new Set<Evictable>();
    while (left > 0) {
      let fattest: Evictable | undefined;
      for (const member of this.#members) {
        if (member.bytes > (fattest?.bytes ?? 0) && !tried.has(member)) fattest = member;
      }
      if (fattest === undefined) return;
      tried.add(fattest);
      left -= fattest.evict(left);
    }
  }
}
