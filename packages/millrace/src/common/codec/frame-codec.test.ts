import { describe, expect, it } from "vitest";
import { Types } from "../types/types.ts";
import { createFrameCodec } from "./create-frame-codec.ts";
import { ElementKind } from "./frame-codec.ts";

const bid = Types.object({
  id: Types.int,
  url: Types.string,
  at: Types.timestamp,
  tail: Types.optional(Types.string),
});

describe.each([true, false])("generate: %s", (generate) => {
  it("round trips", () => {
    const codec = createFrameCodec(bid, { unique: `t${generate}`, generate });
    const bytes = new Uint8Array(new SharedArrayBuffer(1000));
    const e = codec.createEncoder();
    e.begin(bytes, 3, 1000);
    const a = { id: 1, url: "x", at: 5 };
    const b = { id: 2 ** 40, url: "日本\ud800", at: 5.5, tail: "t" };
    expect(e.writeRecord(a, 7)).toBe(true);
    expect(e.writeWatermark(Infinity)).toBe(true);
    expect(e.writeRecord(b, -Infinity)).toBe(true);
    expect(() => e.writeRecord({ id: 0.5, url: "", at: 1 }, 1)).toThrow(/id: expected int, got 0.5/);
    expect(() => e.writeRecord({ id: 1, url: "", at: 1, more: 1 } as never, 1)).toThrow(
      /more: the type has no such field/,
    );
    const n = e.finish();
    const d = codec.createDecoder();
    d.reset(bytes, 3, 3 + n);
    expect([d.next(), d.value, d.timestamp]).toStrictEqual([ElementKind.RECORD, a, 7]);
    expect([d.next(), d.timestamp]).toStrictEqual([ElementKind.WATERMARK, Infinity]);
    expect([d.next(), d.value, d.timestamp]).toStrictEqual([ElementKind.RECORD, b, -Infinity]);
    expect(d.next()).toBe(ElementKind.END);
    expect(d.next()).toBe(ElementKind.END);
  });
  it("round trips undeclared", () => {
    const codec = createFrameCodec<unknown>(undefined, { unique: `u${generate}`, generate });
    const bytes = new Uint8Array(5000);
    const e = codec.createEncoder();
    e.begin(bytes, 0, 5000);
    const records = [
      { a: 1, b: "x" },
      { a: 0.5, b: null },
      "text",
      5,
      0.5,
      null,
      undefined,
      [1, "a"],
      { a: { c: new Map([[1, new Set([2])]]) } },
      { b: "y", a: 2 },
    ];
    for (const r of records) expect(e.writeRecord(r, 1)).toBe(true);
    expect(() => e.writeRecord({ a: { b: [() => 1] } }, 1)).toThrow(/a\.b\[0\]: a function can't be carried/);
    const n = e.finish();
    const d = codec.createDecoder();
    d.reset(bytes, 0, n);
    const out = [];
    while (d.next() !== ElementKind.END) out.push(d.value);
    expect(out).toStrictEqual(records);
  });
});
