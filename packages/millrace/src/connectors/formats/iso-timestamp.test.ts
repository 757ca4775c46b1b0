import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseIsoTimestamp } from "./iso-timestamp.ts";

describe("parseIsoTimestamp", () => {
  it.each([
    ["2001-12-31", Date.UTC(2001, 11, 31)],
    ["2001-12-31T23:59", Date.UTC(2001, 11, 31, 23, 59)],
    ["2001-12-31 23:59:58", Date.UTC(2001, 11, 31, 23, 59, 58)],
    ["2001-12-31T23:59:58Z", Date.UTC(2001, 11, 31, 23, 59, 58)],
    ["2001-12-31T23:59:58.5Z", Date.UTC(2001, 11, 31, 23, 59, 58, 500)],
    ["2001-12-31T23:59:58+02:00", Date.UTC(2001, 11, 31, 21, 59, 58)],
    ["2001-12-31T23:59:58-0130", Date.UTC(2002, 0, 1, 1, 29, 58)],
    ["2001-12-31T23:59:58+02", Date.UTC(2001, 11, 31, 21, 59, 58)],
    ["2000-02-29", Date.UTC(2000, 1, 29)],
    ["2001-01-01T24:00:00", Date.UTC(2001, 0, 2)],
    ["0001-01-01", -62135596800000],
  ])("reads %s", (text, expected) => {
    expect(parseIsoTimestamp(text)).toBe(expected);
  });

  it.each([
    "",
    "2001",
    "2001-13-01",
    "2001-02-29",
    "2001-1-1",
    "2001-12-31T25:00",
    "2001-12-31T23:60:00",
    "31.12.2001",
  ])("refuses %j", (text) => {
    expect(parseIsoTimestamp(text)).toBeUndefined();
  });

  it("reads back what toISOString writes", () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), (date) => {
        expect(parseIsoTimestamp(date.toISOString())).toBe(date.getTime());
      }),
    );
  });
});
