import { rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { subtaskOfKeyGroup, keyGroupOf } from "../../../common/keys/key-groups.ts";
import { hashKey } from "../../../common/keys/hash-key.ts";
import type { ChannelSnapshot } from "../../../protocol/control/snapshots.ts";
import type { InputChannel } from "../../network/channel.ts";
import { InputGate } from "../../network/input-gate.ts";
import { LocalChannel } from "../../network/local-channel.ts";
import { OutputFlow } from "../../network/record-writer/output-flow.ts";
import { createStateFiles } from "../storage/create-state-files.ts";
import { tempFolder } from "../../../common/testing/temp-folder.ts";
import { InFlightSnapshot } from "./in-flight-snapshot.ts";
import { restoreInputs } from "./restore-inputs.ts";
import { MAX_PARALLELISM, barrier, keyed, part, place, readFrame } from "./testing/in-flight.ts";
import type { Element, Keyed } from "./testing/in-flight.ts";

const memory = createStateFiles({ directory: undefined, inlineThreshold: 0 });

/** The channels of one consumer, restored, and a gate over them. */
function restored(
  parts: readonly ChannelSnapshot[],
  { producers = 2, consumers = 2, consumer = 0, files = memory } = {},
) {
  const flow = new OutputFlow();
  const locals = Array.from(
    { length: producers },
    (_, index) => new LocalChannel({ id: index, index, input: 0 }, flow),
  );
  const places = locals.map((_, index) => place(index, consumer, { producers, consumers }));
  const channels = restoreInputs(
    locals.map(({ reader }) => reader),
    places,
    parts,
    files,
  );
  return { locals, places, channels, gate: new InputGate(channels) };
}

/** Reads what there is, at most `limit` elements. */
function read(gate: InputGate, limit = Infinity): Element[] {
  const got: Element[] = [];
  while (got.length < limit) {
    const channel = gate.next();
    if (channel === undefined) break;
    if (channel.head() === "data") readFrame(channel, got, Math.min(7, limit - got.length));
    else channel.takeEvent();
    gate.again(channel);
  }
  return got;
}

const numbersOf = (key: string, elements: readonly Element[]): number[] =>
  elements.flatMap((element) => ("key" in element && element.key === key ? [element.n] : []));
const ownerOf = (key: string, parallelism: number): number =>
  subtaskOfKeyGroup(MAX_PARALLELISM, parallelism, keyGroupOf(hashKey(key), MAX_PARALLELISM));
/** Keys of consumer 0 of 2. */
const own = ["a", "b", "c", "d", "e", "f", "g", "h"].filter((key) => ownerOf(key, 2) === 0);
const [first, second] = own as [string, string];

async function captured(channels: readonly InputChannel[], gateLess: () => void, id: number, consumer = 0) {
  const snapshot = new InFlightSnapshot(id, memory);
  channels.forEach((channel, index) =>
    channel.capture(id, snapshot.sink(place(index, consumer), "received")),
  );
  gateLess();
  snapshot.seal();
  return snapshot.written();
}

describe("restored channels", () => {
  it("are the channels themselves where nothing was in flight", () => {
    const { locals, channels } = restored([]);
    expect(channels).toEqual(locals.map(({ reader }) => reader));
  });

  it("give what was received, then what was unsent, then what is new, and wake their reader for it", async () => {
    const at = place(1, 0);
    const { locals, gate } = restored([
      await part(at, "received", 3, [keyed(first, 0), { watermark: 5 }, keyed(first, 1)], memory),
      await part(at, "unsent", 3, [keyed(first, 2)], memory),
    ]);
    let woken = 0;
    gate.onReadable = () => woken++;
    expect(gate.readable).toBe(true);
    locals[0]!.record(keyed(first, 3), 3);
    expect(read(gate)).toEqual([
      keyed(first, 0),
      { watermark: 5 },
      keyed(first, 1),
      keyed(first, 2),
      keyed(first, 3),
    ]);
    expect(gate.readable).toBe(false);
    const before = woken;
    locals[1]!.record(keyed(first, 4), 4);
    expect(woken).toBe(before + 1);
    expect(read(gate)).toEqual([keyed(first, 4)]);
  });

  it("hold what is new, events too, until all that was in flight is processed", async () => {
    const { locals, gate } = restored([
      await part(place(0, 0), "received", 3, [keyed(first, 0)], memory),
      await part(place(1, 0), "received", 3, [keyed(second, 0), keyed(second, 1)], memory),
    ]);
    locals[0]!.event({ kind: "idle" });
    locals[0]!.record(keyed(second, 2), 2);
    const one = gate.next()!;
    const got: Element[] = [];
    while (one.head() === "data") readFrame(one, got);
    gate.again(one);
    const two = gate.next()!;
    expect(two.index).toBe(1 - one.index);
    expect([one.head(), gate.readable]).toEqual(["none", false]);
    readFrame(two, got, 1);
    expect(one.head()).toBe("none");
    readFrame(two, got);
    expect(gate.readable).toBe(true);
    gate.again(two);
    got.push(...read(gate));
    expect(numbersOf(second, got)).toEqual([0, 1, 2]);
  });

  it("give each subtask its own keys at any other parallelism, in order, each record once", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.tuple(fc.nat(3), fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h")), {
          maxLength: 60,
        }),
        async (before, after, sent) => {
          // A key comes from one producer, whose records to a consumer were partly received, the rest unsent.
          const byChannel = new Map<string, Keyed[]>();
          const counts = new Map<string, number>();
          for (const [, key] of sent) {
            const producer = key.charCodeAt(0) % before;
            const channel = `${producer}>${ownerOf(key, before)}`;
            const n = counts.get(key) ?? 0;
            counts.set(key, n + 1);
            byChannel.set(channel, [...(byChannel.get(channel) ?? []), keyed(key, n)]);
          }
          const parts: ChannelSnapshot[] = [];
          for (const [channel, records] of [...byChannel].sort(([a], [b]) => a.localeCompare(b))) {
            const [producer, consumer] = channel.split(">").map(Number) as [number, number];
            const at = place(producer, consumer, { producers: before, consumers: before });
            const cut = sent[0]![0] * 3;
            for (const [side, share] of [
              ["received", records.slice(0, cut)],
              ["unsent", records.slice(cut)],
            ] as const)
              if (share.length > 0) parts.push(await part(at, side, 3, share, memory));
          }
          const got = Array.from({ length: after }, (_, consumer) => {
            const concern = before === after ? parts.filter((p) => p.consumerSubtask === consumer) : parts;
            return read(restored(concern, { producers: after, consumers: after, consumer }).gate);
          });
          for (const [key, count] of counts) {
            got.forEach((elements, consumer) => {
              const expected = consumer === ownerOf(key, after) ? count : 0;
              expect(numbersOf(key, elements)).toEqual(Array.from({ length: expected }, (_, n) => n));
            });
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it("pass over watermarks of producers that were others", async () => {
    const parts = [
      await part(place(0, 0, { producers: 3 }), "received", 3, [{ watermark: 9 }, keyed(first, 0)], memory),
    ];
    expect(read(restored(parts).gate)).toEqual([keyed(first, 0)]);
  });

  it.each([
    ["the same", 2],
    ["another", 3],
  ])(
    "are part of a checkpoint in the middle, as far as they are not processed: %s parallelism",
    async (_, producers) => {
      const elements = (from: number): Keyed[] =>
        Array.from({ length: 20 }, (__, i) => keyed(own[(from + i) % own.length]!, from + i));
      const parts = [
        await part(place(0, 0, { producers }), "received", 3, elements(0), memory),
        await part(place(0, 0, { producers }), "unsent", 3, elements(20), memory),
        await part(place(1, 0, { producers }), "received", 3, elements(40), memory),
      ];
      for (let processed = 0; processed <= 60; processed += 3) {
        const { locals, channels, gate } = restored(parts);
        const got = read(gate, processed);
        locals[0]!.record(keyed(first, 100), 0);
        const again = await captured(
          channels,
          () => {
            locals[1]!.record(keyed(first, 101), 0);
            for (const local of locals) local.overtake(barrier(4));
            locals[0]!.record(keyed(first, 102), 0);
          },
          4,
        );
        // It goes on undisturbed.
        const rest = read(gate);
        expect([...got, ...rest].map((element) => (element as Keyed).n).sort((a, b) => a - b)).toEqual([
          ...Array.from({ length: 60 }, (__, n) => n),
          100,
          101,
          102,
        ]);
        // And a failure after that checkpoint finds the rest of it.
        const after = read(restored(again).gate);
        const numbers = [...got, ...after].map((element) => (element as Keyed).n);
        expect(numbers.sort((a, b) => a - b)).toEqual([
          ...Array.from({ length: 60 }, (__, n) => n),
          100,
          101,
        ]);
        expect(
          numbersOf(first, after)
            .slice(-2)
            .sort((a, b) => a - b),
        ).toEqual([100, 101]);
      }
    },
  );

  it("need no files any more once they are part of another checkpoint", async () => {
    using folder = tempFolder();
    const files = createStateFiles({ directory: folder.path, inlineThreshold: 0 });
    const elements = Array.from({ length: 40 }, (_, n) => keyed(first, n));
    const { locals, channels, gate } = restored(
      [
        await part(place(0, 0), "received", 3, elements.slice(0, 20), files),
        await part(place(0, 0), "unsent", 3, elements.slice(20), files),
      ],
      { files },
    );
    const got = read(gate, 7);
    const again = await captured(channels, () => locals.forEach((local) => local.overtake(barrier(4))), 4);
    expect(folder.openFiles()).toBe(0);
    for (const file of folder.files()) rmSync(join(folder.path, file));
    expect([...got, ...read(gate)]).toEqual(elements);
    expect([...got, ...read(restored(again).gate)]).toEqual(elements);
  });

  it("keep a key's order over two checkpoints, whatever channels it comes to be on", async () => {
    // The key's producer was 1 of 3; it is 0 of 2 now.
    const before = await part(place(1, 0, { producers: 3 }), "received", 3, [keyed(first, 0)], memory);
    const { locals, channels } = restored([before]);
    locals[0]!.record(keyed(first, 1), 1);
    const again = await captured(channels, () => locals.forEach((local) => local.overtake(barrier(4))), 4);
    const unsent = await part(place(0, 0), "unsent", 4, [keyed(first, 2)], memory);
    expect(numbersOf(first, read(restored([...again, unsent]).gate))).toEqual([0, 1, 2]);
  });

  it("fail their reader where a part is damaged", async () => {
    const written = await part(place(0, 0), "received", 3, [keyed(first, 0)], memory);
    const { bytes } = written.bytes as { readonly bytes: Uint8Array };
    const damaged = { ...written, bytes: { kind: "inline", bytes: bytes.subarray(1) } } as const;
    const { gate } = restored([damaged]);
    expect(gate.readable).toBe(true);
    expect(() => gate.next()).toThrow(/damaged checkpoint/u);
  });

  it("tell of barriers that overtake, and close what they stand before", async () => {
    const { locals, channels } = restored([
      await part(place(0, 0), "received", 3, [keyed(first, 0)], memory),
    ]);
    const told: number[] = [];
    for (const channel of channels) channel.onOvertaken = ({ checkpointId }) => told.push(checkpointId);
    locals[1]!.overtake(barrier(4));
    expect(told).toEqual([4]);
    for (const channel of channels) channel.close();
    expect(() => locals[0]!.record(keyed(first, 1), 1)).toThrow(/closed/u);
  });
});
