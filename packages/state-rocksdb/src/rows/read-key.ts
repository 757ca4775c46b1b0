import { KeyTag, MillraceError } from "millrace/internal/state-backend";

/**
 * Reads canonical keys back: each value has one encoding, so nothing is lost but the order of an object's fields, which does not
 * count.
 */
export class KeyReader {
  bytes: Buffer = Buffer.alloc(0);
  position = 0;

  /** Stands at `position` of `bytes`. */
  at(bytes: Buffer, position: number): this {
    this.bytes = bytes;
    this.position = position;
    return this;
  }

  key(): unknown {
    const { bytes } = this;
    const tag = bytes[this.position++];
    switch (tag) {
      case KeyTag.NULL:
        return null;
      case KeyTag.FALSE:
        return false;
      case KeyTag.TRUE:
        return true;
      case KeyTag.INT32:
        return bytes.readInt32LE(this.#skip(4));
      case KeyTag.DOUBLE:
        return bytes.readDoubleLE(this.#skip(8));
      case KeyTag.LATIN1:
        return this.#text(this.#count(), "latin1");
      case KeyTag.UTF16:
        return this.#text(2 * this.#count(), "utf16le");
      case KeyTag.BIGINT:
        return this.#bigint();
      case KeyTag.DATE:
        return new Date(bytes.readDoubleLE(this.#skip(8)));
      case KeyTag.ARRAY:
        return Array.from({ length: this.#count() }, () => this.key());
      case KeyTag.OBJECT:
        return this.#object();
      default:
        throw new MillraceError("INTERNAL", `a row's key holds tag ${String(tag)}, which no key has`);
    }
  }

  /** Moves behind a key without making it. */
  skipKey(): void {
    const { bytes } = this;
    const tag = bytes[this.position++];
    switch (tag) {
      case KeyTag.INT32:
        this.position += 4;
        return;
      case KeyTag.DOUBLE:
      case KeyTag.DATE:
        this.position += 8;
        return;
      case KeyTag.LATIN1:
        this.#skip(this.#count());
        return;
      case KeyTag.UTF16:
        this.#skip(2 * this.#count());
        return;
      case KeyTag.BIGINT:
        this.position++;
        this.#skip(this.#count());
        return;
      case KeyTag.ARRAY:
        for (let i = this.#count(); i > 0; i--) this.skipKey();
        return;
      case KeyTag.OBJECT:
        for (let i = 2 * this.#count(); i > 0; i--) this.skipKey();
        return;
      default:
    }
  }

  #bigint(): bigint {
    const negative = this.bytes[this.position++] === 1;
    const length = this.#count();
    const start = this.#skip(length);
    const digits = Buffer.from(this.bytes.subarray(start, start + length))
      .reverse()
      .toString("hex");
    const magnitude = digits === "" ? 0n : BigInt(`0x${digits}`);
    return negative ? -magnitude : magnitude;
  }

  #object(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    for (let i = this.#count(); i > 0; i--) {
      const name = this.key() as string;
      const value = this.key();
      if (name === "__proto__")
        Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
      else object[name] = value;
    }
    return object;
  }

  #text(bytes: number, encoding: "latin1" | "utf16le"): string {
    const start = this.#skip(bytes);
    return this.bytes.toString(encoding, start, start + bytes);
  }

  #count(): number {
    return this.bytes.readUInt32LE(this.#skip(4));
  }

  #skip(bytes: number): number {
    const start = this.position;
    this.position += bytes;
    return start;
  }
}
