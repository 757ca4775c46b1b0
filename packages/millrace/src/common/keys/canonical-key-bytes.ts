import { fieldPath, isPlainObject } from "../types/plain-object.ts";
import { invalidKey } from "./invalid-key.ts";
import { KeyTag } from "./key-tags.ts";

/** Keys nest no deeper. */
const MAX_DEPTH = 32;

/**
 * The bytes that define a key's identity: two keys are the same exactly when these are. Independent of any codec, of the
 * order of fields and of how the engine holds a value; `docs/formats/canonical-keys.md` draws them.
 *
 * @param where told in the error, such as `operator "count"`
 * @throws INVALID_KEY for undefined, NaN, functions, symbols, invalid Dates and instances of classes, naming the place
 */
export function canonicalKeyBytes(key: unknown, where = ""): Uint8Array {
  const writer = new KeyWriter(where);
  writer.write(key, "", 0);
  return writer.bytes();
}

class KeyWriter {
  #buffer = Buffer.allocUnsafe(64);
  #length = 0;
  readonly #where: string;

  constructor(where: string) {
    this.#where = where;
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.#buffer.subarray(0, this.#length));
  }

  write(key: unknown, path: string, depth: number): void {
    switch (typeof key) {
      case "string":
        return this.#string(key);
      case "number":
        return this.#number(key, path);
      case "boolean":
        return this.#byte(key ? KeyTag.TRUE : KeyTag.FALSE);
      case "bigint":
        return this.#bigint(key);
      case "object":
        return key === null ? this.#byte(KeyTag.NULL) : this.#object(key, path, depth + 1);
      default:
        throw invalidKey(key, path, this.#where);
    }
  }

  #object(key: object, path: string, depth: number): void {
    if (depth > MAX_DEPTH) {
      throw invalidKey(key, "", this.#where, `nested deeper than ${MAX_DEPTH} levels, or cyclic`);
    }
    if (Array.isArray(key)) {
      this.#count(KeyTag.ARRAY, key.length);
      for (let i = 0; i < key.length; i++) this.write(key[i], `${path}[${i}]`, depth);
    } else if (key instanceof Date) {
      if (Number.isNaN(key.getTime())) throw invalidKey(key, path, this.#where);
      this.#double(KeyTag.DATE, key.getTime());
    } else if (isPlainObject(key) && Object.getOwnPropertySymbols(key).length === 0) {
      // By UTF-16 code units, as the default order is.
      const names = Object.keys(key).sort();
      this.#count(KeyTag.OBJECT, names.length);
      for (const name of names) {
        this.#string(name);
        this.write(key[name], fieldPath(path, name), depth);
      }
    } else {
      throw invalidKey(key, path, this.#where);
    }
  }

  #string(key: string): void {
    const latin1 = !/[^\u0000-\u00ff]/.test(key);
    this.#count(latin1 ? KeyTag.LATIN1 : KeyTag.UTF16, key.length);
    const bytes = key.length * (latin1 ? 1 : 2);
    const at = this.#take(bytes);
    this.#buffer.write(key, at, bytes, latin1 ? "latin1" : "utf16le");
  }

  #number(key: number, path: string): void {
    if ((key | 0) === key) {
      const at = this.#take(5);
      this.#buffer[at] = KeyTag.INT32;
      this.#buffer.writeInt32LE(key, at + 1);
    } else {
      if (Number.isNaN(key)) throw invalidKey(key, path, this.#where);
      this.#double(KeyTag.DOUBLE, key);
    }
  }

  #bigint(key: bigint): void {
    let hex = (key < 0n ? -key : key).toString(16);
    if (key === 0n) hex = "";
    if (hex.length % 2 === 1) hex = `0${hex}`;
    const magnitude = Buffer.from(hex, "hex").reverse();
    const at = this.#take(6 + magnitude.length);
    this.#buffer[at] = KeyTag.BIGINT;
    this.#buffer[at + 1] = key < 0n ? 1 : 0;
    this.#buffer.writeUInt32LE(magnitude.length, at + 2);
    magnitude.copy(this.#buffer, at + 6);
  }

  #double(tag: number, value: number): void {
    const at = this.#take(9);
    this.#buffer[at] = tag;
    this.#buffer.writeDoubleLE(value, at + 1);
  }

  #count(tag: number, count: number): void {
    const at = this.#take(5);
    this.#buffer[at] = tag;
    this.#buffer.writeUInt32LE(count, at + 1);
  }

  #byte(byte: number): void {
    const at = this.#take(1);
    this.#buffer[at] = byte;
  }

  #take(bytes: number): number {
    const at = this.#length;
    this.#length += bytes;
    if (this.#length > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(this.#length * 2);
      this.#buffer.copy(grown, 0, 0, at);
      this.#buffer = grown;
    }
    return at;
  }
}
