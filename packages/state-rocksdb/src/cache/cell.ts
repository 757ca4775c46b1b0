import type { KeyIndex } from "millrace/internal/state-backend";

/** Who holds cells and knows what their rows are. */
export interface CellOwner {
  /** Brings the cell's rows to what the cell says. */
  write(cell: Cell): void;
  /** The epoch in which all that it holds was dropped; 0 while it lives. Cells changed since then are never written. */
  readonly droppedIn: number;
  /** Whether the cell is in use right now. */
  isCurrent(cell: Cell): boolean;
}

/** One state of one key (and namespace) in memory: what is cached, changed and written back as one. */
export class Cell {
  readonly owner: CellOwner;
  /** What its owner finds it by. */
  readonly index: KeyIndex;
  readonly key: unknown;
  readonly namespace: string;
  /** Whether there is a row in RocksDB. */
  stored = false;
  /** The epoch in which it first changed after it was last written; 0 where it is as its rows are. */
  epoch = 0;
  /** Whether it was used since the clock's hand last passed. */
  used = true;
  /** About how much memory it takes. */
  bytes = 0;
  /** A number that grows with each cell that is cached. */
  admitted = 0;

  constructor(owner: CellOwner, index: KeyIndex, key: unknown, namespace: string) {
    this.owner = owner;
    this.index = index;
    this.key = key;
    this.namespace = namespace;
  }
}
