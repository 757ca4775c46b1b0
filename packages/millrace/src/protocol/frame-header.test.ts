import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MillraceError } from "../common/errors/millrace-error.ts";
import {
  FIRST_FRAGMENT,
  FRAME_HEADER_BYTES,
  FrameKind,
  LAST_FRAGMENT,
  WHOLE,
  emptyFrameHeader,
  readFrameHeader,
  writeFrameHeader,
} from "./frame-header.ts";
import type { FrameHeader } from "./frame-header.ts";

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const LIMITS = { payload: 0xffff_ffff, total: 0xffff_ffff };

const header: fc.Arbitrary<FrameHeader> = fc
  .record({
    kind: fc.constantFrom(FrameKind.DATA, FrameKind.EVENT),
    flags: fc.nat(3),
    channel: u32,
    attempt: u32,
    sequence: u32,
    lengths: fc.tuple(u32, u32).filter(([a, b]) => a !== b),
    elements: u32,
  })
  .map(({ lengths, ...rest }) => {
    const total = Math.max(...lengths);
    return { ...rest, length: rest.flags === WHOLE ? total : Math.min(...lengths), total };
  });

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function encoded(fields: Partial<FrameHeader>): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES);
  writeFrameHeader(view(bytes), 0, { ...emptyFrameHeader(), ...fields });
  return bytes;
}

const read = (bytes: Uint8Array, limits = LIMITS) => {
  const into = emptyFrameHeader();
  readFrameHeader(view(bytes), 0, bytes.length, limits, into);
  return into;
};

describe("frame headers", () => {
  it("come back as they were written, anywhere in a buffer", () => {
    fc.assert(
      fc.property(header, fc.nat(40), (fields, offset) => {
        const bytes = new Uint8Array(offset + FRAME_HEADER_BYTES).fill(0xee);
        writeFrameHeader(view(bytes), offset, fields);
        const into = emptyFrameHeader();
        readFrameHeader(view(bytes), offset, bytes.length, LIMITS, into);
        expect(into).toEqual(fields);
      }),
    );
  });

  it("have the layout that the format's description draws", () => {
    const bytes = encoded({
      kind: FrameKind.EVENT,
      flags: WHOLE,
      channel: 0x01020304,
      attempt: 2,
      sequence: 3,
      length: 0x50,
      total: 0x50,
      elements: 1,
    });
    const lines = Buffer.from(bytes).toString("hex").match(/.{8}/gu);
    expect(lines).toEqual([
      "01020300",
      "04030201",
      "02000000",
      "03000000",
      "50000000",
      "50000000",
      "01000000",
      "00000000",
    ]);
  });

  it("are refused with what came when they are damaged", () => {
    const damaged = (at: number, value: number) => {
      const bytes = encoded({ length: 10, total: 10 });
      bytes[at] = value;
      return bytes;
    };
    const refused: readonly [Uint8Array, RegExp][] = [
      [new Uint8Array(31), /header of 32 bytes, got 31 bytes/u],
      [damaged(0, 9), /frame version 1, got version 9/u],
      [damaged(1, 0), /frame kind 1 or 2, got kind 0/u],
      [damaged(1, 3), /got kind 3/u],
      [damaged(2, 4), /flags 0 to 3, got flags 4/u],
      [damaged(3, 1), /reserved bytes/u],
      [damaged(31, 1), /reserved bytes/u],
      [damaged(16, 11), /whole payload, got 11 of 10 bytes/u],
      [encoded({ flags: FIRST_FRAGMENT, length: 10, total: 10 }), /fragment of a larger payload/u],
      [encoded({ flags: LAST_FRAGMENT, length: 11, total: 10 }), /fragment of a larger payload/u],
      [encoded({ length: 101, total: 101 }), /at most 100 bytes in a frame, got 101 bytes/u],
      [encoded({ flags: 0, length: 100, total: 1001 }), /payload of at most 1000 bytes, got 1001 bytes/u],
    ];
    for (const [bytes, message] of refused) {
      expect(() => read(bytes, { payload: 100, total: 1000 })).toThrow(message);
    }
  });

  it("never let through lengths out of bounds, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 40 }), fc.boolean(), (bytes, plausible) => {
        if (plausible && bytes.length > 3) bytes.set([1, 1, bytes[2]! & 3, 0]);
        if (plausible && bytes.length >= 32) bytes.fill(0, 28, 32);
        try {
          const { length, total } = read(bytes, { payload: 1 << 20, total: 1 << 28 });
          expect(length).toBeLessThanOrEqual(1 << 20);
          expect(total).toBeLessThanOrEqual(1 << 28);
          expect(length).toBeLessThanOrEqual(total);
        } catch (error) {
          if (!MillraceError.is(error, "PROTOCOL_VIOLATION")) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
});
