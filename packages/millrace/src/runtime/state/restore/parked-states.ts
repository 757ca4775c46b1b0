import { keyIndex, type KeyIndex } from "../../../common/keys/key-index.ts";
import type { KeyedPartWriter, StateHeader } from "../../checkpoint/format/keyed-part.ts";
import { stateMetaOf } from "../../checkpoint/format/keyed/state-header.ts";
import type { CapturedEntry, StateMeta } from "../captured-state.ts";
import { replayPart, type ChangeSink, type RestoredState, type StatePart } from "./restored-state.ts";

/** Where rows of one key group go. */
type PartTarget = Pick<KeyedPartWriter, "entry" | "raw">;

/** Says after how much work it is time to rest. */
export interface WorkMeter {
  spend(work: number): boolean;
}

/** Rows that count as much work as a block of bytes that is copied. */
const BLOCK_WORK = 32;

/** Restored states that nobody has asked for. They become part of each full snapshot as they are. */
export class ParkedStates {
  /** What a part says of them; those without anything in it are left out. */
  readonly metas: readonly StateMeta[];
  readonly #slots: readonly { readonly state: RestoredState; readonly headers: readonly StateHeader[] }[];

  constructor(states: readonly RestoredState[]) {
    const slots = states.filter(holdsRows).map((state) => ({ state, headers: distinctHeaders(state) }));
    this.#slots = slots;
    this.metas = slots.flatMap(({ headers }) => headers.map(stateMetaOf));
  }

  /** The keys that they hold, perhaps several times. Decodes all of them. */
  *keys(): Generator<unknown> {
    for (const { state } of this.#slots) {
      for (const { keyGroups, parts } of state.chains) {
        for (let keyGroup = keyGroups.start; keyGroup < keyGroups.end; keyGroup++) {
          const merged = new MergedEntries();
          for (const part of parts) replayPart(part, keyGroup, undefined, merged);
          for (const { key } of merged.entries()) yield key;
        }
      }
    }
  }

  /** Writes what they hold of a key group; yields when it is time to rest. @param first index of the first of them in the part that is written */
  *write(writer: PartTarget, first: number, keyGroup: number, meter: WorkMeter): Generator<void> {
    let at = first;
    for (const { state, headers } of this.#slots) {
      for (const { keyGroups, parts } of state.chains) {
        if (keyGroup < keyGroups.start || keyGroup >= keyGroups.end) continue;
        const index = (part: StatePart): number =>
          at + headers.findIndex((header) => sameHeader(header, part.header));
        yield* writeChain(writer, parts, keyGroup, index, meter);
      }
      at += headers.length;
    }
  }
}

/** Where nothing was restored. */
export const NOTHING_PARKED = new ParkedStates([]);

function* writeChain(
  writer: PartTarget,
  parts: readonly StatePart[],
  keyGroup: number,
  index: (part: StatePart) => number,
  meter: WorkMeter,
): Generator<void> {
  const [only, ...others] = parts.filter((part) => changesAnything(part, keyGroup));
  if (only === undefined) return;
  if (others.length > 0) return yield* writeMerged(writer, [only, ...others], keyGroup, index, meter);
  for (const block of only.reader.blocks(only.state, keyGroup)) {
    writer.raw(index(only), block, only.reader.keyKinds);
    if (meter.spend(BLOCK_WORK)) yield;
  }
}

/** Entries that were changed by later parts are decoded, as far as they describe themselves. */
function* writeMerged(
  writer: PartTarget,
  parts: readonly StatePart[],
  keyGroup: number,
  index: (part: StatePart) => number,
  meter: WorkMeter,
): Generator<void> {
  const merged = new MergedEntries();
  for (const part of parts) {
    merged.state = index(part);
    replayPart(part, keyGroup, undefined, merged);
    if (meter.spend(BLOCK_WORK)) yield;
  }
  for (const entry of merged.entries()) {
    writer.entry(entry);
    if (meter.spend(1)) yield;
  }
}

class MergedEntries implements ChangeSink {
  /** Index that entries get. */
  state = 0;
  readonly #namespaces = new Map<number | undefined, Map<KeyIndex, CapturedEntry>>();

  removeNamespace(namespace: number): void {
    this.#namespaces.delete(namespace);
  }

  remove(key: unknown, namespace: number | undefined): void {
    this.#namespaces.get(namespace)?.delete(keyIndex(key));
  }

  put(entry: CapturedEntry): void {
    let entries = this.#namespaces.get(entry.namespace);
    if (entries === undefined) {
      entries = new Map();
      this.#namespaces.set(entry.namespace, entries);
    }
    entries.set(keyIndex(entry.key), { ...entry, state: this.state });
  }

  *entries(): Generator<CapturedEntry> {
    for (const entries of this.#namespaces.values()) yield* entries.values();
  }
}

function changesAnything({ reader, state }: StatePart, keyGroup: number): boolean {
  if (reader.size(state, keyGroup).rows > 0) return true;
  if (reader.header.content !== "changes") return false;
  for (const _ of reader.removedNamespaces(state, keyGroup)) return true;
  for (const _ of reader.removals(state, keyGroup)) return true;
  return false;
}

function holdsRows({ chains }: RestoredState): boolean {
  return chains.some(({ keyGroups, parts }) => {
    for (let keyGroup = keyGroups.start; keyGroup < keyGroups.end; keyGroup++) {
      if (parts.some(({ reader, state }) => reader.size(state, keyGroup).rows > 0)) return true;
    }
    return false;
  });
}

function distinctHeaders({ headers }: RestoredState): readonly StateHeader[] {
  return headers.filter((header, i) => headers.findIndex((other) => sameHeader(other, header)) === i);
}

/** Plain data, made alike each time. */
function sameHeader(a: StateHeader, b: StateHeader): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
