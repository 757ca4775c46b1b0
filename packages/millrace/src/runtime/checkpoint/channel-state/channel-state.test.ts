import { describe, expect, it } from "vitest";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { Types } from "../../../common/types/types.ts";
import type { ChannelSnapshot } from "../../../protocol/control/snapshots.ts";
import { createStateFiles } from "../storage/create-state-files.ts";
import { tempFolder } from "../../../common/testing/temp-folder.ts";
import { ChannelStateWriter } from "./channel-state-writer.ts";
import { InFlightReplay } from "./in-flight-replay.ts";
import { InFlightSnapshot } from "./in-flight-snapshot.ts";
import { ElementKind } from "../../../common/codec/frame-codec.ts";
import { give, keyed, part, place } from "./testing/in-flight.ts";
import type { Element, Keyed } from "./testing/in-flight.ts";

const memory = createStateFiles({ directory: undefined, inlineThreshold: 0 });

function replayed(parts: readonly ChannelSnapshot[], at = place(0, 0)): Element[] {
  const replay = new InFlightReplay(parts, at, memory);
  const got: Element[] = [];
  while (replay.round < Infinity) {
    replay.take();
    for (let kind = replay.cursor.next(); kind !== ElementKind.END; kind = replay.cursor.next()) {
      const { value, timestamp } = replay.cursor;
      const record = value as Keyed;
      // Records were written with their numbers as timestamps.
      got.push(kind === ElementKind.RECORD ? { ...record, n: timestamp } : { watermark: timestamp });
    }
    replay.release();
  }
  replay.close();
  return got;
}

const thrown = (work: () => unknown): MillraceError => {
  try {
    work();
  } catch (error) {
    if (error instanceof MillraceError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
};

describe("a channel state", () => {
  it("gives back what was written, as blocks or one by one, without what was taken before", async () => {
    const elements: Element[] = Array.from({ length: 5000 }, (_, n) =>
      n % 50 === 7 ? { watermark: n } : keyed(`key ${n % 9}`, n),
    );
    const written = await part(place(0, 0), "received", 3, elements, memory);
    expect(written).toMatchObject({
      sourceUid: "from",
      targetUid: "to",
      producerSubtask: 0,
      consumerSubtask: 0,
      side: "received",
      records: 5000,
    });
    expect(replayed([written])).toEqual(elements);
  });

  it("carries records that are larger than a block", async () => {
    const large = keyed("large".repeat(20_000), 6);
    const elements = [...[0, 1, 2, 3, 4, 5].map((n) => keyed("a", n)), large, keyed("a", 7)];
    const got = replayed([await part(place(0, 0), "unsent", 3, elements, memory)]) as Keyed[];
    expect(got.map(({ n }) => n)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(got[6]!.key === large.key).toBe(true);
  });

  it("is nothing where nothing was in flight", async () => {
    using folder = tempFolder();
    const files = createStateFiles({ directory: folder.path, inlineThreshold: 0 });
    const snapshot = new InFlightSnapshot(3, files);
    snapshot.sink(place(0, 0), "received").end();
    snapshot.sink(place(0, 0), "unsent").end();
    snapshot.seal();
    expect(await snapshot.written()).toEqual([]);
    expect(folder.files()).toEqual([]);
  });

  it("is whole when all sinks have ended, and no other comes", async () => {
    const snapshot = new InFlightSnapshot(3, memory);
    let whole = false;
    const written = snapshot.written().then((parts) => {
      whole = true;
      return parts;
    });
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const received = snapshot.sink(place(0, 1), "received");
    give(received, [keyed("a", 1)]);
    snapshot.seal();
    await turn();
    expect(whole).toBe(false);
    give(received, [keyed("a", 2)]);
    received.end();
    expect(await written).toMatchObject([{ records: 2, consumerSubtask: 1 }]);
  });

  it("is removed when it is given up", async () => {
    using folder = tempFolder();
    const files = createStateFiles({ directory: folder.path, inlineThreshold: 0 });
    const snapshot = new InFlightSnapshot(3, files);
    const sink = snapshot.sink(place(0, 0), "received");
    for (let n = 0; n < 1000; n++) give(sink, [keyed("x".repeat(5000), n)]);
    await expect.poll(() => folder.files()).toHaveLength(1);
    snapshot.abort();
    // What still comes goes nowhere.
    give(sink, [keyed("a", 1)]);
    sink.end();
    give(snapshot.sink(place(0, 1), "unsent"), [keyed("a", 1)]);
    await expect.poll(() => [folder.files(), folder.openFiles()]).toEqual([[], 0]);
  });

  it("says what went wrong when it is waited for, not before", async () => {
    const snapshot = new InFlightSnapshot(3, memory);
    const sink = snapshot.sink(place(0, 0), "received");
    sink.record({ key: "a", n: "one" }, 0);
    sink.end();
    snapshot.seal();
    await expect(snapshot.written()).rejects.toThrow(/\bn\b/u);
  });

  it("names what is damaged, wherever it is", async () => {
    const elements = Array.from({ length: 20 }, (_, n) => keyed("a", n));
    const written = await part(place(0, 0), "received", 3, elements, memory);
    const { bytes } = written.bytes as { readonly bytes: Uint8Array };
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Uint8Array.from(bytes);
      damaged[at]! ^= 1 << (at % 8);
      const error = thrown(() => replayed([{ ...written, bytes: { kind: "inline", bytes: damaged } }]));
      expect(error.code).toBe("CHECKPOINT_CORRUPT");
      expect(error.message).toMatch(/inline records in flight/u);
      const cut = bytes.subarray(0, at);
      expect(thrown(() => replayed([{ ...written, bytes: { kind: "inline", bytes: cut } }])).code).toBe(
        "CHECKPOINT_CORRUPT",
      );
    }
  });

  it("is refused by an edge whose records have another type", async () => {
    const written = await part(place(0, 0), "received", 3, [keyed("a", 1)], memory);
    const other = Types.object({ key: Types.string, n: Types.double }).description;
    const error = thrown(() => replayed([written], { ...place(0, 0), type: other }));
    expect([error.code, error.message]).toEqual([
      "RESTORE_REFUSED",
      'inline: records on their way from operator "from" to "to" were written as { key: string, n: int }, and the edge has { key: string, n: double } now',
    ]);
    expect(thrown(() => replayed([written], { ...place(0, 0), type: undefined })).code).toBe(
      "RESTORE_REFUSED",
    );
  });

  it("goes by rounds where an earlier checkpoint's is left in it", async () => {
    const write = async (side: "received" | "unsent", rounds: [number | undefined, number][]) => {
      const writer = new ChannelStateWriter(place(0, 0), side, 5, memory);
      for (const [round, n] of rounds) {
        writer.since(round);
        give(writer, [keyed("a", n)]);
      }
      writer.end();
      return (await writer.done)!;
    };
    const parts = [
      await write("received", [
        [6, 1],
        [7, 3],
        [undefined, 5],
      ]),
      await write("unsent", [[undefined, 6]]),
      await write("received", [
        [6, 2],
        [8, 4],
      ]),
    ];
    expect(replayed(parts).map((element) => (element as Keyed).n)).toEqual([1, 2, 3, 4, 5, 6]);
  });
});
