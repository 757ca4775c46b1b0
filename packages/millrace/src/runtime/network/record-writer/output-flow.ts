import type { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { Flow } from "../../operators/flow.ts";
import type { ChannelWriterListener } from "../channel.ts";

/** Whom an OutputFlow tells: the task. */
export interface OutputFlowListener {
  /** The first channel became blocked, or the last one got room. May be called while a record is emitted. */
  onBlockedChange(blocked: boolean): void;
  /** A channel on which `flushIfDrained` could not send has been drained. */
  onDrained(): void;
  /** A channel has failed, and the task with it. */
  onFailed(error: MillraceError): void;
}

/**
 * Room behind a task: blocked as long as any channel of any of its outputs is. It is the listener of all channel writers of
 * the task, whichever edge they belong to.
 */
export class OutputFlow implements Flow, ChannelWriterListener {
  /** Plain, because it is read after each emitted record. */
  blocked = false;
  /** Set by the task before its first record. */
  listener: OutputFlowListener | undefined;
  #blockedChannels = 0;

  onBlockedChange(blocked: boolean): void {
    this.#blockedChannels += blocked ? 1 : -1;
    const now = this.#blockedChannels > 0;
    if (now === this.blocked) return;
    this.blocked = now;
    this.listener?.onBlockedChange(now);
  }

  onDrained(): void {
    this.listener?.onDrained();
  }

  onFailed(error: MillraceError): void {
    this.listener?.onFailed(error);
  }
}
