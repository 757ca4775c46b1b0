import { createFrameCodec } from "../../../../common/codec/create-frame-codec.ts";
import { NO_TIMESTAMP } from "../../../../common/time/timestamps.ts";
import { Types } from "../../../../common/types/types.ts";
import type { CapturedEntry, StateMeta } from "../../../state/captured-state.ts";
import { PartBlock } from "./part-header.ts";
import { misuse, type PartOutput } from "./part-output.ts";
import { RowBlocks } from "./row-blocks.ts";
import { StateRowWriter } from "./state-row-writer.ts";

/** The codec of removed keys and namespaces. */
export const removalCodec = createFrameCodec<unknown>(Types.any, {
  unique: "checkpoint/removals",
  generate: false,
});

/** What is open of one state: rows and removals, gathered in blocks of the key group that `keyGroup` says when they are full. */
export class StateBlocks {
  /** May change after a `flush`. */
  keyGroup: number;
  readonly #output: PartOutput;
  readonly #state: number;
  readonly #meta: StateMeta;
  readonly #blockSize: number | undefined;
  #rows: StateRowWriter | undefined;
  #removals: RowBlocks<unknown> | undefined;
  #namespaces: RowBlocks<unknown> | undefined;

  /** @param blockSize bytes of a block of rows; undefined: the usual */
  constructor(
    output: PartOutput,
    state: number,
    meta: StateMeta,
    keyGroup: number,
    blockSize: number | undefined,
  ) {
    this.#output = output;
    this.#state = state;
    this.#meta = meta;
    this.keyGroup = keyGroup;
    this.#blockSize = blockSize;
  }

  entry(entry: CapturedEntry, continued: boolean): void {
    this.#output.keyKind(entry.key);
    const nothing = !(this.#rows ?? this.#openRows()).write(entry, continued);
    if (nothing && this.#output.header.content === "changes") this.removed(entry.key, entry.namespace);
  }

  removed(key: unknown, namespace: number | undefined): void {
    this.#removals ??= this.#removalBlocks(PartBlock.REMOVALS);
    this.#removals.write(key, namespace ?? NO_TIMESTAMP);
  }

  removedNamespace(namespace: number): void {
    this.#namespaces ??= this.#removalBlocks(PartBlock.REMOVED_NAMESPACES);
    this.#namespaces.write(namespace, NO_TIMESTAMP);
  }

  /** A block of rows of another part, as it is. */
  raw(block: Uint8Array): void {
    this.#rows?.flush();
    const rows = new DataView(block.buffer, block.byteOffset).getUint32(4, true);
    this.#emit(PartBlock.ROWS, block, rows);
  }

  flush(): void {
    this.#namespaces?.flush();
    this.#removals?.flush();
    this.#rows?.flush();
  }

  /** In a method of its own: one with a function inside it allocates at each call, and there are millions of `entry`. */
  #openRows(): StateRowWriter {
    return (this.#rows = new StateRowWriter(
      this.#meta,
      (payload, rows) => this.#emit(PartBlock.ROWS, payload, rows),
      this.#blockSize,
    ));
  }

  #removalBlocks(type: number): RowBlocks<unknown> {
    const { content } = this.#output.header;
    if (content !== "changes") throw misuse(`a removal in a part that is ${content}`);
    return new RowBlocks(removalCodec, (payload, rows) => this.#emit(type, payload, rows), this.#blockSize);
  }

  #emit(type: number, payload: Uint8Array, rows: number): void {
    this.#output.block(type, this.keyGroup, this.#state, rows, payload);
  }
}
