import { Buffer } from "node:buffer";
import { PassThrough } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { MAX_MESSAGE_BYTES, MessageKind } from "../../../protocol/data/message-header.ts";
import { FRAME_HEADER_BYTES, FrameKind, WHOLE, writeFrameHeader } from "../../../protocol/frame-header.ts";
import { MessageReader } from "./message-reader.ts";
import { Outbox } from "./outbox.ts";

type Found =
  | { readonly frame: number; readonly exchange: number; readonly text: string }
  | { readonly kind: number; readonly exchange: number; readonly text: string };

/** Reads chunks, and tells what was found. Frames must fit into 4,096 bytes. */
function read(chunks: readonly Buffer[]): Found[] {
  const found: Found[] = [];
  const pool = Buffer.from(new SharedArrayBuffer(4096));
  let current = { frame: 0, exchange: 0, length: 0 };
  const reader = new MessageReader({
    onFrame(view, offset, exchange, target) {
      current = {
        frame: view.getUint32(offset + 4, true),
        exchange,
        length: view.getUint32(offset + 16, true),
      };
      if (current.length > pool.length) throw new MillraceError("PROTOCOL_VIOLATION", "too long");
      expect(view.getUint32(offset + 28, true)).toBe(0);
      target.pool = pool;
      target.offset = 0;
      return current.length;
    },
    onFrameEnd: () =>
      found.push({
        frame: current.frame,
        exchange: current.exchange,
        text: pool.toString("latin1", 0, current.length),
      }),
    onMessage: (kind, exchange, bytes) => found.push({ kind, exchange, text: bytes.toString("latin1") }),
  });
  for (const chunk of chunks) reader.push(chunk);
  return found;
}

/** What an outbox makes of these. */
function written(messages: readonly Found[]): Buffer {
  const socket = new PassThrough({ highWaterMark: 1 << 30 });
  const outbox = new Outbox(socket);
  const pool = Buffer.from(new SharedArrayBuffer(FRAME_HEADER_BYTES + 4096));
  const view = new DataView(pool.buffer);
  for (const message of messages) {
    if ("kind" in message) {
      outbox.message(message.kind as MessageKind, message.exchange, Buffer.from(message.text, "latin1"));
      continue;
    }
    const length = message.text.length;
    writeFrameHeader(view, 0, {
      kind: FrameKind.DATA,
      flags: WHOLE,
      channel: message.frame,
      attempt: 1,
      sequence: 0,
      length,
      total: length,
      elements: 1,
    });
    view.setUint32(28, message.exchange, true);
    pool.write(message.text, FRAME_HEADER_BYTES, "latin1");
    outbox.frame(pool, 0, FRAME_HEADER_BYTES + length);
    // Large frames leave from where they lie, which is written again here.
    outbox.flush();
    const sent = socket.read() as Buffer;
    socket.unshift(Buffer.from(sent));
  }
  outbox.flush();
  return (socket.read() as Buffer | null) ?? Buffer.alloc(0);
}

const text = (most: number): fc.Arbitrary<string> => fc.nat(most).map((length) => "x".repeat(length));
const messages = fc.array(
  fc.oneof(
    fc.record({ frame: fc.nat(1000), exchange: fc.nat(0xff_ff_ff_ff), text: text(4096) }),
    fc.record({
      kind: fc.integer({ min: MessageKind.HELLO, max: MessageKind.PING }),
      exchange: fc.nat(0xff_ff_ff_ff),
      text: fc.oneof(fc.constant(""), text(100), text(MAX_MESSAGE_BYTES)),
    }),
  ),
  { maxLength: 12 },
);

function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.map((part) => part % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return at.slice(1).map((end, i) => Buffer.from(bytes.subarray(at[i] as number, end)));
}

describe("a message reader", () => {
  it("finds what an outbox has written, however it is cut", () => {
    fc.assert(
      fc.property(messages, fc.array(fc.nat(), { maxLength: 40 }), (sent, cuts) => {
        expect(read(cut(written(sent), cuts))).toEqual(sent);
      }),
      { numRuns: 200 },
    );
  });

  it("finds it byte by byte", () => {
    const sent: Found[] = [
      { kind: MessageKind.PING, exchange: 0, text: "" },
      { frame: 1, exchange: 2, text: "" },
      { frame: 3, exchange: 4, text: "abc" },
      { kind: MessageKind.FREED, exchange: 4, text: "abcdefghijkl" },
    ];
    const bytes = written(sent);
    expect(read(Array.from(bytes, (byte) => Buffer.from([byte])))).toEqual(sent);
  });

  it("says what is wrong with any other bytes, and nothing else", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), (chunks) => {
        expectViolation(() => read(chunks.map((chunk) => Buffer.from(chunk))));
      }),
      { numRuns: 300 },
    );
  });

  it("says what is wrong with damaged messages, or takes them as others", () => {
    fc.assert(
      fc.property(messages, fc.nat(), fc.integer({ min: 1, max: 255 }), (sent, at, change) => {
        const bytes = written(sent);
        if (bytes.length > 0) bytes[at % bytes.length]! ^= change;
        expectViolation(() => read([bytes]));
      }),
      { numRuns: 300 },
    );
  });

  it("refuses lengths beyond its bounds before it takes memory for them", () => {
    const bytes = written([{ kind: MessageKind.FREED, exchange: 1, text: "" }]);
    bytes.writeUInt32LE(MAX_MESSAGE_BYTES + 1, 16);
    expect(() => read([bytes])).toThrow(/expected messages of at most 8192 bytes, got one of 8193/u);
    bytes.writeUInt8(99, 1);
    expect(() => read([bytes])).toThrow(/expected kinds of messages from 16 to 25, got kind 99/u);
    expect(() => read([Buffer.from(`GET / HTTP/1.1\r\nHost: example.com\r\n\r\n`)])).toThrow(
      /expected version 1, got version 71/u,
    );
    const clientHello = Buffer.from("16030100f8010000f40303".padEnd(80, "0"), "hex");
    expect(() => read([clientHello])).toThrow(
      /expected version 1, got TLS, and security\.ssl\.internal\.enabled is off here/u,
    );
  });
});

/** It throws nothing, or says that the protocol was broken. */
function expectViolation(work: () => unknown): void {
  let code: unknown = "PROTOCOL_VIOLATION";
  try {
    work();
  } catch (error) {
    code = MillraceError.is(error) ? error.code : error;
  }
  expect(code).toBe("PROTOCOL_VIOLATION");
}
