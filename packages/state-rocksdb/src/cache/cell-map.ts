import type { KeyIndex } from "millrace/internal/state-backend";
import type { Cell, CellOwner } from "./cell.ts";
import type { KeyWatch } from "./key-watch.ts";
import type { Evictable, SlotMemory } from "./slot-memory.ts";
import type { WriteBack } from "./write-back.ts";

/** What all cells of a store share. */
export interface CacheShared {
  readonly memory: SlotMemory;
  readonly writeBack: WriteBack;
  readonly keyWatch: KeyWatch;
  /** Counts cells that were cached. */
  admissions: number;
}

/** A cell itself, its place in the Map, its key, and its share of what the collector has not collected yet. */
const CELL_BYTES = 240;
/** A Map holds at most 16.7 million entries. */
const MAX_CELLS = 8_000_000;

/**
 * The cells of one state (or one table) that are in memory. A clock decides which have to go: its hand passes cells in the order in which they
 * came, lets those be that were used since its last round, and writes what has changed before it drops it.
 */
export abstract class CellMap<C extends Cell> implements CellOwner, Evictable {
  readonly cells = new Map<KeyIndex, C>();
  /** Whether every cell that has rows is in memory: then what is not here is nowhere. */
  complete = true;
  /** The cell in use: it may be being changed, so it stays. */
  current: C | undefined = undefined;
  bytes = 0;
  droppedIn = 0;
  /** Rows that were written, so that a walk sees that what it reads is old. */
  writes = 0;
  protected readonly shared: CacheShared;
  /** Walks underway, by the number of admissions when they began: what was here then must stay until they have seen it. */
  readonly #walks = new Set<number>();
  #hand: MapIterator<C> | undefined;

  constructor(shared: CacheShared) {
    this.shared = shared;
    shared.memory.join(this);
  }

  /** Brings the cell's rows to what the cell says. */
  abstract write(cell: C): void;

  isCurrent(cell: Cell): boolean {
    return cell === this.current;
  }

  /** The cell, if it is in memory. */
  resident(index: KeyIndex): C | undefined {
    const cell = this.cells.get(index);
    if (cell !== undefined) cell.used = true;
    return cell;
  }

  /** Caches a cell. Others may be let go for it. */
  admit(cell: C): void {
    cell.bytes += CELL_BYTES + (typeof cell.index === "string" ? cell.index.length : 0);
    if (this.cells.size >= MAX_CELLS) this.evict(this.bytes / 64);
    this.shared.memory.take(cell.bytes);
    cell.admitted = ++this.shared.admissions;
    this.cells.set(cell.index, cell);
    this.bytes += cell.bytes;
  }

  /** The cell takes so much more (or less) memory. */
  resize(cell: C, by: number): void {
    cell.bytes += by;
    if (this.cells.get(cell.index) !== cell) return;
    this.bytes += by;
    this.shared.memory.add(by);
  }

  /** Takes a cell out of memory, whatever it holds. */
  drop(cell: C): void {
    if (!this.cells.delete(cell.index)) return;
    if (cell === this.current) this.current = undefined;
    this.bytes -= cell.bytes;
    this.shared.memory.add(-cell.bytes);
  }

  evict(bytes: number): number {
    const { writeBack } = this.shared;
    const pinned = this.#walks.size === 0 ? 0 : Math.max(...this.#walks);
    let freed = 0;
    for (let looked = 2 * this.cells.size; looked > 0 && freed < bytes; looked--) {
      this.#hand ??= this.cells.values();
      const { done, value: cell } = this.#hand.next();
      if (done === true) {
        this.#hand = undefined;
        continue;
      }
      if (cell === this.current || cell.admitted <= pinned) continue;
      if (cell.used) {
        cell.used = false;
        continue;
      }
      if (cell.epoch !== 0) {
        if (!writeBack.mayWrite(cell)) continue;
        writeBack.write(cell);
      }
      freed += cell.bytes;
      if (cell.stored) this.complete = false;
      this.drop(cell);
    }
    return freed;
  }

  /** Begins a walk: cells that are here now stay until `endWalk`. Answers the number that they don't exceed. */
  beginWalk(): number {
    const walk = ++this.shared.admissions;
    this.#walks.add(walk);
    return walk;
  }

  endWalk(walk: number): void {
    this.#walks.delete(walk);
  }

  /** Forgets all cells; what they hold is gone. */
  clear(): void {
    this.droppedIn = this.shared.writeBack.epoch;
    this.shared.memory.leave(this);
    this.cells.clear();
    this.current = undefined;
    this.bytes = 0;
  }
}
