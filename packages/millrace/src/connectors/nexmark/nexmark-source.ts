import type { Source } from "../../common/connector/source.ts";
import { BufferedSourceReader } from "../base/buffered-source-reader.ts";
import { requireOption, requirePositive } from "../base/options.ts";
import type { StaticEnumeratorState } from "../base/static-enumerator.ts";
import { indexEnumerator } from "../generator/index-enumerator.ts";
import { indexFetcher, type IndexEmitter } from "../generator/index-fetcher.ts";
import { INDEX_CONCURRENCY, type IndexSplit } from "../generator/index-split.ts";
import { NexmarkGenerator } from "./nexmark-generator.ts";
import { nexmarkConfig, type NexmarkConfig, type NexmarkOptions } from "./nexmark-options.ts";
import { Auction, Bid, NexmarkEvent, Person } from "./nexmark-types.ts";

/** Options of `nexmarkSource`. */
export interface NexmarkSourceOptions<
  K extends NexmarkEvent["kind"] = NexmarkEvent["kind"],
> extends NexmarkOptions {
  /** Emits events of one kind only; `events` counts the others, too. */
  readonly only?: K | undefined;
  /** How fast events (those left out by `only` counted) are made, a second of real time; default as fast as they are taken. */
  readonly maxEventsPerSecond?: number | undefined;
}

/** A source of Nexmark events. */
export type NexmarkSource<T> = Source<T, IndexSplit, StaticEnumeratorState<IndexSplit>>;

const NAME = "Nexmark source";
const TYPES = { person: Person, auction: Auction, bid: Bid } as const;

/**
 * The events of the Nexmark benchmark: people, auctions and bids of an auction house, seeded, so that every run gets the
 * same. Records carry their event time (`dateTime`). Split by parallelism, exactly-once; bounded when `events` is given.
 * The benchmark's watermark is 4 s behind: `WatermarkStrategy.forBoundedOutOfOrderness(seconds(4))`.
 *
 * @throws MillraceError INVALID_OPTION, UNKNOWN_OPTION
 * @example
 * ```ts
 * nexmarkSource({ events: 10_000_000, seed: 42 })              // NexmarkEvent
 * nexmarkSource({ events: 10_000_000, seed: 42, only: "bid" }) // Bid
 * ```
 */
export function nexmarkSource<K extends NexmarkEvent["kind"] = NexmarkEvent["kind"]>(
  options: NexmarkSourceOptions<K> = {},
): NexmarkSource<Extract<NexmarkEvent, { kind: K }>> {
  const config = nexmarkConfig(NAME, options, ["only", "maxEventsPerSecond"]);
  const { only, maxEventsPerSecond } = options;
  requireOption(only === undefined || only in TYPES, NAME, "only", `"person", "auction" or "bid"`, only);
  requirePositive(NAME, "maxEventsPerSecond", maxEventsPerSecond);
  const end = config.events === Infinity ? null : config.events;
  const source: NexmarkSource<NexmarkEvent> = {
    name: NAME,
    boundedness: end === null ? "unbounded" : "bounded",
    type: (only === undefined ? NexmarkEvent : TYPES[only]) as typeof NexmarkEvent,
    checksRecords: true,
    guarantee: "exactly-once",
    input: { events: String(end ?? "without end") },
    createEnumerator: (context, restored) => indexEnumerator(NAME, context, { from: 0, end }, restored),
    createReader: (context) =>
      new BufferedSourceReader(context, {
        name: NAME,
        concurrency: INDEX_CONCURRENCY,
        open: (split) => indexFetcher(context, split, emitter(config, only), maxEventsPerSecond),
      }),
  };
  // Only a cast can say that `only` chose the type above.
  return source as unknown as NexmarkSource<Extract<NexmarkEvent, { kind: K }>>;
}

function emitter(config: NexmarkConfig, only: NexmarkEvent["kind"] | undefined): IndexEmitter<NexmarkEvent> {
  const generator = new NexmarkGenerator(config);
  return (progress, step, end, output, limit) => {
    let next = progress.next;
    let passed = 0;
    for (; passed < limit && next < end && !output.blocked; next += step, passed++) {
      const event = generator.eventOf(next, only);
      if (event !== undefined) output.collect(event, event.dateTime);
    }
    progress.next = next;
    return passed;
  };
}
