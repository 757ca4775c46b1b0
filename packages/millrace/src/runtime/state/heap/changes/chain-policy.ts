/** How large a chain of parts is. */
export interface ChainSize {
  /** Bytes of the full part. */
  readonly full: number;
  /** Bytes of all parts of changes. */
  readonly changes: number;
  /** How many parts of changes there are. */
  readonly length: number;
}

/** Parts of changes behind a full one. */
const LONGEST = 32;
/** Bytes of all changes, against those of the full part. */
const MOST_BYTES = 1;
/** Rows of changes, against the entries there are. */
const MOST_ROWS = 0.5;

/** Whether another part of changes is worth it (decision 0010); if not, a full one is written. */
export function mayAppend({ full, changes, length }: ChainSize, rows: number, entries: number): boolean {
  return length < LONGEST && changes <= MOST_BYTES * full && rows <= MOST_ROWS * entries;
}
