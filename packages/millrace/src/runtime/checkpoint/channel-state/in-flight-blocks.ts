import type { ChannelSnapshot } from "../../../protocol/control/snapshots.ts";
import type { StateFiles } from "../storage/state-files.ts";
import type { ChannelPlace } from "./channel-place.ts";
import type { RoundRun } from "./channel-state-format.ts";
import type { ChannelStatePosition, ElementsBlock } from "./channel-state-reader.ts";
import { ChannelStateReader, checkRecordType } from "./channel-state-reader.ts";

/** A part, and how far it was read. */
interface Part {
  readonly snapshot: ChannelSnapshot;
  /** Whether it is of the very channel that it is replayed on, between as many subtasks. */
  readonly same: boolean;
  /** What is left of it. */
  readonly rounds: readonly RoundRun[];
  readonly position: ChannelStatePosition;
}

/** A block, and where it comes from. */
export interface InFlightBlock extends ElementsBlock {
  readonly round: number;
  /** See Part. */
  readonly same: boolean;
}

/**
 * The blocks of some channel states in the order in which their elements are to be processed: by their rounds, and within a round by the
 * order of the parts. One file is open at a time; after `load` none is needed any more.
 */
export class InFlightBlocks {
  readonly #files: StateFiles;
  /** Those with blocks left. */
  #parts: readonly Part[];
  /** What is left, once it is in memory. */
  #loaded: InFlightBlock[] | undefined;
  #open: { readonly snapshot: ChannelSnapshot; readonly reader: ChannelStateReader } | undefined;

  /** Looks into all parts. @throws CHECKPOINT_CORRUPT, CHECKPOINT_STORAGE_FAILED, RESTORE_REFUSED */
  static read(snapshots: readonly ChannelSnapshot[], place: ChannelPlace, files: StateFiles): InFlightBlocks {
    const parts = snapshots.map((snapshot): Part => {
      const file = files.open(snapshot.bytes);
      const reader = new ChannelStateReader(file);
      reader.close();
      const { index } = reader;
      checkRecordType(index, place, file.name);
      const same =
        index.producers === place.producers &&
        index.consumers === place.consumers &&
        index.producerSubtask === place.producerSubtask &&
        index.consumerSubtask === place.consumerSubtask;
      return { snapshot, same, rounds: index.rounds, position: ChannelStateReader.START };
    });
    return new InFlightBlocks(parts, files);
  }

  private constructor(parts: readonly Part[], files: StateFiles) {
    this.#parts = parts.filter(({ rounds }) => rounds.length > 0);
    this.#files = files;
  }

  /** The round of the next block; Infinity behind the last. */
  get round(): number {
    if (this.#loaded !== undefined) return this.#loaded[0]?.round ?? Infinity;
    return this.#parts.reduce((least, { rounds }) => Math.min(least, rounds[0]?.round ?? Infinity), Infinity);
  }

  /** Takes the next block; undefined behind the last. @throws CHECKPOINT_CORRUPT, CHECKPOINT_STORAGE_FAILED */
  next(): InFlightBlock | undefined {
    return this.#loaded === undefined ? this.#read() : this.#loaded.shift();
  }

  /** Reads all that is left, and lets go of the files. @throws as `next` */
  load(): readonly InFlightBlock[] {
    if (this.#loaded === undefined) {
      const blocks: InFlightBlock[] = [];
      for (let block = this.#read(); block !== undefined; block = this.#read()) blocks.push(block);
      this.#loaded = blocks;
    }
    return this.#loaded;
  }

  close(): void {
    this.#open?.reader.close();
    this.#open = undefined;
  }

  #read(): InFlightBlock | undefined {
    const { round } = this;
    const part = this.#parts.find(({ rounds }) => rounds[0]?.round === round);
    if (part === undefined) {
      this.close();
      return undefined;
    }
    const block = this.#reader(part.snapshot).block(part.position);
    if (block === undefined) return undefined;
    const [run, ...later] = part.rounds as readonly [RoundRun, ...RoundRun[]];
    const rounds = run.blocks > 1 ? [{ round, blocks: run.blocks - 1 }, ...later] : later;
    const left = { ...part, rounds, position: block.next };
    this.#parts = this.#parts.flatMap((other) => {
      if (other !== part) return [other];
      return rounds.length > 0 ? [left] : [];
    });
    return { ...block, round, same: part.same };
  }

  #reader(snapshot: ChannelSnapshot): ChannelStateReader {
    if (this.#open?.snapshot === snapshot) return this.#open.reader;
    this.close();
    const reader = new ChannelStateReader(this.#files.open(snapshot.bytes));
    this.#open = { snapshot, reader };
    return reader;
  }
}
