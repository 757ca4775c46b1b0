import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Barrier } from "../../../protocol/channel-event.ts";
import type { Item, ReaderRemote, RigFactory, WriterRemote, WriterStep } from "./channel-rig.ts";
import {
  END,
  FLUSH,
  IDLE,
  anyStep,
  elements,
  event,
  fill,
  itemOf,
  numbers,
  readAll,
  readUntil,
  record,
  upTo,
} from "./channel-steps.ts";

const barrier = (checkpointId: number, alignment: "aligned" | "unaligned" = "unaligned"): Barrier => ({
  kind: "barrier",
  checkpointId,
  timestamp: 1_700_000_000_000 + checkpointId,
  options: {
    snapshot: "checkpoint",
    mode: "exactly-once",
    alignment,
    alignmentTimeout: alignment === "aligned" ? 100 : undefined,
    location: undefined,
    incremental: true,
  },
});
const overtake = (checkpointId: number): WriterStep => ({ do: "overtake", barrier: barrier(checkpointId) });
const isBarrier = (item: Item): boolean => "event" in item && item.event.kind === "barrier";
const large = (n: number): WriterStep => ({
  do: "record",
  value: { n, text: "large ".repeat(200_000) },
  timestamp: n,
});

/** What every implementation of the channel contract does with barriers that overtake. Part of the channel suite. */
export function overtakingSuite(
  name: string,
  factory: RigFactory,
  { runs, records }: { readonly runs: number; readonly records: number },
): void {
  const withChannel = async (
    test: (writer: WriterRemote, reader: ReaderRemote) => Promise<void>,
  ): Promise<void> => {
    const rig = await factory(1);
    try {
      await test(rig.writers[0]!, rig.readers[0]!);
    } finally {
      await rig.dispose();
    }
  };

  describe(`a barrier that overtakes in a ${name} channel`, () => {
    it("leaves each element to one side exactly, wherever either side stands", async () => {
      await fc.assert(
        fc.asyncProperty(scenario, async ({ before, inLine, between, after, captureFirst, extra }) => {
          await withChannel(async (writer, reader) => {
            const got: Item[] = [];
            const written: Item[] = [];
            const go = async (turns: typeof before): Promise<void> => {
              for (const { steps, read } of turns) {
                await writer.run(steps);
                written.push(...steps.flatMap(itemOf));
                got.push(...(await reader.read(read)));
              }
            };
            let captured: Item[] | undefined;
            const capture = async (): Promise<void> => {
              // Who has come to the barrier has nothing to capture.
              if (got.some(isBarrier)) return;
              captured = elements(got);
              await reader.capture(1);
            };
            await go(before);
            if (captureFirst) await capture();
            await go(extra);
            const inFront = elements(written);
            if (inLine) {
              await writer.run([event(barrier(1, "aligned"))]);
              await go(between);
            }
            const { unsent } = await writer.run([overtake(1)]);
            if (!captureFirst) await capture();
            // Known at once, however much is still to be read. Without a capture the reader has read all of it.
            const { items, ended } =
              captured === undefined ? { items: [], ended: true } : await reader.captured();
            const processed = captured ?? elements(got.slice(0, got.findIndex(isBarrier)));
            expect(ended).toBe(true);
            expect([...processed, ...items, ...unsent]).toEqual(inFront);
            expect(await reader.overtaken()).toBe(1);
            await go(after);
            await writer.run([event(END), { do: "close" }]);
            await readUntil(reader, got, (items) => items.some(isEnd));
            expect(elements(got)).toEqual(elements(written));
            const at = got.findIndex(isBarrier);
            expect([...elements(got.slice(0, at)), ...unsent]).toEqual(inFront);
            expect(got.filter(isBarrier)).toHaveLength(1);
          });
        }),
        { numRuns: runs },
      );
    });

    it("needs no credit: the reader hears of it, and captures, while nothing moves", () =>
      withChannel(async (writer, reader) => {
        const full = await writer.run([fill(0, 1_000_000)]);
        const more = upTo(500).map((i) => record(full.filled + i));
        const idles = upTo(20).map(() => event(IDLE));
        await writer.run([...more.slice(0, 400), ...idles, ...more.slice(400)]);
        const told = reader.overtaken();
        const { unsent, blocked } = await writer.run([overtake(7), record(full.filled + 500), event(IDLE)]);
        expect(blocked).toBe(true);
        expect(await told).toBe(7);
        await reader.capture(7);
        const { items, ended } = await reader.captured();
        expect(ended).toBe(true);
        expect([...numbers(items), ...numbers(unsent)]).toEqual(upTo(full.filled + 500));
        const got: Item[] = [];
        await readUntil(reader, got, (read) => elements(read).length > full.filled + 500);
        expect(numbers(got)).toEqual(upTo(full.filled + 501));
        expect(elements(got.slice(0, got.findIndex(isBarrier)))).toEqual(items);
        expect(got.filter(isBarrier)).toEqual([{ event: barrier(7) }]);
      }));

    it("captures the rest of a frame that was left in the middle", () =>
      withChannel(async (writer, reader) => {
        await writer.run([...upTo(10).map(record), FLUSH]);
        const got = [...(await reader.read(4))];
        await reader.capture(1);
        await writer.run([overtake(1), record(10), FLUSH]);
        expect(numbers((await reader.captured()).items)).toEqual([4, 5, 6, 7, 8, 9]);
        got.push(...(await readAll(reader)));
        expect(numbers(got)).toEqual(upTo(11));
        expect(got[10]).toEqual({ event: barrier(1) });
      }));

    it("goes on capturing what comes before the barrier does", () =>
      withChannel(async (writer, reader) => {
        await writer.run([...upTo(10).map(record), FLUSH]);
        await reader.read(7);
        await reader.capture(1);
        let written = 10;
        const got: Item[] = [];
        while (written < records) {
          written += (await writer.run([fill(written, records - written)])).filled;
          got.push(...(await reader.read(333)));
        }
        expect((await reader.captured()).ended).toBe(false);
        const { unsent } = await writer.run([event(IDLE), overtake(1)]);
        const { items, ended } = await reader.captured();
        expect(ended).toBe(true);
        expect([...numbers(items), ...numbers(unsent)]).toEqual(upTo(records).slice(7));
      }));

    it("counts a record of which only a part was handed over as unsent, whole", () =>
      withChannel(async (writer, reader) => {
        await writer.run([record(0), FLUSH, large(1)]);
        // Takes the parts that have arrived off the ring.
        expect(numbers(await reader.read(1))).toEqual([0]);
        expect(numbers((await writer.run([record(2), large(3)])).unsent)).toEqual([]);
        const { unsent } = await writer.run([overtake(1), record(4), event(END)]);
        await reader.capture(1);
        const { items, ended } = await reader.captured();
        expect(ended).toBe(true);
        expect([...numbers(items), ...numbers(unsent)]).toEqual([1, 2, 3]);
        const got: Item[] = [];
        await readUntil(reader, got, (read) => elements(read).length === 4);
        expect(numbers(got)).toEqual([1, 2, 3, 4]);
        expect(got.slice(0, got.findIndex(isBarrier))).toEqual(items);
      }));

    it("passes those that wait in line on their way, and leaves those that were handed over", () =>
      withChannel(async (writer, reader) => {
        const { holds } = await writer.run([record(0), event(barrier(1, "aligned")), record(1)]);
        expect(holds).toEqual([]);
        await reader.capture(1);
        expect(numbers((await reader.captured()).items)).toEqual([0]);
        const full = await writer.run([overtake(1), fill(2, 1_000_000)]);
        expect(await reader.overtaken()).toBe(1);
        const next = 2 + full.filled;
        const second = await writer.run([
          record(next),
          record(next + 1),
          event(barrier(2, "aligned")),
          record(next + 2),
        ]);
        const { unsent } = await writer.run([overtake(2)]);
        expect(await reader.overtaken()).toBe(2);
        const got: Item[] = [];
        await readUntil(reader, got, (read) => elements(read).length === next + 3);
        expect(numbers(got)).toEqual(upTo(next + 3));
        expect(got.filter(isBarrier)).toMatchObject([
          { event: { checkpointId: 1 } },
          { event: { checkpointId: 2 } },
        ]);
        expect(got[1]).toMatchObject({ event: { checkpointId: 1 } });
        const at = got.findLastIndex(isBarrier);
        expect([...numbers(got.slice(0, at)), ...numbers(unsent)]).toEqual(upTo(next + 2));
        expect(second.holds).toEqual(numbers(unsent).length > 0 ? [2] : []);
      }));

    it("is forgotten when a later one comes before it was noticed", () =>
      withChannel(async (writer, reader) => {
        await writer.run([record(0), FLUSH]);
        await reader.capture(1);
        await reader.stopCapture();
        const { unsent } = await writer.run([
          overtake(1),
          record(1),
          FLUSH,
          overtake(2),
          record(2),
          event(END),
        ]);
        await reader.capture(2);
        const { items, ended } = await reader.captured();
        expect([...numbers(items), ...numbers(unsent), ended]).toEqual([0, 1, true]);
        const got: Item[] = [];
        await readUntil(reader, got, (read) => read.some(isEnd));
        expect(numbers(got)).toEqual([0, 1, 2]);
        expect(elements(got.slice(0, got.findLastIndex(isBarrier)))).toEqual(items);
        expect(got.findLast(isBarrier)).toEqual({ event: barrier(2) });
      }));

    it("is passed by captures of later checkpoints, and ends those of earlier ones", () =>
      withChannel(async (writer, reader) => {
        await writer.run([record(0), overtake(1), record(1), FLUSH]);
        await reader.capture(2);
        expect(await reader.captured()).toMatchObject({ ended: false });
        expect(numbers(await reader.read(1))).toEqual([0]);
        const { unsent } = await writer.run([record(2), overtake(3)]);
        const { items, ended } = await reader.captured();
        expect([...numbers(items), ...numbers(unsent), ended]).toEqual([0, 1, 2, true]);
      }));

    it("is not waited for by a capture whose channel ends", () =>
      withChannel(async (writer, reader) => {
        await writer.run([
          record(0),
          event({ kind: "endOfData", drained: true }),
          event(END),
          { do: "close" },
        ]);
        await reader.capture(1);
        const { items, ended } = await reader.captured();
        expect([numbers(items), ended]).toEqual([[0], true]);
        await readAll(reader);
        await reader.close();
        await reader.capture(2);
        expect(await reader.captured()).toEqual({ items: [], ended: true });
      }));

    it("does not end a capture whose producer is gone", () =>
      withChannel(async (writer, reader) => {
        await writer.run([record(0), FLUSH]);
        await reader.capture(1);
        await writer.run([{ do: "close" }]);
        const { items, ended } = await reader.captured();
        expect([numbers(items), ended]).toEqual([[0], false]);
        expect((await readAll(reader)).at(-1)).toEqual({ failed: "CHANNEL_CLOSED" });
      }));

    it("fails like any other call when the reader is gone", () =>
      withChannel(async (writer, reader) => {
        await writer.run([record(0)]);
        const failed = writer.told("failed CHANNEL_CLOSED");
        await reader.close();
        await failed;
        expect((await writer.run([overtake(1)])).error).toBe("CHANNEL_CLOSED");
      }));
  });
}

const isEnd = (item: Item): boolean => "event" in item && item.event.kind === "endOfPartition";

const turns = fc.array(
  fc.record({
    steps: fc.array(anyStep([IDLE, { kind: "active" }]), { maxLength: 15 }),
    read: fc.oneof({ weight: 3, arbitrary: fc.nat(8) }, { weight: 1, arbitrary: fc.constant(1000) }),
  }),
  { maxLength: 8 },
);

/** Turns of both sides before, between and after what happens to checkpoint 1. */
const scenario = fc.record({
  before: turns,
  /** Whether the reader captures before its producer lets the barrier overtake. */
  captureFirst: fc.boolean(),
  extra: turns,
  /** Whether the barrier was put in line first. */
  inLine: fc.boolean(),
  between: turns,
  after: turns,
});
