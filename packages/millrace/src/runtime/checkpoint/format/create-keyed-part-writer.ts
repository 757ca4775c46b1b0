import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { StateBytes } from "../../../protocol/control/snapshots.ts";
import type { CapturedEntry, StateMeta } from "../../state/captured-state.ts";
import type { StateFiles } from "../storage/state-files.ts";
import type { KeyedPartHeader, KeyedPartWriter, KeyKind } from "./keyed-part.ts";
import { misuse, PartOutput } from "./keyed/part-output.ts";
import { StateBlocks } from "./keyed/state-blocks.ts";
import { stateHeader } from "./keyed/state-header.ts";

/**
 * Writes a part of keyed state.
 *
 * The code that encodes a state's rows is kept with its StateMeta: give the same object at each snapshot. States that were read without
 * their program have `stateMetaOf`.
 *
 * @param states those of the entries, by index
 * @param label makes the file's name readable
 * @throws INVALID_TYPE when a state's types can't stand in one row
 */
export function createKeyedPartWriter(
  files: StateFiles,
  header: Omit<KeyedPartHeader, "states">,
  states: readonly StateMeta[],
  label: string,
): KeyedPartWriter {
  const output = new PartOutput(files.create(label), { ...header, states: states.map(stateHeader) });
  return new PartWriter(output, states);
}

class PartWriter implements KeyedPartWriter {
  readonly #output: PartOutput;
  readonly #states: readonly StateBlocks[];
  #keyGroup = -1;

  constructor(output: PartOutput, states: readonly StateMeta[]) {
    this.#output = output;
    this.#states = states.map((meta, state) => new StateBlocks(output, state, meta, -1, undefined));
  }

  get position(): number {
    return this.#output.position;
  }

  get backlog(): number {
    return this.#output.backlog;
  }

  drained(): Promise<void> {
    return this.#output.drained();
  }

  keyGroup(keyGroup: number, watermark: Timestamp): void {
    const { start, end } = this.#output.header.keyGroups;
    if (!(keyGroup > this.#keyGroup && keyGroup >= start && keyGroup < end))
      throw misuse(`key group ${keyGroup} after ${this.#keyGroup} in a part of ${start} to ${end}`);
    this.#flush();
    this.#keyGroup = keyGroup;
    for (const state of this.#states) state.keyGroup = keyGroup;
    this.#output.watermark(keyGroup, watermark);
  }

  entry(entry: CapturedEntry, continued = false): void {
    this.#state(entry.state).entry(entry, continued);
  }

  removed(state: number, key: unknown, namespace: number | undefined): void {
    this.#state(state).removed(key, namespace);
  }

  removedNamespace(state: number, namespace: number): void {
    this.#state(state).removedNamespace(namespace);
  }

  raw(state: number, block: Uint8Array, keyKinds?: readonly KeyKind[]): void {
    this.keyKinds(keyKinds);
    this.#state(state).raw(block);
  }

  keyKinds(kinds: readonly KeyKind[] | undefined): void {
    this.#output.keyKinds(kinds);
  }

  finish(): Promise<StateBytes> {
    this.#flush();
    return this.#output.finish();
  }

  abort(): Promise<void> {
    return this.#output.abort();
  }

  #state(index: number): StateBlocks {
    const state = this.#states[index];
    if (state === undefined) throw misuse(`state ${index} of ${this.#states.length}`);
    return state;
  }

  #flush(): void {
    for (const state of this.#states) state.flush();
  }
}
