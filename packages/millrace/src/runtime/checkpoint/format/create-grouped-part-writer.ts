import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { StateBytes } from "../../../protocol/control/snapshots.ts";
import type { CapturedEntry, StateMeta } from "../../state/captured-state.ts";
import type { StateFiles } from "../storage/state-files.ts";
import type { GroupedPartWriter, KeyedPartHeader, KeyedPartWriter } from "./keyed-part.ts";
import { misuse, PartOutput } from "./keyed/part-output.ts";
import { StateBlocks } from "./keyed/state-blocks.ts";
import { stateHeader } from "./keyed/state-header.ts";

/**
 * Bytes of all blocks that are being gathered, about, at most. Rows come to them in any order, so they should stay in the processor's cache;
 * and they are new memory in each checkpoint, for whose sake V8 collects garbage.
 */
const GATHERED = 2 * 1024 * 1024;
const LARGEST_BLOCK = 64 * 1024;
const SMALLEST_BLOCK = 512;
/** Bytes of a row, as a guess. */
const ROW = 32;

/**
 * Writes a part of keyed state whose rows come in any order of key groups: each key group's are gathered in blocks of their own.
 *
 * @param states as for `createKeyedPartWriter`
 * @param expected rows in all, about: tells how large blocks may become
 * @throws INVALID_TYPE when a state's types can't stand in one row
 */
export function createGroupedPartWriter(
  files: StateFiles,
  header: Omit<KeyedPartHeader, "states">,
  states: readonly StateMeta[],
  label: string,
  expected: number,
): GroupedPartWriter {
  const output = new PartOutput(files.create(label), { ...header, states: states.map(stateHeader) });
  return new GroupedWriter(output, states, expected);
}

class GroupedWriter implements GroupedPartWriter {
  readonly #output: PartOutput;
  readonly #states: readonly StateMeta[];
  readonly #first: number;
  readonly #groups: number;
  readonly #blockSize: number;
  /** By key group, then state; undefined where nothing came. */
  readonly #blocks: (StateBlocks | undefined)[];
  /** How many of them are done. */
  #flushed = 0;

  constructor(output: PartOutput, states: readonly StateMeta[], expected: number) {
    const { start, end } = output.header.keyGroups;
    this.#output = output;
    this.#states = states;
    this.#first = start;
    this.#groups = end - start;
    this.#blocks = Array.from({ length: this.#groups * states.length }, () => undefined);
    this.#blockSize = blockSize(expected / this.#groups, this.#blocks.length);
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

  watermark(keyGroup: number, watermark: Timestamp): void {
    this.#output.watermark(keyGroup, watermark);
  }

  entry(keyGroup: number, entry: CapturedEntry, continued = false): void {
    this.#of(keyGroup, entry.state).entry(entry, continued);
  }

  removed(keyGroup: number, state: number, key: unknown, namespace: number | undefined): void {
    this.#of(keyGroup, state).removed(key, namespace);
  }

  removedNamespace(keyGroup: number, state: number, namespace: number): void {
    this.#of(keyGroup, state).removedNamespace(namespace);
  }

  group(keyGroup: number): Pick<KeyedPartWriter, "entry" | "raw"> {
    return {
      entry: (entry, continued) => this.entry(keyGroup, entry, continued),
      raw: (state, block, keyKinds) => {
        this.#output.keyKinds(keyKinds);
        this.#of(keyGroup, state).raw(block);
      },
    };
  }

  flushSome(): boolean {
    while (this.#flushed < this.#blocks.length) {
      const blocks = this.#blocks[this.#flushed++];
      if (blocks === undefined) continue;
      blocks.flush();
      return true;
    }
    return false;
  }

  finish(): Promise<StateBytes> {
    while (this.flushSome());
    return this.#output.finish();
  }

  abort(): Promise<void> {
    return this.#output.abort();
  }

  #of(keyGroup: number, state: number): StateBlocks {
    const at = (keyGroup - this.#first) * this.#states.length + state;
    return this.#blocks[at] ?? this.#open(keyGroup, state, at);
  }

  #open(keyGroup: number, state: number, at: number): StateBlocks {
    const meta = this.#states[state];
    if (meta === undefined || !(keyGroup >= this.#first && keyGroup < this.#first + this.#groups))
      throw misuse(`state ${state} of ${this.#states.length} in key group ${keyGroup}`);
    const blocks = new StateBlocks(this.#output, state, meta, keyGroup, this.#blockSize);
    this.#blocks[at] = blocks;
    return blocks;
  }
}

/** @param rows of a key group, about @param open how many blocks may be gathered at a time */
function blockSize(rows: number, open: number): number {
  const wanted = Math.min(rows * ROW, GATHERED / open);
  return Math.min(LARGEST_BLOCK, Math.max(SMALLEST_BLOCK, 2 ** Math.ceil(Math.log2(Math.max(1, wanted)))));
}
