import { hashBy } from "../../graph/stream/partitioners.ts";
import { RecordedAllWindowedStream } from "./all-windowed-stream.ts";
import {
  RecordedBroadcastConnection,
  RecordedBroadcastStream,
  RecordedKeyedBroadcastConnection,
} from "./broadcast-stream.ts";
import { RecordedConnection, RecordedKeyedConnection } from "./connected-streams.ts";
import { RecordedDataStream } from "./data-stream.ts";
import type { Erased } from "./erased.ts";
import { RecordedIntervalJoin } from "./interval-join.ts";
import { RecordedCoGroup, RecordedJoin } from "./joined-streams.ts";
import { RecordedKeyedStream } from "./keyed-stream.ts";
import { RecordedOperatorStream } from "./operator-stream.ts";
import { partitioned } from "./origin.ts";
import type { Recording, StreamFactory } from "./recording.ts";
import { WindowOperations } from "./window-operations.ts";
import { windowSettings } from "./window-settings.ts";
import { RecordedWindowedStream } from "./windowed-stream.ts";

/** The key of windows over all records. */
const ONE_KEY = (): 0 => 0;

/** Makes the streams of a program. `recording` is read when streams are made, not before. */
export function createStreamFactory(recording: () => Recording): StreamFactory {
  const factory: { readonly [M in keyof StreamFactory]: (...args: Erased[]) => Erased } = {
    stream: (upstreams) => new RecordedDataStream({ recording: recording(), upstreams }),
    operator: (node, outputs = {}) =>
      new RecordedOperatorStream(recording(), recording().builder.add(node), outputs),
    keyed: (upstreams, selector) => new RecordedKeyedStream({ recording: recording(), upstreams, selector }),
    windowed: (upstreams, selector, assigner) =>
      new RecordedWindowedStream(
        new WindowOperations(recording(), upstreams, windowSettings(selector, assigner), false),
      ),
    allWindowed: (upstreams, assigner) =>
      new RecordedAllWindowedStream(
        new WindowOperations(
          recording(),
          partitioned(upstreams, hashBy(ONE_KEY)),
          windowSettings(ONE_KEY, assigner),
          true,
        ),
      ),
    connected: (first, second) => new RecordedConnection(recording(), first, second),
    keyedConnected: (first, second) => new RecordedKeyedConnection(recording(), first, second),
    broadcast: (upstreams, states) =>
      new RecordedBroadcastStream({ recording: recording(), upstreams }, states),
    broadcastConnected: (first, second) => new RecordedBroadcastConnection(recording(), first, second),
    keyedBroadcastConnected: (first, second) =>
      new RecordedKeyedBroadcastConnection(recording(), first, second),
    joined: (first, second) => new RecordedJoin(recording(), first, second),
    coGrouped: (first, second) => new RecordedCoGroup(recording(), first, second),
    intervalJoin: (first, second) => new RecordedIntervalJoin(recording(), first, second),
  };
  return Object.freeze(factory) as StreamFactory;
}
