import type { Cell } from "./cell.ts";

/** Cells that are looked at before the queue's front is cut off. */
const CUT = 4096;

/**
 * Which cells have changed and when they are written: as late as may be, and in an order that keeps the state of a barrier apart from what
 * comes after it.
 *
 * A barrier begins a new *epoch*. Cells of earlier epochs are part of its snapshot: they are written in slices (`flush`), or
 * the moment before they change again, so that their rows are the old image and no copy is ever made. Cells of the new epoch
 * may not be written until RocksDB has taken its own checkpoint (`held`).
 */
export class WriteBack {
  /** Never 0. */
  epoch = 1;
  /** Whether cells of earlier epochs are waiting to become part of a snapshot. */
  flushing = false;
  /** Whether cells of this epoch have to wait. */
  held = false;
  /** Called when more has changed than may wait: ends the waiting, whatever it costs. */
  onTooMuch: (() => void) | undefined = undefined;
  dirtyBytes = 0;
  dirtyCells = 0;
  readonly #dirtyLimit: number;
  /** Cells in the order in which they changed, and the epochs of that; a cell that was written since, or changed anew, is stale. */
  #queue: Cell[] = [];
  #epochs: number[] = [];
  #head = 0;
  /** Cells that wait to be written, of whatever epoch; the rest of the queue is stale. */
  #waiting = 0;

  /** @param dirtyLimit bytes of changed cells from which on the oldest are written: they are what a barrier has to wait for */
  constructor(dirtyLimit: number) {
    this.#dirtyLimit = dirtyLimit;
  }

  /** To be called before anything of a cell changes. */
  change(cell: Cell): void {
    if (cell.epoch !== this.epoch) this.#firstChange(cell);
  }

  /** Whether the cell's rows may be brought up to date now. */
  mayWrite(cell: Cell): boolean {
    return !this.held || (this.flushing && cell.epoch < this.epoch);
  }

  /** Brings the cell's rows up to date, which `mayWrite` has allowed. */
  write(cell: Cell): void {
    if (cell.epoch === 0) return;
    if (cell.owner.droppedIn === 0 || (this.flushing && cell.epoch < cell.owner.droppedIn)) {
      try {
        cell.owner.write(cell);
      } catch (error) {
        // A value that can't be written: it stays what it is, and is tried again.
        this.#push(cell);
        throw error;
      }
    }
    this.#settled(cell);
    cell.epoch = 0;
  }

  /** The cell has nothing to write any more: it was never stored, and holds nothing. */
  forget(cell: Cell): void {
    if (cell.epoch === 0) return;
    this.#settled(cell);
    cell.epoch = 0;
  }

  /** Cells that are held; for tests. */
  get queued(): number {
    return this.#queue.length - this.#head;
  }

  /** The barrier: all that has changed until now is to be flushed, and what changes from now on is held. */
  begin(): void {
    this.epoch++;
    this.flushing = true;
    this.held = true;
    this.dirtyBytes = 0;
    this.dirtyCells = 0;
  }

  /** Writes up to `count` cells of earlier epochs; true when there are none left. */
  flush(count: number): boolean {
    for (let i = 0; i < count;) {
      const epoch = this.#epochs[this.#head];
      if (epoch === undefined || epoch === this.epoch) {
        this.flushing = false;
        return true;
      }
      const cell = this.#take();
      if (cell === undefined) continue;
      this.write(cell);
      i++;
    }
    return false;
  }

  /** RocksDB has what it needs, or nobody wants it any more. */
  release(): void {
    this.flushing = false;
    this.held = false;
  }

  /** Writes all that has changed, but for cells that are being changed right now. Not while something is held. */
  writeAll(): void {
    const busy: Cell[] = [];
    while (this.#head < this.#queue.length) {
      const cell = this.#take();
      if (cell === undefined) continue;
      if (cell.owner.isCurrent(cell)) busy.push(cell);
      else this.write(cell);
    }
    for (const cell of busy) this.#push(cell);
  }

  #firstChange(cell: Cell): void {
    // As of the barrier, before it is something else.
    if (this.flushing) this.write(cell);
    if (cell.epoch === 0) this.#waiting++;
    cell.epoch = this.epoch;
    this.#push(cell);
    this.dirtyCells++;
    this.dirtyBytes += cell.bytes;
    if (this.dirtyBytes <= this.#dirtyLimit) return;
    if (this.held) this.onTooMuch?.();
    else this.#writeOldest(cell);
  }

  #writeOldest(but: Cell): void {
    for (let i = 0; i < 4 && this.dirtyBytes > this.#dirtyLimit && this.#head < this.#queue.length; i++) {
      const cell = this.#take();
      if (cell === undefined) continue;
      if (cell === but || cell.owner.isCurrent(cell)) this.#push(cell);
      else this.write(cell);
    }
  }

  #push(cell: Cell): void {
    this.#queue.push(cell);
    this.#epochs.push(cell.epoch);
    // Cells that were written to be evicted would be held by the queue for ever.
    if (this.#queue.length - this.#head > 2 * this.#waiting + CUT) this.#dropStale();
  }

  #dropStale(): void {
    const [queue, epochs] = [this.#queue, this.#epochs];
    let kept = 0;
    for (let i = this.#head; i < queue.length; i++) {
      const cell = queue[i]!;
      if (cell.epoch !== epochs[i]) continue;
      queue[kept] = cell;
      epochs[kept++] = cell.epoch;
    }
    queue.length = kept;
    epochs.length = kept;
    this.#head = 0;
  }

  /** Takes the first out; undefined where it is stale. */
  #take(): Cell | undefined {
    const cell = this.#queue[this.#head]!;
    const epoch = this.#epochs[this.#head]!;
    this.#head++;
    if (this.#head >= CUT && this.#head * 2 >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#epochs = this.#epochs.slice(this.#head);
      this.#head = 0;
    }
    return cell.epoch === epoch ? cell : undefined;
  }

  #settled(cell: Cell): void {
    this.#waiting--;
    // Of the snapshot's cells nobody counts the bytes any more.
    if (cell.epoch !== this.epoch) return;
    this.dirtyCells--;
    this.dirtyBytes = this.dirtyCells === 0 ? 0 : Math.max(0, this.dirtyBytes - cell.bytes);
  }
}
