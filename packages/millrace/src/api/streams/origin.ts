import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import type { KeySelector } from "../../common/functions/functions.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";
import { typesEqual } from "../../common/types/types-equal.ts";
import type { Partitioner, StreamEdge } from "../../graph/stream/stream-graph.ts";
import type { KeyedUpstreams, Recording, Upstreams } from "./recording.ts";

/** What a stream is made of. Held under a symbol, out of the users' sight. */
export interface Origin {
  readonly recording: Recording;
  readonly upstreams: Upstreams;
  /** The key, where the stream is keyed. */
  readonly selector?: KeySelector<unknown, unknown>;
}

/** Where a stream keeps its origin. */
export const ORIGIN: unique symbol = Symbol("millrace.origin");

/** The origin of a stream that is given to an operation of another. @throws MillraceError INVALID_ARGUMENT, INVALID_GRAPH */
export function originOf(stream: unknown, operation: string, recording: Recording): Origin {
  const origin =
    typeof stream === "object" && stream !== null ? (stream as { [ORIGIN]?: Origin })[ORIGIN] : undefined;
  if (origin === undefined) {
    throw new MillraceError("INVALID_ARGUMENT", `${operation} takes a stream, got ${preview(stream)}`);
  }
  if (origin.recording !== recording) {
    throw new MillraceError("INVALID_GRAPH", `${operation} got a stream of another environment`, {
      help: "Make both streams from the same env.",
    });
  }
  return origin;
}

/** The edges that bring a stream's records to an input of a node. */
export const edgesTo = (upstreams: Upstreams, input: 0 | 1 = 0): readonly StreamEdge[] =>
  upstreams.map(({ node, sideOutput, partitioner }) => ({ source: node, input, sideOutput, partitioner }));

/** The same records, spread otherwise. */
export const partitioned = (upstreams: Upstreams, partitioner: Partitioner): Upstreams =>
  upstreams.map((upstream) => ({ ...upstream, partitioner }));

/** The type of a stream's records: that of its upstreams where they agree. */
export function typeOfUpstreams(upstreams: Upstreams): TypeInfo<unknown> | undefined {
  const first = upstreams[0]?.type;
  if (first === undefined) return undefined;
  return upstreams.every(({ type }) => type !== undefined && typesEqual(type.description, first.description))
    ? first
    : undefined;
}

/** The records and the key of a keyed stream that is given to an operation of another. @throws MillraceError INVALID_ARGUMENT */
export function keyedUpstreamsOf(stream: unknown, operation: string, recording: Recording): KeyedUpstreams {
  const { upstreams, selector } = originOf(stream, operation, recording);
  if (selector !== undefined) return { upstreams, selector };
  throw new MillraceError(
    "INVALID_ARGUMENT",
    `${operation} of a keyed stream takes a keyed stream or a broadcast one`,
    {
      help: "Key the other stream by the same key first.",
    },
  );
}
