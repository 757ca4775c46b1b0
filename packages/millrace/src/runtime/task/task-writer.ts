import type { ChannelEvent } from "../../protocol/channel-event.ts";
import type { Output } from "../operators/operator.ts";

/** A writer at the end of a chain, as its task sees it: all channels of one output edge. */
export interface TaskWriter extends Output<unknown> {
  /** To every channel. */
  event(event: ChannelEvent): void;
  /** No channel, or not every channel, has room. */
  readonly blocked: boolean;
  flushIfDrained(): boolean;
  flush(): boolean;
  /** What waits on this side. */
  readonly backlog: number;
  readonly recordsOut: number;
  close(): void;
}
