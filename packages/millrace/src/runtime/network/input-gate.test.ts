import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ElementKind } from "../../common/codec/frame-codec.ts";
import type { InputChannel } from "./channel.ts";
import { InputGate } from "./input-gate.ts";
import { LocalChannel } from "./local-channel.ts";
import { OutputFlow } from "./record-writer/output-flow.ts";

function open(count: number) {
  const writers = Array.from(
    { length: count },
    (_, index) => new LocalChannel({ id: index, index, input: 0 }, new OutputFlow()),
  );
  const gate = new InputGate(writers.map((writer) => writer.reader));
  return { writers, gate };
}

/** Reads what is at the head, and lets the channel queue up again. */
function readOne(gate: InputGate, channel: InputChannel): unknown[] {
  const values: unknown[] = [];
  if (channel.head() === "event") values.push(channel.takeEvent().kind);
  else {
    while (channel.cursor.next() !== ElementKind.END) values.push(channel.cursor.value);
    channel.release();
  }
  gate.again(channel);
  return values;
}

function drain(gate: InputGate): unknown[] {
  const values: unknown[] = [];
  for (let channel = gate.next(); channel !== undefined; channel = gate.next())
    values.push(...readOne(gate, channel));
  return values;
}

describe("InputGate", () => {
  it("finds what was there before it was made", () => {
    const writer = new LocalChannel({ id: 0, index: 0, input: 0 }, new OutputFlow());
    writer.record("early", 0);
    const gate = new InputGate([writer.reader]);
    expect(gate.readable).toBe(true);
    expect(drain(gate)).toEqual(["early"]);
    expect(gate.readable).toBe(false);
  });

  it("takes channels in turn", () => {
    const { writers, gate } = open(3);
    for (const [i, writer] of writers.entries()) {
      writer.record(`${i}a`, 0);
      writer.event({ kind: "idle" });
      writer.record(`${i}b`, 0);
    }
    expect(drain(gate)).toEqual(["0a", "1a", "2a", "idle", "idle", "idle", "0b", "1b", "2b"]);
  });

  it("tells when a channel becomes readable while none was, and only then", () => {
    const { writers, gate } = open(2);
    let told = 0;
    gate.onReadable = () => told++;
    writers[0]!.record(1, 0);
    writers[1]!.record(2, 0);
    writers[0]!.record(3, 0);
    expect(told).toBe(1);
    drain(gate);
    writers[1]!.record(4, 0);
    expect(told).toBe(2);
  });

  it("passes over a blocked channel, whose records keep their place", () => {
    const { writers, gate } = open(3);
    writers[1]!.record("1a", 0);
    writers[0]!.record("0a", 0);
    writers[2]!.record("2a", 0);
    gate.block(writers[1]!.reader);
    writers[1]!.record("1b", 0);
    expect(drain(gate)).toEqual(["0a", "2a"]);
    expect(gate.readable).toBe(false);
    gate.unblockAll();
    expect(gate.readable).toBe(true);
    expect(drain(gate)).toEqual(["1a", "1b"]);
  });

  it("hands out a failed channel's error instead of the channel", () => {
    const { writers, gate } = open(2);
    writers[0]!.record("last", 0);
    writers[0]!.close();
    expect(readOne(gate, gate.next()!)).toEqual(["last"]);
    expect(() => gate.next()).toThrow(/its producer closed it before/u);
    const late = new InputGate([writers[0]!.reader]);
    expect(() => late.next()).toThrow(/its producer closed it before/u);
  });

  it("loses nothing and keeps every channel's order, whoever is blocked meanwhile", () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: fc.constant("write" as const), channel: fc.nat(3) }) },
      { weight: 5, arbitrary: fc.record({ kind: fc.constant("read" as const), channel: fc.constant(0) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("block" as const), channel: fc.nat(3) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("unblock" as const), channel: fc.constant(0) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (program) => {
        const { writers, gate } = open(4);
        const written: number[][] = writers.map(() => []);
        const read: number[][] = writers.map(() => []);
        const blocked = new Set<number>();
        let next = 0;
        const wrong: string[] = [];
        const take = (): boolean => {
          const channel = gate.next();
          if (channel === undefined) return false;
          if (blocked.has(channel.index)) wrong.push(`${channel.index} is blocked`);
          read[channel.index]!.push(...(readOne(gate, channel) as number[]));
          return true;
        };
        for (const { kind, channel } of program) {
          if (kind === "write") {
            written[channel]!.push(next);
            writers[channel]!.record(next++, 0);
          } else if (kind === "read") {
            const waiting = written.some((values, i) => !blocked.has(i) && values.length > read[i]!.length);
            if (gate.readable !== waiting) wrong.push(`readable is not ${waiting}`);
            if (take() !== waiting) wrong.push(`next does not answer ${waiting}`);
          } else if (kind === "block") {
            blocked.add(channel);
            gate.block(writers[channel]!.reader);
          } else {
            blocked.clear();
            gate.unblockAll();
          }
        }
        blocked.clear();
        gate.unblockAll();
        while (take());
        expect(wrong).toEqual([]);
        expect(read).toEqual(written);
      }),
      { numRuns: 500 },
    );
  });

  it("closes all its channels", () => {
    const { writers, gate } = open(2);
    gate.close();
    for (const writer of writers) expect(() => writer.record(1, 0)).toThrow(/its consumer closed it before/u);
  });
});
