import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { Timestamp } from "../../../../common/time/timestamps.ts";
import type { StateBytes } from "../../../../protocol/control/snapshots.ts";
import type { StateFileWriter } from "../../storage/state-files.ts";
import { Content } from "../container/container-layout.ts";
import { ContainerWriter } from "../container/container-writer.ts";
import type { KeyedPartHeader, KeyKind } from "../keyed-part.ts";
import { keyKindBit, keyKindBits } from "./key-kinds.ts";
import { encodePartHeader, PartBlock } from "./part-header.ts";
import { encodePartIndex, storedWatermark, type IndexedBlock, type WatermarkRun } from "./part-index.ts";

/** The file of a part that is written: its header, blocks in any order, its index. */
export class PartOutput {
  readonly header: KeyedPartHeader;
  readonly #file: StateFileWriter;
  readonly #container: ContainerWriter;
  readonly #blocks: IndexedBlock[] = [];
  readonly #watermarks: WatermarkRun[] = [];
  #keyKinds = 0;

  constructor(file: StateFileWriter, header: KeyedPartHeader) {
    this.#file = file;
    this.header = header;
    this.#container = new ContainerWriter(file, Content.KEYED_PART);
    this.#container.block(PartBlock.HEADER, encodePartHeader(header));
  }

  get position(): number {
    return this.#file.position;
  }

  get backlog(): number {
    return this.#file.backlog;
  }

  drained(): Promise<void> {
    return this.#file.drained();
  }

  /** Key groups in ascending order. */
  watermark(keyGroup: number, watermark: Timestamp): void {
    const stored = storedWatermark(watermark);
    const last = this.#watermarks.at(-1);
    if (last?.end === keyGroup && last.watermark === stored) last.end = keyGroup + 1;
    else this.#watermarks.push({ start: keyGroup, end: keyGroup + 1, watermark: stored });
  }

  /** A key stands in the part. */
  keyKind(key: unknown): void {
    this.#keyKinds |= keyKindBit(key);
  }

  keyKinds(kinds: readonly KeyKind[] | undefined): void {
    this.#keyKinds |= keyKindBits(kinds);
  }

  block(type: number, keyGroup: number, state: number, rows: number, payload: Uint8Array): void {
    const { keyGroups, content } = this.header;
    if (!(keyGroup >= keyGroups.start && keyGroup < keyGroups.end) || content === "header")
      throw misuse(`rows of key group ${keyGroup} in a part that is ${content}`);
    const bytes = this.#container.block(type, payload);
    this.#blocks.push({ type, keyGroup, state, rows, bytes });
  }

  finish(): Promise<StateBytes> {
    const index = { watermarks: this.#watermarks, blocks: this.#blocks, keyKinds: this.#keyKinds };
    this.#container.finish(encodePartIndex(index));
    return this.#file.close();
  }

  abort(): Promise<void> {
    return this.#file.abort();
  }
}

/** The error for who writes a part in another way than its contract says. */
export function misuse(what: string): MillraceError {
  return new MillraceError("INTERNAL", `keyed state is written wrongly: ${what}`);
}
