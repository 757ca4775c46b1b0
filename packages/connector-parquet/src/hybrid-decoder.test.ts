import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HybridDecoder } from "./hybrid-decoder.ts";

type Run = { readonly value: number; readonly times: number } | { readonly values: readonly number[] };

function varint(n: number): number[] {
  return n > 0x7f ? [(n & 0x7f) | 0x80, ...varint(n >>> 7)] : [n];
}

/** Encodes runs bit by bit, as the format is described. */
function encode(
  runs: readonly Run[],
  width: number,
): { readonly bytes: Uint8Array; readonly values: number[] } {
  const bytes: number[] = [];
  const values: number[] = [];
  for (const run of runs) {
    if ("times" in run) {
      bytes.push(...varint(run.times << 1));
      for (let i = 0; i < width; i += 8) bytes.push((run.value >>> i) & 0xff);
      values.push(...Array.from({ length: run.times }, () => run.value | 0));
    } else {
      const groups = Math.ceil(run.values.length / 8);
      const padded = Array.from({ length: groups * 8 }, (_, i) => run.values[i] ?? 0);
      bytes.push(...varint((groups << 1) | 1));
      const bits = padded.flatMap((value) => Array.from({ length: width }, (_, bit) => (value >>> bit) & 1));
      for (let i = 0; i < bits.length; i += 8)
        bytes.push(bits.slice(i, i + 8).reduce((byte, bit, at) => byte | (bit << at), 0));
      values.push(...padded.map((value) => value | 0));
    }
  }
  return { bytes: Uint8Array.from(bytes), values };
}

describe("HybridDecoder", () => {
  it("reads what was encoded, in stretches of any length, at any width", () => {
    const runs = fc.integer({ min: 1, max: 32 }).chain((width) => {
      const value = fc.integer({ min: 0, max: width === 32 ? 0xffff_ffff : 2 ** width - 1 });
      const run: fc.Arbitrary<Run> = fc.oneof(
        fc.record({ value, times: fc.integer({ min: 1, max: 300 }) }),
        fc.record({ values: fc.array(value, { minLength: 1, maxLength: 40 }) }),
      );
      return fc.record({ width: fc.constant(width), runs: fc.array(run, { maxLength: 6 }) });
    });
    fc.assert(
      fc.property(runs, fc.integer({ min: 1, max: 50 }), fc.nat(3), (input, stretch, before) => {
        const { bytes, values } = encode(input.runs, input.width);
        const shifted = new Uint8Array(bytes.length + before);
        shifted.set(bytes, before);
        const decoder = new HybridDecoder(shifted, input.width, before, shifted.length);
        const out = new Int32Array(stretch);
        const read: number[] = [];
        while (read.length < values.length) {
          const count = Math.min(stretch, values.length - read.length);
          decoder.read(out, count);
          read.push(...out.subarray(0, count));
        }
        expect(read).toEqual(values);
      }),
    );
  });

  it("gives zeros where nothing is written", () => {
    const out = new Int32Array([7, 7, 7]);
    new HybridDecoder(new Uint8Array(0), 0, 0, 0).read(out, 3);
    expect([...out]).toEqual([0, 0, 0]);
    new HybridDecoder(new Uint8Array([2, 5]), 3, 0, 2).read(out, 3);
    expect([...out]).toEqual([5, 0, 0]);
  });
});
