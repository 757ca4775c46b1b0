import { RowKind, SELF_DESCRIBING } from "./block-layout.ts";
import { BlockReader } from "./block-reader.ts";
import { ElementKind, type BlockDecoder } from "./frame-codec.ts";
import type { ValueReader } from "./generated-value.ts";
import { corrupt } from "./row-source.ts";
import { readAny } from "./self-describing.ts";
import type { ShapeCache } from "./shape.ts";

/** Decodes what a ShapeEncoder wrote. */
export class ShapeDecoder<T> extends BlockReader<T> implements BlockDecoder<T> {
  readonly #cache: ShapeCache;
  /** The shapes announced in this block. */
  readonly #readers: ValueReader[] = [];

  constructor(cache: ShapeCache) {
    super();
    this.#cache = cache;
  }

  override reset(bytes: Uint8Array, start: number, end: number): void {
    this.#readers.length = 0;
    super.reset(bytes, start, end);
  }

  next(): ElementKind {
    if (this.left === 0) return this.ended();
    try {
      this.left--;
      let first = this.view.getUint8(this.position++);
      while ((first & 7) === RowKind.SHAPE) {
        this.#announced(first >> 3);
        first = this.view.getUint8(this.position++);
      }
      const kind = first & 7;
      if (kind > RowKind.RECORD_DELTA) return this.readWatermark(first);
      this.timestamp = this.readTimestamp(kind);
      this.value = this.#readValue(first >> 3) as T;
      this.checkEnds();
      return ElementKind.RECORD;
    } catch (error) {
      throw this.damaged(error);
    }
  }

  #readValue(index: number): unknown {
    if (index === SELF_DESCRIBING) return readAny(this);
    const read = this.#readers[index];
    if (read === undefined) throw corrupt(this, `shape ${index} was not announced`);
    return read(this);
  }

  #announced(index: number): void {
    const length = this.view.getUint32(this.position, true);
    const start = this.position + 4;
    if (index !== this.#readers.length || !(length <= this.end - start))
      throw corrupt(this, `a wrong announcement of shape ${index}`);
    this.#readers.push(this.#cache.reader(this.bytes.toString("latin1", start, start + length)));
    this.position = start + length;
  }
}
