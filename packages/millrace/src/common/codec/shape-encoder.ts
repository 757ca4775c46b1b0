import type { Timestamp } from "../time/timestamps.ts";
import { inferDescription } from "../types/infer-description.ts";
import type { TypeDescription } from "../types/type-description.ts";
import { sameFieldNames, unifyDescriptions, widenNumbers } from "../types/unify-descriptions.ts";
import { MAX_SHAPES, ROW_PREFIX, SELF_DESCRIBING } from "./block-layout.ts";
import { BlockWriter } from "./block-writer.ts";
import type { BlockEncoder } from "./frame-codec.ts";
import { recordMismatch } from "./record-mismatch.ts";
import { writeAny } from "./self-describing.ts";
import { Offer, type ShapeCache, type ShapeWriter } from "./shape.ts";

/** How often a shape is widened for records that almost fit, before those describe themselves. */
const MAX_WIDENINGS = 8;

/** After so many records in a row that no shape could be learned from, only some are still tried. */
const MAX_MISSES = 64;

/** A shape of this channel, and its place in the block. */
interface Shape {
  writer: ShapeWriter;
  widenings: number;
  /** Its index in the current block; -1 before it is announced. */
  index: number;
}

/**
 * Encodes records without declared type: each is offered to the shapes seen so far, the last one first. One that fits
 * none gets a shape of its own, or widens the one that has the same fields; when there are too many, it describes itself.
 * Shapes live as long as the channel; each block announces those that it uses.
 */
export class ShapeEncoder<T> extends BlockWriter implements BlockEncoder<T> {
  readonly #cache: ShapeCache;
  readonly #shapes: Shape[] = [];
  #announced = 0;
  #last: Shape | undefined;
  #misses = 0;

  constructor(cache: ShapeCache) {
    super(0);
    this.#cache = cache;
  }

  override begin(bytes: Uint8Array, start: number, end: number): void {
    super.begin(bytes, start, end);
    this.#announced = 0;
    for (const shape of this.#shapes) shape.index = -1;
  }

  writeRecord(value: T, timestamp: Timestamp): boolean {
    const last = this.#last;
    if (last !== undefined) {
      const offer = this.#offer(last, value, timestamp);
      if (offer !== Offer.MISMATCH) return offer === Offer.WRITTEN;
    }
    return this.#search(value, timestamp);
  }

  #search(value: T, timestamp: Timestamp): boolean {
    for (const shape of this.#shapes) {
      if (shape === this.#last) continue;
      const offer = this.#offer(shape, value, timestamp);
      if (offer === Offer.MISMATCH) continue;
      this.#last = shape;
      return offer === Offer.WRITTEN;
    }
    const patient = this.#misses < MAX_MISSES || this.#misses % MAX_MISSES === 0;
    const shape = patient ? this.#learn(value) : undefined;
    const offer = shape === undefined ? Offer.MISMATCH : this.#offer(shape, value, timestamp);
    if (offer === Offer.MISMATCH) {
      this.#misses++;
      return this.#writeSelfDescribing(value, timestamp);
    }
    this.#misses = 0;
    this.#last = shape;
    return offer === Offer.WRITTEN;
  }

  #offer(shape: Shape, value: T, timestamp: Timestamp): Offer {
    if (shape.index !== -1) return shape.writer.write(this, value, timestamp, shape.index, this.rowsLength);
    if (this.#announced === MAX_SHAPES) return Offer.MISMATCH;
    const index = this.#announced;
    const start = this.#announce(shape.writer.announcement, index);
    const offer = shape.writer.write(this, value, timestamp, index, start);
    if (offer === Offer.WRITTEN) {
      shape.index = index;
      this.#announced++;
    }
    return offer;
  }

  /** Announces a shape behind the complete rows; the position behind. */
  #announce(announcement: Buffer, index: number): number {
    this.rewind();
    this.reserve(announcement.length);
    this.rows.set(announcement, this.position);
    this.rows[this.position] = announcement[0]! | (index << 3);
    return this.position + announcement.length;
  }

  /** A shape for a value that fits none: a new one, or one widened; undefined when the value has to describe itself. */
  #learn(value: T): Shape | undefined {
    const full = this.#shapes.length === MAX_SHAPES;
    if (full && this.#shapes.every((shape) => shape.widenings >= MAX_WIDENINGS)) return undefined;
    const description = inferDescription(value);
    if (description.kind === "any") return undefined;
    const similar = this.#shapes.find((shape) => isSimilar(shape.writer.description, description));
    if (similar !== undefined) return this.#widen(similar, description);
    return full ? undefined : this.#add(description);
  }

  #add(description: TypeDescription): Shape {
    const shape = { writer: this.#writer(description), widenings: 0, index: -1 };
    this.#shapes.push(shape);
    return shape;
  }

  #widen(shape: Shape, description: TypeDescription): Shape | undefined {
    if (shape.widenings >= MAX_WIDENINGS) return undefined;
    const wider = unifyDescriptions(shape.writer.description, description);
    if (wider.kind === "any") return undefined;
    shape.widenings++;
    // One number turned out to have fractions; after the second, don't wait for the others.
    shape.writer = this.#writer(shape.widenings > 1 ? widenNumbers(wider) : wider);
    shape.index = -1;
    return shape;
  }

  #writer(description: TypeDescription): ShapeWriter {
    const writer = this.#cache.writer(description);
    this.ensureSlack(writer.slack + ROW_PREFIX);
    return writer;
  }

  #writeSelfDescribing(value: T, timestamp: Timestamp): boolean {
    this.rewind();
    this.reserve(0);
    this.writePrefix(timestamp, SELF_DESCRIBING);
    if (!writeAny(this, value))
      throw recordMismatch({ description: { kind: "any" }, customs: new Map() }, value);
    return this.commit(timestamp);
  }
}

/** Whether values of both should share a shape: objects with the same fields, lists of the same kind. */
function isSimilar(a: TypeDescription, b: TypeDescription): boolean {
  if (a.kind === "object" && b.kind === "object") return sameFieldNames(a.fields, b.fields);
  return unifyDescriptions(a, b).kind !== "any";
}
