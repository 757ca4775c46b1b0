import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MillraceError } from "../common/errors/millrace-error.ts";
import { MAX_EVENT_BYTES, decodeChannelEvent, encodeChannelEvent } from "./channel-event-codec.ts";
import type { ChannelEvent } from "./channel-event.ts";

const id = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const time = fc.double({ noNaN: true, noDefaultInfinity: true });

/** One arbitrary for each kind, so that a new kind fails to compile until it is tried. */
const kinds: { [K in ChannelEvent["kind"]]: fc.Arbitrary<ChannelEvent & { kind: K }> } = {
  barrier: fc.record({
    kind: fc.constant("barrier"),
    checkpointId: id,
    timestamp: time,
    options: fc.record({
      snapshot: fc.constantFrom("checkpoint", "savepoint", "terminateSavepoint", "drainSavepoint"),
      mode: fc.constantFrom("exactly-once", "at-least-once"),
      alignment: fc.constantFrom("aligned", "unaligned"),
      alignmentTimeout: fc.oneof(time, fc.constantFrom(undefined, Infinity, 0)),
      location: fc.oneof(
        fc.constant(undefined),
        fc.record({
          directory: fc.oneof(
            fc.constant(undefined),
            fc.string({ unit: "grapheme", minLength: 1, maxLength: 300 }),
          ),
          inlineThreshold: fc.oneof(id, fc.constantFrom(0, Infinity)),
        }),
      ),
      incremental: fc.boolean(),
    }),
  }),
  cancelBarrier: fc.record({ kind: fc.constant("cancelBarrier"), checkpointId: id }),
  idle: fc.constant({ kind: "idle" }),
  active: fc.constant({ kind: "active" }),
  latencyMarker: fc.record({
    kind: fc.constant("latencyMarker"),
    sourceUid: fc.string({ unit: "grapheme", maxLength: 60 }),
    subtask: fc.integer({ min: 0, max: 0xffff_ffff }),
    sentAt: time,
  }),
  endOfData: fc.record({ kind: fc.constant("endOfData"), drained: fc.boolean() }),
  endOfPartition: fc.constant({ kind: "endOfPartition" }),
};
const event = fc.oneof(...Object.values(kinds)) as fc.Arbitrary<ChannelEvent>;

describe("channel events", () => {
  it("come back as they were, from anywhere in a buffer, and from shared memory", () => {
    fc.assert(
      fc.property(event, fc.nat(10), (sent, offset) => {
        const bytes = encodeChannelEvent(sent);
        const pool = Buffer.from(new SharedArrayBuffer(offset + bytes.length + 3)).fill(0xee);
        pool.set(bytes, offset);
        expect(decodeChannelEvent(pool, offset, offset + bytes.length)).toEqual(sent);
        const short =
          sent.kind === "barrier" ? sent.options.location === undefined : sent.kind !== "latencyMarker";
        expect(bytes.length).toBeLessThanOrEqual(short ? 32 : MAX_EVENT_BYTES);
      }),
      { numRuns: 1000 },
    );
  });

  it("are numbered for ever", () => {
    const first = (sent: ChannelEvent): number => encodeChannelEvent(sent)[0]!;
    const samples = Object.entries(kinds).map(([kind, arbitrary]) => [
      kind,
      first(fc.sample(arbitrary as fc.Arbitrary<ChannelEvent>, 1)[0]!),
    ]);
    expect(Object.fromEntries(samples)).toEqual({
      barrier: 1,
      cancelBarrier: 2,
      idle: 3,
      active: 4,
      latencyMarker: 5,
      endOfData: 6,
      endOfPartition: 7,
    });
  });

  it("cut a source's uid that is too long, at a whole character", () => {
    const marker: ChannelEvent = { kind: "latencyMarker", sourceUid: "ü".repeat(600), subtask: 1, sentAt: 2 };
    const bytes = encodeChannelEvent(marker);
    expect(bytes.length).toBe(528);
    expect(decodeChannelEvent(bytes)).toEqual({ ...marker, sourceUid: "ü".repeat(256) });
  });

  it("refuse to carry a savepoint's path that is too long, and bear the longest", () => {
    const to = (directory: string): ChannelEvent => ({
      kind: "barrier",
      checkpointId: 1,
      timestamp: 2,
      options: {
        snapshot: "savepoint",
        mode: "exactly-once",
        alignment: "aligned",
        alignmentTimeout: undefined,
        location: { directory, inlineThreshold: 0 },
        incremental: false,
      },
    });
    const longest = to(`/${"x".repeat(8191)}`);
    expect(encodeChannelEvent(longest).length).toBe(MAX_EVENT_BYTES);
    expect(decodeChannelEvent(encodeChannelEvent(longest))).toEqual(longest);
    expect(() => encodeChannelEvent(to("ü".repeat(4097)))).toThrow(/at most 8192 bytes, got 8194 bytes/u);
  });

  it("are refused when they are damaged, and nothing else happens", () => {
    const mutated = fc.tuple(event, fc.nat(40), fc.nat(255)).map(([sent, at, value]) => {
      const bytes = encodeChannelEvent(sent);
      if (at < bytes.length) bytes[at] = value;
      return bytes.subarray(0, at % 7 === 0 ? at : bytes.length);
    });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 70 })), (bytes) => {
        try {
          // What is taken is an event that could have been sent.
          const taken = decodeChannelEvent(bytes);
          expect(decodeChannelEvent(encodeChannelEvent(taken))).toEqual(taken);
        } catch (error) {
          if (!MillraceError.is(error, "PROTOCOL_VIOLATION")) throw error;
        }
      }),
      { numRuns: 3000 },
    );
    expect(() => decodeChannelEvent(new Uint8Array([9]))).toThrow(/kind 1 to 7, got kind 9/u);
    expect(() => decodeChannelEvent(new Uint8Array())).toThrow(/got no bytes/u);
    expect(() => decodeChannelEvent(new Uint8Array([3, 0]))).toThrow(/idle of 1 bytes, got 2 bytes/u);
  });
});
