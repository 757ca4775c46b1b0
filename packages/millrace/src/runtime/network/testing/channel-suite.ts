import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ChannelEvent } from "../../../protocol/channel-event.ts";
import type { ChannelRig, Item, ReaderRemote, RigFactory, WriterRemote, WriterStep } from "./channel-rig.ts";
import {
  END,
  FLUSH,
  FLUSH_IF_DRAINED,
  IDLE,
  anyStep,
  event,
  fill,
  itemOf,
  numbers,
  readAll,
  readUntil,
  record,
  upTo,
} from "./channel-steps.ts";
import { overtakingSuite } from "./overtaking-suite.ts";

/** How hard the suite tries. */
export interface ChannelSuiteOptions {
  /** Runs of each property. Default 60. */
  readonly runs?: number;
  /** Records of the longer cases. Default 20,000. */
  readonly records?: number;
}

const BARRIER: ChannelEvent = {
  kind: "barrier",
  checkpointId: 3,
  timestamp: 1_700_000_000_000,
  options: {
    snapshot: "checkpoint",
    mode: "exactly-once",
    alignment: "aligned",
    alignmentTimeout: undefined,
    location: undefined,
    incremental: true,
  },
};
/** Takes more room than what is kept for events. */
const SAVEPOINT: ChannelEvent = {
  ...BARRIER,
  options: {
    ...BARRIER.options,
    snapshot: "savepoint",
    location: { directory: `/savepoints/${"x".repeat(800)}`, inlineThreshold: 0 },
  },
};
/** What every implementation of the channel contract does. */
export function channelSuite(name: string, factory: RigFactory, options: ChannelSuiteOptions = {}): void {
  const runs = options.runs ?? 60;
  const records = options.records ?? 20_000;

  const withRig = async (channels: number, test: (rig: ChannelRig) => Promise<void>): Promise<void> => {
    const rig = await factory(channels);
    try {
      await test(rig);
    } finally {
      await rig.dispose();
    }
  };
  const withChannel = (test: (writer: WriterRemote, reader: ReaderRemote) => Promise<void>) =>
    withRig(1, (rig) => test(rig.writers[0]!, rig.readers[0]!));

  describe(`a ${name} channel`, () => {
    it("carries records, watermarks and events once and in order, however they are cut", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(turn, { maxLength: 30 }), async (turns) => {
          await withChannel(async (writer, reader) => {
            const expected: Item[] = [];
            const got: Item[] = [];
            for (const { steps, read } of turns) {
              await writer.run(steps);
              expected.push(...steps.flatMap(itemOf));
              got.push(...(await reader.read(read)));
            }
            await writer.run([event(END), { do: "close" }]);
            expected.push({ event: END });
            await readUntil(reader, got, (items) => items.length >= expected.length);
            expect(got).toEqual(expected);
          });
        }),
        { numRuns: runs },
      );
    });

    it("carries records much larger than a frame between small ones and events", () =>
      withChannel(async (writer, reader) => {
        const large = (n: number): WriterStep => ({
          do: "record",
          value: { n, text: "large ".repeat(200_000) },
          timestamp: n,
        });
        const steps = [record(0), large(1), large(2), event(BARRIER), record(3), large(4), event(END)];
        await writer.run(steps);
        const got: Item[] = [];
        await readUntil(reader, got, (items) => items.length >= steps.length);
        expect(got).toEqual(steps.flatMap(itemOf));
      }));

    it("makes progress with a slow reader, and keeps little waiting meanwhile", () =>
      withChannel(async (writer, reader) => {
        let written = 0;
        let backlog = 0;
        const got: unknown[] = [];
        while (got.length < records) {
          const report = await writer.run([
            fill(written, records - written),
            ...(written < records ? [] : [FLUSH]),
          ]);
          written += report.filled;
          backlog = Math.max(backlog, report.backlog);
          got.push(...numbers(await reader.read(777)));
        }
        expect(got).toEqual(upTo(records));
        expect(backlog).toBeLessThanOrEqual(64 * 1024);
      }));

    it("is blocked when full, and tells when there is room again, once each, without being polled", () =>
      withChannel(async (writer, reader) => {
        const full = await writer.run([fill(0, 1_000_000)]);
        expect(full.blocked).toBe(true);
        expect(full.told).toEqual(["blocked"]);
        let next = full.filled;
        for (let round = 0; round < 5; round++) {
          const unblocked = writer.told("unblocked");
          await reader.read();
          await unblocked;
          const again = await writer.run([fill(next, 1_000_000)]);
          expect(again.filled).toBeGreaterThan(1);
          expect(again.told).toEqual(["unblocked", "blocked"]);
          next += again.filled;
        }
      }));

    it("takes what a blocked producer still emits, in order", () =>
      withChannel(async (writer, reader) => {
        const full = await writer.run([fill(0, 1_000_000)]);
        const more = upTo(3000).map((i) => record(full.filled + i));
        const over = await writer.run([...more, event(BARRIER), record(full.filled + 3000)]);
        expect(over.blocked).toBe(true);
        const got: Item[] = [];
        let report = await writer.run([FLUSH]);
        while (report.flushed[0] === false) {
          await reader.readable();
          got.push(...(await reader.read(100)));
          report = await writer.run([FLUSH]);
        }
        got.push(...(await readAll(reader)));
        expect(numbers(got)).toEqual(upTo(full.filled + 3001));
        expect(got.at(-2)).toEqual({ event: BARRIER });
        expect((await writer.run([])).blocked).toBe(false);
      }));

    it("has room for an event when it is full", () =>
      withChannel(async (writer, reader) => {
        const full = await writer.run([fill(0, 1_000_000)]);
        await writer.run([event(BARRIER)]);
        // The last record began a frame for which there was no room: it leaves, and the event behind it, as there is some again.
        const items: Item[] = [];
        await readUntil(reader, items, (read) => read.length > full.filled);
        expect(numbers(items)).toEqual(upTo(full.filled));
        expect(items.at(-1)).toEqual({ event: BARRIER });
      }));

    it("sends a partial frame when everything before was read, and asks to be told otherwise", () =>
      withChannel(async (writer, reader) => {
        const first = await writer.run([record(0), FLUSH_IF_DRAINED]);
        expect(first.flushed).toEqual([true]);
        const second = await writer.run([record(1), FLUSH_IF_DRAINED]);
        const got = numbers(await reader.read(1));
        // Who has nothing to flush has sent it all.
        if (second.flushed[0] === false) {
          const drained = writer.told("drained");
          got.push(...numbers(await reader.read()));
          await drained;
        }
        const third = await writer.run([FLUSH_IF_DRAINED]);
        expect([third.flushed, second.flushed[0] === true ? 0 : third.backlog]).toEqual([[true], 0]);
        expect(got).toEqual([0]);
        expect(numbers(await reader.read())).toEqual([1]);
        expect((await writer.run([FLUSH_IF_DRAINED, FLUSH])).flushed).toEqual([true, true]);
      }));

    it("tells a waiting reader of what comes", () =>
      withChannel(async (writer, reader) => {
        for (const step of [record(1), event(IDLE), record(2)]) {
          const readable = reader.readable();
          await writer.run([step, FLUSH]);
          await readable;
          expect(await reader.read()).toEqual(itemOf(step));
        }
      }));

    it("ends quietly after the end of partition, whichever end closes first", async () => {
      await withChannel(async (writer, reader) => {
        await writer.run([record(0), event(END), { do: "close" }]);
        expect(await reader.read()).toEqual([...itemOf(record(0)), { event: END }]);
        expect(await reader.read()).toEqual([]);
        await reader.close();
        expect((await writer.run([])).told).toEqual([]);
      });
      await withChannel(async (writer, reader) => {
        await writer.run([event(END)]);
        await reader.close();
        expect((await writer.run([{ do: "close" }])).told).toEqual([]);
      });
    });

    it("fails the reader of a producer that closes in the middle, after all that was sent", () =>
      withChannel(async (writer, reader) => {
        await writer.run([record(0), FLUSH]);
        await writer.run([{ do: "close" }]);
        expect(await reader.read()).toEqual([...itemOf(record(0)), { failed: "CHANNEL_CLOSED" }]);
      }));

    it("wakes a reader whose producer closes in the middle", () =>
      withChannel(async (writer, reader) => {
        const readable = reader.readable();
        await writer.run([{ do: "close" }]);
        await readable;
        expect(await reader.read()).toEqual([{ failed: "CHANNEL_CLOSED" }]);
      }));

    it("fails the producer whose reader closes in the middle, and frees it if it waits", () =>
      withChannel(async (writer, reader) => {
        await writer.run([fill(0, 1_000_000)]);
        const failed = writer.told("failed CHANNEL_CLOSED");
        await reader.read(1);
        await reader.close();
        await failed;
        const after = await writer.run([record(0)]);
        expect(after).toMatchObject({
          blocked: false,
          error: "CHANNEL_CLOSED",
          told: ["unblocked", "failed CHANNEL_CLOSED"],
        });
        expect((await writer.run([event(BARRIER)])).error).toBe("CHANNEL_CLOSED");
        expect((await writer.run([FLUSH_IF_DRAINED])).error).toBe("CHANNEL_CLOSED");
        expect((await writer.run([{ do: "close" }])).error).toBe(undefined);
      }));

    it("never waits for another channel that nobody reads", () =>
      withRig(9, async ({ writers, readers }) => {
        const [stuck, ...others] = writers;
        const full = await stuck!.run([fill(0, 1_000_000)]);
        const after = upTo(500).map((i) => record(full.filled + i));
        await stuck!.run([event(BARRIER), ...after, event(IDLE), event({ kind: "active" })]);
        // The other inputs of the same task go on for as long as the first one is held by its barrier.
        await Promise.all(
          others.map(async (writer, i) => {
            const reader = readers[i + 1]!;
            const got: Item[] = [];
            let written = 0;
            while (written < records / 10) {
              written += (await writer.run([fill(written, records / 10 - written)])).filled;
              got.push(...(await reader.read()));
            }
            await writer.run([event(BARRIER)]);
            await readUntil(reader, got, (items) => items.length > records / 10);
            expect(numbers(got)).toEqual(upTo(records / 10));
            expect(got.at(-1)).toEqual({ event: BARRIER });
          }),
        );
        const got: Item[] = [];
        await readUntil(readers[0]!, got, (items) => items.length >= full.filled + 503);
        expect(numbers(got)).toEqual(upTo(full.filled + 500));
        expect(got[full.filled]).toEqual({ event: BARRIER });
      }));
  });

  overtakingSuite(name, factory, { runs, records });
}

const turn = fc.record({
  steps: fc.array(anyStep([BARRIER, SAVEPOINT, IDLE, { kind: "active" }]), { maxLength: 20 }),
  read: fc.oneof(fc.nat(10), fc.constant(1000)),
});
