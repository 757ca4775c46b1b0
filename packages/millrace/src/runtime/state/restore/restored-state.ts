import type { KeyedPartReader, StateHeader } from "../../checkpoint/format/keyed-part.ts";
import type { CapturedEntry, StateMeta } from "../captured-state.ts";
import type { KeyGroupRange } from "../keyed-state.ts";

/** A state's place in a part. */
export interface StatePart {
  readonly reader: KeyedPartReader;
  /** Among the part's states. */
  readonly state: number;
  readonly header: StateHeader;
}

/** A state in the parts of one handle, in the order in which they are applied. */
export interface StateChain {
  /** Those of the handle's key groups that are wanted. */
  readonly keyGroups: KeyGroupRange;
  readonly parts: readonly StatePart[];
}

/** Takes what was stored, as it was changed. */
export interface RestoreSink {
  /** Before anything else. @param changes whether anything but `put` will be called, or `put` twice for the same entry */
  begin(changes: boolean): void;
  /** All that the table of the namespace holds of the key group. */
  removeNamespace(namespace: number, keyGroup: number): void;
  remove(key: unknown, namespace: number | undefined): void;
  /** Adds or replaces. The entry's values belong to the sink; strings are cut from a larger text. */
  put(entry: CapturedEntry, keyGroup: number): void;
  end(): void;
}

/** The part of a sink that changes go to. */
export type ChangeSink = Omit<RestoreSink, "begin" | "end">;

/** One state of an operator, as all handles together hold it. */
export class RestoredState {
  readonly chains: readonly StateChain[];

  constructor(chains: readonly StateChain[]) {
    this.chains = chains;
  }

  /** What the parts say of it: usually all the same. */
  get headers(): readonly StateHeader[] {
    return this.chains.flatMap(({ parts }) => parts.map(({ header }) => header));
  }

  /** Gives all entries to the sink, decoded as the state is declared today. @throws RESTORE_REFUSED, CHECKPOINT_CORRUPT */
  replay(as: StateMeta, sink: RestoreSink): void {
    sink.begin(!this.#isPlain());
    for (const { keyGroups, parts } of this.chains) {
      for (let keyGroup = keyGroups.start; keyGroup < keyGroups.end; keyGroup++) {
        for (const part of parts) replayPart(part, keyGroup, as, sink);
      }
    }
    sink.end();
  }

  /** Whether each entry stands in one place only. */
  #isPlain(): boolean {
    const spans = this.chains.map(({ keyGroups }) => keyGroups).sort((a, b) => a.start - b.start);
    return (
      this.chains.every(({ parts }) => parts.length === 1) &&
      spans.every(({ start }, i) => i === 0 || start >= spans[i - 1]!.end)
    );
  }
}

/** Gives the entries of a part's key group to the sink. @param as undefined: as far as they describe themselves */
export function replayPart(
  { reader, state }: StatePart,
  keyGroup: number,
  as: StateMeta | undefined,
  sink: ChangeSink,
): void {
  if (reader.header.content === "changes") {
    for (const namespace of reader.removedNamespaces(state, keyGroup))
      sink.removeNamespace(namespace, keyGroup);
    for (const { key, namespace } of reader.removals(state, keyGroup)) sink.remove(key, namespace);
  }
  for (const entry of reader.entries(state, keyGroup, as)) sink.put(entry, keyGroup);
}
