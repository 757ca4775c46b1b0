import fc from "fast-check";
import { KeyWriter } from "millrace/internal/state-backend";
import { describe, expect, it } from "vitest";
import { KeyReader } from "./read-key.ts";
import { after, RowKey } from "./row-key.ts";
import { readSortable, SORTABLE, writeSortable } from "./sortable.ts";

const key = fc.letrec((tie) => ({
  key: fc.oneof(
    { depthSize: "small" },
    fc.integer(),
    fc.double({ noNaN: true }),
    fc.string({ unit: "binary" }),
    fc.bigInt(),
    fc.boolean(),
    fc.constant(null),
    fc.date({ noInvalidDate: true }),
    fc.array(tie("key"), { maxLength: 3 }),
    fc.dictionary(fc.string(), tie("key"), { maxKeys: 3, noNullPrototype: true }),
  ),
})).key;

describe("KeyReader", () => {
  it("reads back what was written, and skips as much", () => {
    fc.assert(
      fc.property(key, key, (first, second) => {
        const row = new RowKey().begin(7).key(first).key(second);
        const bytes = Buffer.from(row.copy());
        const reader = new KeyReader().at(bytes, 1);
        expect(again(reader.key())).toEqual(again(first));
        expect(again(reader.key())).toEqual(again(second));
        expect(reader.position).toBe(bytes.length);
        reader.at(bytes, 1).skipKey();
        expect(again(reader.key())).toEqual(again(second));
      }),
    );
  });

  /** -0 is 0 in keys. */
  function again(value: unknown): Uint8Array {
    const writer = new KeyWriter();
    writer.begin(0);
    expect(writer.write(value, 0)).toBe(true);
    return new Uint8Array(writer.bytes.subarray(0, writer.length));
  }
});

describe("sortable numbers", () => {
  it("compare as bytes as they do as numbers", () => {
    const number = fc.oneof(
      fc.double({ noNaN: true }),
      fc.integer(),
      fc.constantFrom(-Infinity, Infinity, 0, -0, 1e15),
    );
    fc.assert(
      fc.property(number, number, (a, b) => {
        const [left, right] = [a, b].map((each) => {
          const bytes = Buffer.alloc(SORTABLE);
          writeSortable(bytes, 0, each);
          return bytes;
        });
        expect(Math.sign(Buffer.compare(left!, right!))).toBe(a === b ? 0 : a < b ? -1 : 1);
        expect(readSortable(left!, 0) === a).toBe(true);
      }),
    );
  });
});

describe("after", () => {
  it("is above all that begins so, and not above the next", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 6 }).filter((bytes) => bytes.some((byte) => byte !== 0xff)),
        fc.uint8Array({ maxLength: 4 }),
        (prefix, rest) => {
          const end = after(prefix);
          expect(Buffer.compare(Buffer.concat([prefix, rest]), end)).toBe(-1);
          expect(Buffer.from(prefix).subarray(0, end.length).equals(end)).toBe(false);
        },
      ),
    );
  });
});
