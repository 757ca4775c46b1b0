/** How large a chain of parts is. */
export interface ChainSize {
  /** Bytes of the full part. */
  readonly full: number;
  /** Bytes of all parts of changes. */
  readonly changes: number;
  /** How many parts of changes there are. */
  readonly length: number;
}

/** When changes are written, and when all there is (decision 0010). */
export interface ChainPolicy {
  /** A full part of fewer bytes is written anew each time. */
  readonly smallestFull: number;
  /** A last part of changes of fewer bytes is not kept: what has changed since is written together with what was in it. */
  readonly smallestPart: number;
  /** Parts of changes behind a full one, at most. */
  readonly longest: number;
  /** Bytes of all changes against those of the full part, at most: restoring reads both. */
  readonly mostChanges: number;
}

export const CHAIN_POLICY: ChainPolicy = {
  smallestFull: 64 * 1024,
  smallestPart: 64 * 1024,
  longest: 32,
  mostChanges: 1,
};

/** Whether another part of changes is worth it; if not, a full one is written. @param rows of changes @param entries that there are */
export function mayAppend(policy: ChainPolicy, chain: ChainSize, rows: number, entries: number): boolean {
  const { full, changes, length } = chain;
  const expected = changes + (full * rows) / entries;
  return full >= policy.smallestFull && length < policy.longest && expected <= policy.mostChanges * full;
}
