import { isPlainObject } from "../types/plain-object.ts";
import { KeyTag } from "./key-tags.ts";

/** Keys nest no deeper. */
export const MAX_KEY_DEPTH = 32;

/** Strings up to this length are written character by character, which is quicker than a call into native code. */
const SHORT = 64;

/** A buffer larger than this is given up after use. */
const MAX_KEPT = 65_536;

/**
 * Writes canonical keys into a buffer that it uses again for each. Knows only whether a key is one; what is wrong, and
 * where, `findInvalid` tells.
 */
export class KeyWriter {
  bytes: Buffer = Buffer.allocUnsafeSlow(1024);
  #view = viewOf(this.bytes);
  length = 0;

  /** Starts a new key behind `prefix` bytes that the caller fills. */
  begin(prefix: number): void {
    if (this.bytes.length > MAX_KEPT) this.#use(Buffer.allocUnsafeSlow(1024));
    this.length = prefix;
  }

  /** Makes room for `bytes` more behind `length`, for a caller that writes into `bytes` and moves `length` itself. */
  reserve(bytes: number): void {
    this.#room(bytes);
  }

  /** Appends a key; false when it is none. */
  write(key: unknown, depth: number): boolean {
    if (typeof key === "string") return this.#string(key);
    if (typeof key === "number") return this.#number(key);
    if (key === null) return this.#byte(KeyTag.NULL);
    if (typeof key === "boolean") return this.#byte(key ? KeyTag.TRUE : KeyTag.FALSE);
    if (typeof key === "bigint") return this.#bigint(key);
    return typeof key === "object" && depth < MAX_KEY_DEPTH && this.#object(key, depth + 1);
  }

  #object(key: object, depth: number): boolean {
    if (Array.isArray(key)) {
      this.#count(KeyTag.ARRAY, key.length);
      for (let i = 0; i < key.length; i++) if (!this.write(key[i], depth)) return false;
      return true;
    }
    if (key instanceof Date) return !Number.isNaN(key.getTime()) && this.#double(KeyTag.DATE, key.getTime());
    if (!isPlainObject(key) || Object.getOwnPropertySymbols(key).length > 0) return false;
    const names = sorted(Object.keys(key));
    this.#count(KeyTag.OBJECT, names.length);
    for (const name of names) if (!this.#string(name) || !this.write(key[name], depth)) return false;
    return true;
  }

  #string(key: string): boolean {
    const { length } = key;
    const at = this.length;
    this.#count(KeyTag.LATIN1, length);
    this.#room(2 * length);
    const { bytes } = this;
    if (length > SHORT) return this.#longString(key, at);
    let p = this.length;
    for (let i = 0; i < length; i++) {
      const code = key.charCodeAt(i);
      if (code > 0xff) return this.#utf16(key, at);
      bytes[p++] = code;
    }
    this.length = p;
    return true;
  }

  #longString(key: string, at: number): boolean {
    if (/[^\u0000-\u00ff]/.test(key)) return this.#utf16(key, at);
    this.length += this.bytes.write(key, this.length, "latin1");
    return true;
  }

  #utf16(key: string, at: number): boolean {
    this.bytes[at] = KeyTag.UTF16;
    this.length += this.bytes.write(key, this.length, "utf16le");
    return true;
  }

  #number(key: number): boolean {
    if ((key | 0) !== key) return key === key && this.#double(KeyTag.DOUBLE, key);
    this.#room(5);
    this.bytes[this.length] = KeyTag.INT32;
    this.#view.setInt32(this.length + 1, key, true);
    this.length += 5;
    return true;
  }

  #bigint(key: bigint): boolean {
    const digits = key === 0n ? "" : (key < 0n ? -key : key).toString(16);
    const magnitude = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex").reverse();
    this.#byte(KeyTag.BIGINT);
    this.#count(key < 0n ? 1 : 0, magnitude.length);
    this.#room(magnitude.length);
    this.bytes.set(magnitude, this.length);
    this.length += magnitude.length;
    return true;
  }

  #double(tag: number, value: number): boolean {
    this.#room(9);
    this.bytes[this.length] = tag;
    this.#view.setFloat64(this.length + 1, value, true);
    this.length += 9;
    return true;
  }

  #count(tag: number, count: number): void {
    this.#room(5);
    this.bytes[this.length] = tag;
    this.#view.setUint32(this.length + 1, count, true);
    this.length += 5;
  }

  #byte(byte: number): boolean {
    this.#room(1);
    this.bytes[this.length++] = byte;
    return true;
  }

  #room(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.#use(grown);
  }

  #use(bytes: Buffer): void {
    this.bytes = bytes;
    this.#view = viewOf(bytes);
  }
}

/** Sorted by UTF-16 code units, as the default order is. Most objects' fields are few, and many in order already. */
function sorted(names: string[]): readonly string[] {
  for (let i = 1; i < names.length; i++) if (names[i - 1]! > names[i]!) return names.sort();
  return names;
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
