import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDuration } from "./durations.ts";
import { formatCompact, formatCount, formatPercent, formatRate } from "./numbers.ts";
import { table } from "./table.ts";
import { oneLine, textWidth, truncate } from "./text-width.ts";
import { formatTime, formatWatermark } from "./times.ts";

describe("numbers", () => {
  it.each([
    [0, "0"],
    [999, "999"],
    [1000, "1,000"],
    [3_000_000, "3,000,000"],
    [1234.6, "1,235"],
    [-12_345, "-12,345"],
    [-0.2, "0"],
    [Number.NaN, "-"],
    [Infinity, "-"],
  ])("counts %d as %s", (n, text) => expect(formatCount(n)).toBe(text));

  it.each([
    [0, "0"],
    [0.5, "0.50"],
    [2, "2"],
    [9.999, "10"],
    [12.4, "12"],
    [999, "999"],
    [999.6, "1.00 k"],
    [1000, "1.00 k"],
    [12_345, "12.3 k"],
    [99_960, "100 k"],
    [999_499, "999 k"],
    [999_500, "1.00 M"],
    [1_234_567, "1.23 M"],
    [3e9, "3.00 G"],
    [5e15, "5000 T"],
    [-1500, "-1.50 k"],
    [Number.NaN, "-"],
  ])("shortens %d to %s", (n, text) => expect(formatCompact(n)).toBe(text));

  it("keeps three digits of whatever it shortens, and is never off by more than they allow", () => {
    const units: Record<string, number> = { "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 };
    fc.assert(
      fc.property(fc.double({ min: 10, max: 9.99e14, noNaN: true }), (n) => {
        const [digits = "", unit = ""] = formatCompact(n).split(" ");
        expect(digits).toMatch(/^(?:\d\.\d\d|\d\d\.\d|\d{2,3})$/u);
        expect(Math.abs(Number(digits) * (units[unit] ?? Number.NaN) - n) / n).toBeLessThanOrEqual(0.05);
      }),
    );
  });

  it("tells rates and shares", () => {
    expect(formatRate(245_000)).toBe("245 k/s");
    expect([0, 0.004, 0.984, 1.02, -0.1, Number.NaN].map(formatPercent)).toEqual([
      "0%",
      "0%",
      "98%",
      "100%",
      "0%",
      "-",
    ]);
  });
});

describe("durations", () => {
  it.each([
    [-5, "0 ms"],
    [0.4, "0 ms"],
    [850, "850 ms"],
    [999.6, "1.0 s"],
    [12_340, "12.3 s"],
    [59_940, "59.9 s"],
    [59_960, "1 min 00 s"],
    [85_000, "1 min 25 s"],
    [3_599_700, "1 h 00 min"],
    [7_500_000, "2 h 05 min"],
    [86_399_000, "1 d 00 h"],
    [273_600_000, "3 d 04 h"],
    [Infinity, "-"],
  ])("shows %d ms as %s", (ms, text) => expect(formatDuration(ms)).toBe(text));

  it("never shows sixty of a unit", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e11, noNaN: true }), (ms) => {
        expect(formatDuration(ms)).not.toMatch(/\b60(?:\.0)? (?:s|min)|\b24 h|\b1000 ms/u);
      }),
    );
  });
});

describe("times", () => {
  const now = Date.UTC(2024, 5, 1, 12, 0, 0);

  it("shows points in time in UTC, to the second", () => {
    expect(formatTime(0)).toBe("1970-01-01 00:00:00");
    expect(formatTime(now + 999)).toBe("2024-06-01 12:00:00");
    expect([Infinity, -Infinity, Number.NaN, 9e15].map(formatTime)).toEqual(["-", "-", "-", "-"]);
  });

  it("shows a live watermark by its lag, a historic one by its date", () => {
    expect(formatWatermark(now - 3200, now)).toBe("3.2 s behind");
    expect(formatWatermark(now - 7_500_000, now)).toBe("2 h 05 min behind");
    expect(formatWatermark(now + 20, now)).toBe("up to now");
    expect(formatWatermark(Date.UTC(2001, 2, 4, 5, 6, 7), now)).toBe("2001-03-04 05:06:07");
    expect(formatWatermark(now + 3_600_000, now)).toBe("2024-06-01 13:00:00");
  });

  it("says nothing of a watermark that isn't there yet, or has come to its end", () => {
    expect(formatWatermark(-Infinity, now)).toBeUndefined();
    expect(formatWatermark(Infinity, now)).toBeUndefined();
  });
});

describe("text width", () => {
  it("counts columns, not code units", () => {
    expect(textWidth("abc")).toBe(3);
    expect(textWidth("日本")).toBe(4);
    expect(textWidth("e\u0301")).toBe(1);
    expect(textWidth("🚀")).toBe(2);
  });

  it("cuts with dots, never through a wide character", () => {
    expect(truncate("Source: flights", 15)).toBe("Source: flights");
    expect(truncate("Source: flights", 10)).toBe("Source:...");
    expect(truncate("日本語テキスト", 8)).toBe("日本...");
    expect(truncate("abc", 2)).toBe("..");
    expect(truncate("abc", 0)).toBe("");
  });

  it("never makes a text wider than the room", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.nat(40), (text, columns) => {
        expect(textWidth(truncate(oneLine(text), columns))).toBeLessThanOrEqual(columns);
      }),
    );
  });

  it("takes what could move the cursor out of foreign texts", () => {
    expect(oneLine("a\x1b[31mb\x1b[0m\r\nc\td\x07\x9b2Ke")).not.toMatch(/[\x00-\x1f\x7f-\x9f]/u);
    expect(oneLine("red \x1b[31mname\x1b[0m\nnext")).toBe("red name next");
  });
});

describe("table", () => {
  it("lines columns up, numbers to the right", () => {
    const lines = table(
      [
        { title: "operator", align: "left" },
        { title: "in", align: "right" },
        { title: "watermark", align: "left" },
      ],
      [
        ["map", "12", "-"],
        ["日本", "3,000", "complete"],
      ],
    );
    expect(lines).toEqual(["operator     in  watermark", "map          12  -", "日本      3,000  complete"]);
  });
});
