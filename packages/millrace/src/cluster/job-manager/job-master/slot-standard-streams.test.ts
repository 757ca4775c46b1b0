import { describe, expect, it } from "vitest";
import { SlotStandardStreams } from "./slot-standard-streams.ts";
import type { StandardStreams } from "./standard-streams.ts";

/** Standard input that answers with these chunks. */
function input(...chunks: readonly (string | null)[]): StandardStreams {
  const left = [...chunks];
  return {
    write: () => undefined,
    read: (chunk) => {
      const next = left.shift() ?? null;
      chunk(next === null ? null : Buffer.from(next));
    },
    close: () => undefined,
  };
}

/** An attempt that reads; `resumed` for a later one. */
function reader(streams: SlotStandardStreams, resumed: boolean): () => string | null | undefined {
  const attempt = {};
  return () => {
    let read: string | null | undefined;
    streams.read((bytes) => (read = bytes === null ? null : Buffer.from(bytes).toString()), {
      alive: () => true,
      attempt,
      resumed,
    });
    return read;
  };
}

describe("standard input that several attempts read, one after the other", () => {
  it("is handed out as it comes", () => {
    const read = reader(new SlotStandardStreams(input("a\n", "b", "c\n", null)), false);
    expect([read(), read(), read(), read()]).toEqual(["a\n", "b", "c\n", null]);
  });

  it("begins for a later attempt with the end of the last line, where that was whole", () => {
    const streams = new SlotStandardStreams(input("a\n", "b\n", "c\n", "d", "rest\n", "e\n"));
    expect(reader(streams, false)()).toBe("a\n");
    const second = reader(streams, true);
    expect([second(), second(), second()]).toEqual(["\nb\n", "c\n", "d"]);
    const third = reader(streams, true);
    expect([third(), third()]).toEqual(["rest\n", "e\n"]);
  });

  it("is whole for a later attempt when no earlier one has had any of it", () => {
    const streams = new SlotStandardStreams(input("a\n"));
    expect(reader(streams, true)()).toBe("\na\n");
  });

  it("goes to who asks next when the one it came for has failed", () => {
    let answer: ((bytes: Uint8Array | null) => void) | undefined;
    const streams = new SlotStandardStreams({ ...input(), read: (chunk) => (answer = chunk) });
    let alive = true;
    streams.read(() => expect.unreachable(), { alive: () => alive, attempt: {}, resumed: false });
    alive = false;
    answer?.(Buffer.from("a\n"));
    const got: string[] = [];
    streams.read((bytes) => got.push(String(bytes)), { alive: () => true, attempt: {}, resumed: true });
    expect(got).toEqual(["\na\n"]);
  });
});
