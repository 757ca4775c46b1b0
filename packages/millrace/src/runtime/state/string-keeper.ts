import { copyFlat, holdsStrings } from "../../common/codec/copy-for-state.ts";
import { flatString } from "../../common/codec/flat-string.ts";
import { isPlainObject } from "../../common/types/plain-object.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";

/** V8 copies substrings shorter than this, so they keep nothing else alive. */
const SHORTEST_SLICE = 13;
/** How much of a value is looked at after each change; what users fold into is small. */
const MAX_NODES = 64;
/** Of longer arrays only the end is looked at, where elements are added. */
const MAX_ELEMENTS = 16;
const MAX_DEPTH = 4;

/** How many values of a state that has shown no long strings pass between two that are looked at. */
const LOOK_EVERY = 16;

const NO_STRINGS: readonly string[] = Object.freeze([]);

/**
 * Keeps values that user functions change in place (`mutate`, accumulators) from holding on to frames: strings that a change
 * puts into them may be cut from a frame's text and would keep all of it alive.
 *
 * Long strings are noted before the change; afterwards those that are noted are put back, which costs nothing, and others are
 * copied. Only small plain objects and arrays are looked at whole. Where a value is larger, or holds Maps or Sets, `isDeep`
 * becomes true: the caller then copies what it folds in beforehand, if it can.
 */
export class StringKeeper {
  /** Whether values were met that are too large to be looked at whole. */
  isDeep = false;
  readonly #never: boolean;
  /** Whether a long string was ever met. */
  #met = false;
  /** Values to pass before one is looked at, while none has held a long string. */
  #untilLook = 0;
  #nodes = 0;
  #before: readonly string[] = NO_STRINGS;
  #at = 0;

  /** @param type the values' type; where it holds no strings, nothing is to be done */
  constructor(type: Pick<TypeInfo<unknown>, "description"> | undefined) {
    this.#never = type !== undefined && !holdsStrings(type.description);
  }

  /** The long strings in a value that is about to be changed. */
  note(value: unknown): readonly string[] {
    if (!this.#met || this.#never) return NO_STRINGS;
    const found: string[] = [];
    this.#nodes = MAX_NODES;
    this.#collect(value, found, 0);
    return found;
  }

  /**
   * Puts the noted strings back and copies others, in place. Answers the value: another one where it is a bare string, or
   * frozen. While no long string was ever met, only new values and some of the others are looked at.
   *
   * @param fresh whether the value is the first of its key; default false
   */
  keep<T>(value: T, before: readonly string[], fresh?: boolean): T;
  keep(value: unknown, before: readonly string[], fresh = false): unknown {
    if (this.#never || (!this.#met && !fresh && --this.#untilLook > 0)) return value;
    this.#untilLook = LOOK_EVERY;
    if (holdsOnlyNumbers(value)) return value;
    this.#nodes = MAX_NODES;
    this.#before = before;
    this.#at = 0;
    const kept = this.#kept(value, 0);
    this.#before = NO_STRINGS;
    return kept;
  }

  #collect(value: unknown, found: string[], depth: number): void {
    if (typeof value === "string") {
      if (value.length >= SHORTEST_SLICE) found.push(value);
    } else if (typeof value === "object" && value !== null && depth < MAX_DEPTH) {
      if (Array.isArray(value)) {
        for (let i = Math.max(0, value.length - MAX_ELEMENTS); i < value.length && this.#nodes-- > 0; i++) {
          this.#collect(value[i], found, depth + 1);
        }
      } else if (isPlainObject(value)) {
        for (const name in value) {
          if (this.#nodes-- <= 0) return;
          this.#collect(value[name], found, depth + 1);
        }
      }
    }
  }

  #kept(value: unknown, depth: number): unknown {
    if (typeof value === "string") return value.length >= SHORTEST_SLICE ? this.#string(value) : value;
    if (typeof value !== "object" || value === null) return value;
    if (Object.isFrozen(value)) return copyFlat(value);
    if (Array.isArray(value)) {
      if (depth >= MAX_DEPTH) this.isDeep = true;
      else this.#elements(value, depth);
    } else if (isPlainObject(value)) {
      if (depth >= MAX_DEPTH) this.isDeep = true;
      else this.#fields(value, depth);
    } else if (value instanceof Map || value instanceof Set) {
      this.isDeep = true;
    }
    return value;
  }

  #elements(value: unknown[], depth: number): void {
    for (let i = Math.max(0, value.length - MAX_ELEMENTS); i < value.length; i++) {
      if (this.#nodes-- <= 0) {
        this.isDeep = true;
        return;
      }
      const item: unknown = value[i];
      if (typeof item === "number") continue;
      if (value.length > MAX_ELEMENTS) this.isDeep = true;
      const kept = this.#kept(item, depth + 1);
      if (kept !== item || typeof kept === "string") value[i] = kept;
    }
  }

  #fields(value: Record<string, unknown>, depth: number): void {
    for (const name in value) {
      if (this.#nodes-- <= 0) {
        this.isDeep = true;
        return;
      }
      const item = value[name];
      if (typeof item === "number") continue;
      const kept = this.#kept(item, depth + 1);
      if (kept !== item || typeof kept === "string") value[name] = kept;
    }
  }

  /** The noted string of the same text, or a copy. Notes and strings come in the same order, but for what changed. */
  #string(text: string): string {
    this.#met = true;
    const before = this.#before;
    if (before[this.#at] === text) return before[this.#at++]!;
    const at = before.indexOf(text);
    if (at < 0) return flatString(text);
    this.#at = at + 1;
    return before[at]!;
  }
}

/** The usual accumulator, told quickly: a number, or an object of numbers. */
function holdsOnlyNumbers(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return typeof value === "number";
  if (Array.isArray(value)) return false;
  for (const name in value) {
    if (typeof (value as Record<string, unknown>)[name] !== "number") return false;
  }
  return !(value instanceof Map || value instanceof Set);
}
