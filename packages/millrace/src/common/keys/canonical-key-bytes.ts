import { invalidKey } from "./invalid-key.ts";
import { KeyWriter } from "./key-writer.ts";
import { murmur3 } from "./murmur3.ts";

/** One for all keys of the thread: a key is written and used within one call. */
const writer = new KeyWriter();

/**
 * The bytes that define a key's identity: two keys are the same exactly when these are. Independent of any codec, of the
 * order of fields and of how the engine holds a value; `docs/formats/canonical-keys.md` draws them.
 *
 * @param where told in the error, such as `operator "count"`
 * @throws INVALID_KEY for undefined, NaN, functions, symbols, invalid Dates and instances of classes, naming the place
 */
export function canonicalKeyBytes(key: unknown, where = ""): Uint8Array {
  write(key, where, 0);
  return new Uint8Array(writer.bytes.subarray(0, writer.length));
}

/** The MurmurHash3 x86_32 of a key's canonical bytes. @throws INVALID_KEY */
export function hashCanonical(key: unknown, where: string): number {
  write(key, where, 0);
  return murmur3(writer.bytes, writer.length);
}

/** A key's canonical bytes as a string, one character a byte, behind `prefix`, which is ASCII. @throws INVALID_KEY */
export function canonicalText(prefix: string, key: unknown, where: string): string {
  write(key, where, prefix.length);
  for (let i = 0; i < prefix.length; i++) writer.bytes[i] = prefix.charCodeAt(i);
  return writer.bytes.toString("latin1", 0, writer.length);
}

function write(key: unknown, where: string, prefix: number): void {
  writer.begin(prefix);
  if (!writer.write(key, 0)) throw invalidKey(key, where);
}
