import type { ElementCursor } from "../../common/codec/frame-codec.ts";
import type { MillraceError } from "../../common/errors/millrace-error.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { Barrier, ChannelEvent } from "../../protocol/channel-event.ts";
import type { InFlightSink } from "./in-flight-sink.ts";

/**
 * The two ends of a channel, from one subtask to another. Implementations: a queue of objects within a slot (`local`), frames in shared
 * memory between slots (`ring`): between slots of two processes as well, whose main threads carry the frames over TCP (`tcp`). One suite
 * tests them all.
 *
 * What both ends rely on: elements and events arrive exactly once, in order, or the channel fails at both ends.
 * Credit belongs to the channel (correctness rule 1): a full or blocked channel never keeps another one waiting.
 *
 * A barrier can overtake (correctness rule 23). Elements then belong to three parties, each of which saves its own, once: what the task in
 * front has processed is in its state; what was handed over to the consumer and stands in front of the barrier is saved by the consumer's
 * end (`capture`); what still waits at the producer's end is saved by that (`overtake`). Elements alone are saved. Events that were
 * overtaken are not lost, because a restored producer says them again, as after an aligned checkpoint: idle and active when it finds
 * out, the end of data when it ends again; latency markers and cancelled barriers mean nothing to a new attempt.
 */

/** The producer's end. Used by one task, on its thread. */
export interface ChannelWriter {
  /**
   * Appends a record. Always taken: what finds no room goes into a spill, which is counted, and bounded because the task stops
   * once `blocked` is true; only what a single call of a user function still emits can get there.
   */
  record(value: unknown, timestamp: Timestamp): void;
  watermark(watermark: Timestamp): void;
  /** Ends the frame under construction, which leaves before the event. Room for events is reserved. */
  event(event: ChannelEvent): void;
  /**
   * Puts the barrier of an unaligned checkpoint in front of everything that has not been handed over to the receiver, and tells the receiver
   * of it at once, whatever that has still to read. Needs no credit. What has not been handed over goes to `unsent` (in order, before
   * the call returns) and leaves after the barrier. A record of which only a part was handed over is unsent as a whole.
   *
   * Also for a barrier that was put in line by `event` before: where it still waits on this side it moves to the front, as above. Where it
   * was handed over it stays where it is, nothing is unsent, and the receiver is told.
   *
   * Called at most once for a checkpoint, for one after the other: who calls it for a newer one has given up the older one.
   */
  overtake(barrier: Barrier, unsent: InFlightSink): void;
  /** Whether the barrier of this checkpoint was put in line and still waits on this side. */
  holdsBarrier(checkpointId: number): boolean;
  /** No room for a further frame. Changes are told to the writer's listener. */
  readonly blocked: boolean;
  /**
   * Sends the partial frame if there is room and the receiver has taken everything before it (flush on idle); otherwise asks to be
   * woken when it has. Returns whether nothing is left unsent.
   */
  flushIfDrained(): boolean;
  /** Sends the partial frame if there is room for a frame (buffer timeout). Returns whether nothing is left unsent. */
  flush(): boolean;
  /** Bytes (or for local channels: elements) that wait on this side, the spill included. For metrics and tests. */
  readonly backlog: number;
  /** Bytes of data frames that were handed over, counted once for each frame; 0 for local channels, which make no bytes. For metrics. */
  readonly bytesSent: number;
  /** After `endOfPartition` an orderly end; before it the consumer fails with CHANNEL_CLOSED. */
  close(): void;
}

/** Who is told by a writer. */
export interface ChannelWriterListener {
  /**
   * `blocked` changed. Called from the slot's poll, or inside any call of the writer: a task that is told within `flushIfDrained`
   * that there is room again must not fall asleep.
   */
  onBlockedChange(blocked: boolean): void;
  /** The receiver has drained the channel, and `flushIfDrained` had asked to be told. */
  onDrained(): void;
  /**
   * The channel has failed (CHANNEL_CLOSED, PROTOCOL_VIOLATION): whoever waits must not wait any longer. Every further call
   * but `close` throws the same error. Told once, when `blocked` is already false.
   */
  onFailed(error: MillraceError): void;
}

/** What the consumer finds at the head of a channel. */
export type Head =
  | "none"
  /** A data frame: walk `cursor`, then call `release`. */
  | "data"
  /** An event: `takeEvent`. */
  | "event";

/** The consumer's end. Used by one task, on its thread. */
export interface InputChannel {
  /** Position in the task's input gate. */
  readonly index: number;
  /** Which input of the head operator it feeds. */
  readonly input: 0 | 1;
  /**
   * What can be read next. Throws when the channel has failed (CHANNEL_CLOSED: the producer went away before its end of
   * partition; PROTOCOL_VIOLATION), after everything that arrived before was read.
   */
  head(): Head;
  /**
   * The elements of the data frame at the head; the same object for as long as that frame is, and nearly always for the channel's life.
   * It may be left in the middle; it stands where it was left.
   */
  readonly cursor: ElementCursor<unknown>;
  /** Gives back the frame at the head, whose cursor has reached its END; the credit returns to the producer. */
  release(): void;
  /** A barrier that has overtaken is found here like any other, between the elements that it stands between. */
  takeEvent(): ChannelEvent;
  /** Frames that wait at the head and behind it (for local channels: elements). For metrics. */
  readonly queued: number;
  /** Bytes of data that came to the head so far, counted once for each frame; 0 for local channels. For metrics. */
  readonly bytesReceived: number;
  /**
   * Called when `head()` changes from "none", also to an error that it throws; set by the gate. Not called while the reader is at
   * it: who has released a frame or taken an event asks `head()` again.
   */
  onReadable: (() => void) | undefined;
  /**
   * Called when the producer lets a barrier overtake, wherever that stands in the channel; set by the task. Not called within calls of the
   * reader, so elements and the barrier itself may be taken before; of two barriers in a row only the later one may be told of, and
   * found.
   */
  onOvertaken: ((barrier: Barrier) => void) | undefined;
  /**
   * Copies into `sink`, without taking it, what stands in front of the barrier of this checkpoint (or of a later one, or of the end of
   * partition): at once what is here, the rest of the frame at the head included; what is still to come when it comes. Says `end` as soon as
   * it is known that this was all, perhaps within the call; at once for a channel that was closed, never for one that has failed. One
   * capture at a time: a second call gives up the first.
   */
  capture(checkpointId: number, sink: InFlightSink): void;
  /** Gives up the capture, if there is one: its sink hears nothing more, not even `end`. */
  stopCapture(): void;
  /** Drops what is left. A producer that has more to send fails with CHANNEL_CLOSED. */
  close(): void;
}
