import type { KeyIndex } from "millrace/internal/state-backend";
import { Cell } from "./cell.ts";

/** One element of a collection: an entry of a map, an element of a list, a timer. */
export class RowEntry {
  readonly index: KeyIndex;
  /** A map's key; a timer; nothing in lists. */
  readonly key: unknown;
  /** undefined: it was removed. */
  value: unknown;
  /** Grows with each element that is added: the order in which they are handed out. */
  readonly number: number;
  /** Of the last write (or read) under a time to live. */
  time = 0;
  /** The number that its row says; -1 where there is no row. */
  storedAs = -1;
  /** Whether it is to be written. */
  dirty = false;

  constructor(index: KeyIndex, key: unknown, value: unknown, number: number) {
    this.index = index;
    this.key = key;
    this.value = value;
    this.number = number;
  }
}

/** A list, a map, or the timers of one key: a row for each element, and one that counts them. */
export class RowSetCell extends Cell {
  /** Elements that are there. */
  count = 0;
  /** The number of the next element. */
  next = 0;
  /** Elements in memory, removed ones that have rows among them. In the order of their numbers where `complete`. */
  readonly entries = new Map<KeyIndex, RowEntry>();
  /** Whether all elements are in memory. */
  complete = true;
  /** Elements to be written, each once. */
  readonly dirty: RowEntry[] = [];
  /** Whether rows that no entry stands for are to be removed. */
  voided = false;
}
