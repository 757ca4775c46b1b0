import fc from "fast-check";
import type { ChannelEvent } from "../../../protocol/channel-event.ts";
import type { Item, ReaderRemote, WriterStep } from "./channel-rig.ts";

/*
 * Words of the channel suites.
 */

export const record = (n: number): WriterStep => ({
  do: "record",
  value: { n, text: `record ${n}` },
  timestamp: n,
});
export const event = (e: ChannelEvent): WriterStep => ({ do: "event", event: e });
export const fill = (from: number, limit: number): WriterStep => ({ do: "fill", from, limit });
export const FLUSH: WriterStep = { do: "flush" };
export const FLUSH_IF_DRAINED: WriterStep = { do: "flushIfDrained" };
export const IDLE: ChannelEvent = { kind: "idle" };
export const END: ChannelEvent = { kind: "endOfPartition" };

export const numbers = (items: readonly Item[]): unknown[] =>
  items.flatMap((item) => ("record" in item ? [(item.record as { n: number }).n] : []));
export const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
/** Records and watermarks among what was read. */
export const elements = (items: readonly Item[]): Item[] =>
  items.filter((item) => "record" in item || "watermark" in item);

/** Reads until there is nothing more. */
export async function readAll(reader: ReaderRemote): Promise<Item[]> {
  const items: Item[] = [];
  for (let more = await reader.read(); more.length > 0; more = await reader.read()) {
    items.push(...more);
    // A failed channel says so for ever.
    if ("failed" in items.at(-1)!) break;
  }
  return items;
}

/** Reads until `done` says that it was all, waiting whenever nothing is there. */
export async function readUntil(
  reader: ReaderRemote,
  items: Item[],
  done: (items: readonly Item[]) => boolean,
): Promise<void> {
  while (!done(items) && !items.some((item) => "failed" in item)) {
    await reader.readable();
    items.push(...(await reader.read()));
  }
}

/** Any step that sends or flushes, with these events. */
export const anyStep = (events: readonly ChannelEvent[]): fc.Arbitrary<WriterStep> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.nat(1_000_000).map(record) },
    {
      weight: 1,
      arbitrary: fc
        .nat(12_000)
        .map((length): WriterStep => ({ do: "record", value: "x".repeat(length), timestamp: -Infinity })),
    },
    {
      weight: 2,
      arbitrary: fc
        .oneof(fc.double({ noNaN: true }), fc.constantFrom(Infinity, -Infinity))
        .map((watermark): WriterStep => ({ do: "watermark", watermark })),
    },
    { weight: 1, arbitrary: fc.constantFrom(...events).map(event) },
    { weight: 1, arbitrary: fc.constantFrom(FLUSH, FLUSH_IF_DRAINED) },
  );

/** What a reader finds after a step. */
export function itemOf(step: WriterStep): Item[] {
  switch (step.do) {
    case "record":
      return [{ record: step.value, timestamp: step.timestamp }];
    case "watermark":
      return [{ watermark: step.watermark }];
    case "event":
      return [{ event: step.event }];
    default:
      return [];
  }
}
