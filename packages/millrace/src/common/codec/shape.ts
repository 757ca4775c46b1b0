import type { Timestamp } from "../time/timestamps.ts";
import { parseDescription } from "../types/parse-description.ts";
import type { TypeDescription } from "../types/type-description.ts";
import { MAX_SHAPES, RowKind } from "./block-layout.ts";
import type { BlockWriter } from "./block-writer.ts";
import { codecHelpers } from "./codec-helpers.ts";
import { compile } from "./compile.ts";
import { WriteEmitter } from "./generate-write.ts";
import { commitStatements, prefixStatements } from "./generated-codec.ts";
import { valueReader, type ValueReader } from "./generated-value.ts";
import { interpretWrite, type Customs } from "./interpret-write.ts";
import { fixedBytes } from "./type-layout.ts";

/** What became of a record that was offered to a shape. */
export const Offer = {
  /** It is not of this shape. */
  MISMATCH: 0,
  WRITTEN: 1,
  /** It does not fit behind the elements already in the block. */
  FULL: 2,
} as const;
export type Offer = (typeof Offer)[keyof typeof Offer];

/** How records of one shape are written. */
export interface ShapeWriter {
  readonly description: TypeDescription;
  readonly slack: number;
  /** What announces the shape, but for the index in its first byte. */
  readonly announcement: Buffer;
  /**
   * Writes a row at `start`, behind the text of the complete rows. It counts only when WRITTEN, and then everything
   * before `start` with it.
   */
  write(sink: BlockWriter, value: unknown, timestamp: Timestamp, index: number, start: number): Offer;
}

const NO_CUSTOMS: Customs = new Map();

/** More texts than an edge meets unless it is under attack. */
const MAX_CACHED = 64 * MAX_SHAPES;

/** The writers and readers of shapes that one edge has met, compiled once for all its channels. */
export class ShapeCache {
  readonly #writers = new Map<string, ShapeWriter>();
  readonly #readers = new Map<string, ValueReader>();
  readonly #unique: string;
  readonly #generate: boolean;

  constructor(unique: string, generate: boolean) {
    this.#unique = unique;
    this.#generate = generate;
  }

  writer(description: TypeDescription): ShapeWriter {
    const text = asciiJson(description);
    const unique = `${this.#unique}/shape-${this.#writers.size}/encode`;
    return cached(this.#writers, text, () => {
      const write = this.#generate ? compileWrite(description, unique) : interpretedWrite(description);
      return { description, slack: fixedBytes(description), announcement: announcement(text), write };
    });
  }

  /** The reader of an announced shape. @throws INVALID_TYPE or SyntaxError when the text describes none */
  reader(text: string): ValueReader {
    const unique = `${this.#unique}/shape-${this.#readers.size}/decode`;
    return cached(this.#readers, text, () => {
      const description = parseDescription(JSON.parse(text));
      return valueReader(description, NO_CUSTOMS, unique, this.#generate);
    });
  }
}

function cached<V>(cache: Map<string, V>, text: string, make: () => V): V {
  const known = cache.get(text);
  if (known !== undefined) return known;
  if (cache.size >= MAX_CACHED) cache.clear();
  const made = make();
  cache.set(text, made);
  return made;
}

function announcement(text: string): Buffer {
  const bytes = Buffer.alloc(5 + text.length);
  bytes[0] = RowKind.SHAPE;
  bytes.writeUInt32LE(text.length, 1);
  bytes.write(text, 5, "latin1");
  return bytes;
}

/** JSON in ASCII, so that it can be cut out of shared memory one byte a character. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[^\x20-\x7e]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function compileWrite(description: TypeDescription, unique: string): ShapeWriter["write"] {
  const emitter = new WriteEmitter();
  const statements = emitter.write(description, "value", "return 0;");
  const body = `${emitter.functions.join("\n")}
return function write(sink, value, timestamp, index, start) {
let p = start, text = sink.written, rows = sink.rows, view = sink.view, high = sink.high, n = 0;
const shape = index << 3;
${WriteEmitter.RESERVE}
${prefixStatements("shape | ")}
${statements}
${commitStatements(String(Offer.WRITTEN), String(Offer.FULL))}
};`;
  return compile(
    ["h", "types"],
    [codecHelpers(NO_CUSTOMS), emitter.types],
    body,
    unique,
  ) as ShapeWriter["write"];
}

function interpretedWrite(description: TypeDescription): ShapeWriter["write"] {
  return (sink, value, timestamp, index, start) => {
    sink.rewind();
    sink.position = start;
    sink.reserve(0);
    sink.writePrefix(timestamp, index);
    if (!interpretWrite(sink, description, NO_CUSTOMS, value)) return Offer.MISMATCH;
    if (!sink.commit(timestamp)) return Offer.FULL;
    return Offer.WRITTEN;
  };
}
