import { MIN_WATERMARK, type Timestamp } from "../../../common/time/timestamps.ts";
import type { KeyedStateHandle } from "../../../protocol/control/snapshots.ts";
import type { KeyKind, StateHeader } from "../../checkpoint/format/keyed-part.ts";
import type { StateFiles } from "../../checkpoint/storage/state-files.ts";
import type { StateMeta } from "../captured-state.ts";
import { checkRestoredState } from "./check-restored-state.ts";
import { checkWindowStates } from "./window-layout-change.ts";
import { ParkedStates } from "./parked-states.ts";
import { RestoredParts, type Restorer } from "./restored-parts.ts";
import { RestoredState, type StateChain } from "./restored-state.ts";

/**
 * The keyed states that a store starts from, each until it is asked for. Every backend restores canonical handles with this.
 *
 * Order: `take` states as the program asks for them, then `park` what is left; `take` works afterwards, too.
 */
export class RestoredStates {
  /** The kinds of all keys; undefined where not all are known. */
  readonly keyKinds: readonly KeyKind[] | undefined;
  /** By key group, from the first. */
  readonly #watermarks: Float64Array;
  /** undefined once nobody waits for anything in them. */
  #parts: RestoredParts | undefined;
  readonly #restorer: Restorer;
  readonly #waiting: Map<string, RestoredState>;
  /** Of those that are waiting; undefined when it is to be made anew. */
  #parked: ParkedStates | undefined;

  /** Opens all parts. @throws RESTORE_REFUSED, CHECKPOINT_CORRUPT, CHECKPOINT_STORAGE_FAILED */
  constructor(handles: readonly KeyedStateHandle[], files: StateFiles, restorer: Restorer) {
    const parts = new RestoredParts(handles, files, restorer);
    this.#parts = parts;
    this.#restorer = restorer;
    this.#waiting = statesOf(parts);
    this.keyKinds = keyKindsOf(parts);
    const { start, end } = restorer.keyGroups;
    this.#watermarks = Float64Array.from({ length: end - start }, (_, i) => watermarkOf(parts, start + i));
  }

  /** The operator's watermark in a key group; -Infinity where it had none. */
  watermark(keyGroup: number): Timestamp {
    return this.#watermarks[keyGroup - this.#restorer.keyGroups.start] ?? MIN_WATERMARK;
  }

  /**
   * The state, which from now on is the store's; undefined where nothing was restored.
   *
   * @throws RESTORE_REFUSED naming the state and what it was, when it can't be what it is declared as
   */
  take(meta: StateMeta): RestoredState | undefined {
    const state = this.#waiting.get(slotOf(meta));
    if (state === undefined) {
      const others = [...this.#waiting.values()].flatMap(({ headers }) => headers.slice(0, 1));
      checkWindowStates(others, meta, this.#restorer.where);
      return undefined;
    }
    for (const header of new Set(state.headers)) checkRestoredState(header, meta, this.#restorer.where);
    this.#waiting.delete(slotOf(meta));
    this.#parked = undefined;
    return state;
  }

  /** Keeps what nobody has asked for in memory, and closes the files. */
  park(): void {
    this.#parts?.keep();
    for (const state of this.#waiting.values()) readThrough(state);
    this.close();
  }

  /** What nobody has asked for so far, to be written with a snapshot. It may be taken meanwhile. */
  parked(): ParkedStates {
    return (this.#parked ??= new ParkedStates([...this.#waiting.values()]));
  }

  /** Closes the files. */
  close(): void {
    this.#parts?.close();
    this.#parts = undefined;
  }
}

function keyKindsOf({ chains }: RestoredParts): readonly KeyKind[] | undefined {
  const kinds = chains.flatMap(({ readers }) => readers.map(({ keyKinds }) => keyKinds));
  return kinds.includes(undefined) ? undefined : [...new Set(kinds.flatMap((each) => each ?? []))];
}

function watermarkOf({ chains }: RestoredParts, keyGroup: number): Timestamp {
  let watermark = MIN_WATERMARK;
  for (const { keyGroups, readers } of chains) {
    if (keyGroup < keyGroups.start || keyGroup >= keyGroups.end) continue;
    for (const reader of readers) watermark = Math.max(watermark, reader.watermark(keyGroup));
  }
  return watermark;
}

/** Timers have names of their own. */
function slotOf({ layout, name }: Pick<StateHeader, "layout" | "name">): string {
  return layout === "event-timers" || layout === "processing-timers" ? `${layout}/${name}` : `state/${name}`;
}

function statesOf({ chains }: RestoredParts): Map<string, RestoredState> {
  const found = new Map<string, StateChain[]>();
  for (const { keyGroups, readers } of chains) {
    const parts = readers.flatMap((reader) =>
      reader.header.states.map((header, state) => ({ reader, state, header })),
    );
    for (const [slot, own] of Map.groupBy(parts, ({ header }) => slotOf(header))) {
      const chain: StateChain = { keyGroups, parts: own };
      found.set(slot, [...(found.get(slot) ?? []), chain]);
    }
  }
  return new Map([...found].map(([slot, own]) => [slot, new RestoredState(own)]));
}

function readThrough({ chains }: RestoredState): void {
  for (const { keyGroups, parts } of chains) {
    for (let keyGroup = keyGroups.start; keyGroup < keyGroups.end; keyGroup++) {
      for (const { reader, state } of parts) {
        for (const _ of reader.blocks(state, keyGroup));
        for (const _ of reader.removedNamespaces(state, keyGroup));
        for (const _ of reader.removals(state, keyGroup));
      }
    }
  }
}
