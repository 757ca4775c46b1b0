import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { Barrier, ChannelEvent } from "../../../protocol/channel-event.ts";

/*
 * What the channel suite drives: both ends of some channels, each end on whatever thread it lives. Plain data goes in and out.
 */

/** What a producer's end is told to do. */
export type WriterStep =
  | { readonly do: "record"; readonly value: unknown; readonly timestamp: Timestamp }
  | { readonly do: "watermark"; readonly watermark: Timestamp }
  | { readonly do: "event"; readonly event: ChannelEvent }
  | { readonly do: "overtake"; readonly barrier: Barrier }
  /** Numbered records until the channel is blocked or `limit` of them were written. */
  | { readonly do: "fill"; readonly from: number; readonly limit: number }
  | { readonly do: "flush" }
  | { readonly do: "flushIfDrained" }
  | { readonly do: "close" };

/** What the writer's listener was told. */
export type Told = "blocked" | "unblocked" | "drained" | `failed ${string}`;

/** How things stand after the steps. */
export interface WriterReport {
  readonly blocked: boolean;
  readonly backlog: number;
  /** The answers of `flush` and `flushIfDrained`, in order. */
  readonly flushed: readonly boolean[];
  /** Records written by `fill`. */
  readonly filled: number;
  /** Code of the error that ended the steps. */
  readonly error: string | undefined;
  /** What barriers have overtaken on this side. */
  readonly unsent: readonly Item[];
  /** Checkpoints whose barriers wait on this side, of those that were asked for in the last run. */
  readonly holds: readonly number[];
  /** What the listener was told since the report before. */
  readonly told: readonly Told[];
}

/** What a consumer's end has read. */
export type Item =
  | { readonly record: unknown; readonly timestamp: Timestamp }
  | { readonly watermark: Timestamp }
  | { readonly event: ChannelEvent }
  | { readonly failed: string };

/** What a capture has copied. */
export interface Captured {
  readonly items: readonly Item[];
  readonly ended: boolean;
}

export interface WriterRemote {
  run(steps: readonly WriterStep[]): Promise<WriterReport>;
  /** Resolved as soon as the listener has been told; nobody polls meanwhile. What was told before the last report doesn't count. */
  told(what: Told): Promise<void>;
}

export interface ReaderRemote {
  /** What can be read at once, at most `limit` items; may stop in the middle of a frame. */
  read(limit?: number): Promise<readonly Item[]>;
  /** Resolved as soon as there is something at the head; nobody polls meanwhile. */
  readable(): Promise<void>;
  /** The checkpoint of the next barrier that the reader is told of, and was not reported yet; nobody polls meanwhile. */
  overtaken(): Promise<number>;
  capture(checkpointId: number): Promise<void>;
  stopCapture(): Promise<void>;
  /** What the last capture has copied so far, after the slot was polled. */
  captured(): Promise<Captured>;
  close(): Promise<void>;
}

/** Some channels, all from one slot to another. */
export interface ChannelRig {
  readonly writers: readonly WriterRemote[];
  readonly readers: readonly ReaderRemote[];
  dispose(): Promise<void>;
}

/** Makes a rig with this many channels. */
export type RigFactory = (channels: number) => ChannelRig | Promise<ChannelRig>;
