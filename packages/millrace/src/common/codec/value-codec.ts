import { MillraceError } from "../errors/millrace-error.ts";
import { describeType } from "../types/describe-type.ts";
import { migrationRule } from "../types/migration-rule.ts";
import type { TypeDescription } from "../types/type-description.ts";
import type { TypeInfo } from "../types/type-info.ts";
import { LONG } from "./block-layout.ts";
import { canGenerateCode } from "./compile.ts";
import type { FrameCodecOptions } from "./create-frame-codec.ts";
import type { ValueCodec } from "./frame-codec.ts";
import { valueReader, valueWriter, type ValueReader, type ValueWriter } from "./generated-value.ts";
import { recordMismatch } from "./record-mismatch.ts";
import { RowSink } from "./row-sink.ts";
import { corrupt, readLength, RowSource } from "./row-source.ts";
import { fixedBytes } from "./type-layout.ts";

/** The version of the value format, in the low bits of a value's first byte. */
export const VALUE_VERSION = 1;
/** Bytes of rows that most values stay below. */
const USUAL_VALUE = 4096;
/** In the first byte: the text stands in UTF-16LE. */
const UTF16 = 0x80;

type CarriedType = Pick<TypeInfo<unknown>, "description" | "customs">;

const SELF_DESCRIBING: CarriedType = {
  description: { kind: "any" },
  customs: new Map(),
};

/**
 * The codec of single values of a type; without a type, values describe themselves.
 *
 * ```
 * u8 version, and 0x80 where the text is UTF-16 | length of the text in characters | row | text
 * ```
 *
 * @example `createValueCodec(Types.map(Types.string, Types.int), { unique: "count/state/hits" })`
 */
export function createValueCodec<T>(
  type: TypeInfo<T> | undefined,
  options: FrameCodecOptions,
): ValueCodec<T> {
  const generate = (options.generate ?? true) && canGenerateCode();
  const { description, customs } = type ?? SELF_DESCRIBING;
  const write = valueWriter(description, customs, `${options.unique}/write`, generate);
  const read = valueReader(description, customs, `${options.unique}/read`, generate);
  return new RowValueCodec<T>({ description, customs }, write, read);
}

/**
 * A codec that reads values written as `from`, and writes them as `to`: for state of a savepoint whose type has changed.
 * What a change may be, `migrationRule` tells.
 *
 * @throws INVALID_TYPE naming the field when values of `from` can't be read as `to`
 */
export function createMigratingCodec<T>(
  from: TypeDescription,
  to: TypeInfo<T>,
  options: FrameCodecOptions,
): ValueCodec<T> {
  const migration = migrationRule(from, to.description);
  if (migration.kind === "incompatible") {
    const where = migration.path === "" ? "" : `${migration.path}: `;
    throw new MillraceError(
      "INVALID_TYPE",
      `values can't be read with the changed type: ${where}${migration.reason}`,
      {
        help: `They were written as ${describeType(from)}, and the type is now ${describeType(to.description)}.`,
        details: { path: migration.path },
      },
    );
  }
  const generate = (options.generate ?? true) && canGenerateCode();
  const write = valueWriter(to.description, to.customs, `${options.unique}/write`, generate);
  const read = valueReader(from, to.customs, `${options.unique}/migrate`, generate);
  const readOwn = valueReader(to.description, to.customs, `${options.unique}/read`, generate);
  return new RowValueCodec<T>(to, write, read, readOwn);
}

class RowValueCodec<T> implements ValueCodec<T> {
  readonly #type: CarriedType;
  readonly #write: ValueWriter;
  readonly #read: ValueReader;
  readonly #readOwn: ValueReader;
  readonly #sink: ValueSink;
  readonly #source = new ValueSource();

  /** @param readOwn reads what `write` wrote, where `read` reads an older type */
  constructor(type: CarriedType, write: ValueWriter, read: ValueReader, readOwn: ValueReader = read) {
    this.#type = type;
    this.#write = write;
    this.#read = read;
    this.#readOwn = readOwn;
    this.#sink = new ValueSink(type.description);
  }

  encode(value: T): Uint8Array {
    const sink = this.#sink;
    sink.begin();
    if (!this.#write(sink, value)) throw recordMismatch(this.#type, value);
    return sink.finish();
  }

  decode(bytes: Uint8Array): T {
    return this.#decode(bytes, this.#read);
  }

  copy(value: T): T {
    return this.#decode(this.encode(value), this.#readOwn);
  }

  #decode(bytes: Uint8Array, read: ValueReader): T {
    const source = this.#source;
    try {
      source.begin(bytes);
      const value = read(source);
      source.finish();
      return value as T;
    } catch (error) {
      throw source.damaged(error);
    } finally {
      source.release();
    }
  }
}

class ValueSink extends RowSink {
  constructor(type: TypeDescription) {
    super(fixedBytes(type));
  }

  begin(): void {
    this.restart(USUAL_VALUE);
  }

  finish(): Uint8Array {
    const { text, position } = this;
    const wide = /[^\u0000-\u00ff]/.test(text);
    const head = text.length < LONG ? 2 : 6;
    const bytes = Buffer.allocUnsafeSlow(head + position + text.length * (wide ? 2 : 1));
    bytes[0] = VALUE_VERSION | (wide ? UTF16 : 0);
    bytes[1] = Math.min(text.length, LONG);
    if (head > 2) bytes.writeUInt32LE(text.length, 2);
    bytes.set(this.rows.subarray(0, position), head);
    if (text !== "") bytes.write(text, head + position, wide ? "utf16le" : "latin1");
    this.text = "";
    return bytes;
  }
}

class ValueSource extends RowSource {
  begin(bytes: Uint8Array): void {
    this.attach(bytes);
    this.origin = bytes.byteOffset;
    this.position = bytes.byteOffset;
    this.end = bytes.byteOffset + bytes.length;
    this.textPosition = 0;
    if (bytes.length < 2) throw corrupt(this, `a value can't have ${bytes.length} bytes`);
    const head = this.view.getUint8(this.position++);
    if ((head & ~UTF16) !== VALUE_VERSION)
      throw corrupt(this, `expected value version ${VALUE_VERSION}, got ${head & ~UTF16}`);
    const wide = (head & UTF16) !== 0;
    const textBytes = readLength(this) * (wide ? 2 : 1);
    const start = this.end - textBytes;
    if (!(start >= this.position)) throw corrupt(this, "the text is longer than the value");
    this.text = this.bytes.toString(wide ? "utf16le" : "latin1", start, this.end);
    this.end = start;
  }

  finish(): void {
    if (this.position !== this.end || this.textPosition !== this.text.length)
      throw corrupt(this, "its length is wrong");
  }
}
