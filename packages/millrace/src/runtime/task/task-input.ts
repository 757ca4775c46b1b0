import { ElementKind } from "../../common/codec/frame-codec.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { unreachable } from "../../common/errors/unreachable.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { ChannelEvent } from "../../protocol/channel-event.ts";
import type { InputChannel } from "../network/channel.ts";
import type { InputGate } from "../network/input-gate.ts";
import { WatermarkValve } from "../network/watermark-valve.ts";
import type { Operator } from "../operators/operator.ts";
import type { Chain } from "./chain/chain-node.ts";
import { Drained } from "./chain/chain-node.ts";
import { deliverIdle, deliverWatermark } from "./chain/control-output.ts";
import type { TaskCheckpoints } from "./task-checkpoints.ts";
import type { TaskFlow } from "./task-flow.ts";

/** What a task's input is made of. */
export interface TaskInputParts {
  readonly gate: InputGate;
  readonly chain: Chain;
  readonly flow: TaskFlow;
  readonly checkpoints: TaskCheckpoints;
  operators(): readonly Operator[];
  /** To all tasks behind. */
  emit(event: ChannelEvent): void;
  /** The data of all channels has ended. `drained`: whether all of it was sent, the final watermark included. */
  dataEnded(drained: boolean): void;
}

/** What comes through a task's channels: records into its chain, watermarks and idleness combined, events to whom they concern. */
export class TaskInput {
  readonly #parts: TaskInputParts;
  readonly #valve: WatermarkValve;
  /** Channels that have not yet said that their data ended, by input. */
  readonly #openData: [number, number] = [0, 0];
  /** Channels whose last event has not come. */
  #open: number;
  #drained = true;

  constructor(parts: TaskInputParts) {
    this.#parts = parts;
    const { channels } = parts.gate;
    this.#valve = new WatermarkValve(channels.length);
    this.#open = channels.length;
    for (const channel of channels) this.#openData[channel.input]++;
  }

  /** Whether nothing more comes. */
  get ended(): boolean {
    return this.#open === 0;
  }

  /** The watermark over all channels. */
  get watermark(): Timestamp {
    return this.#valve.watermark;
  }

  /** One step: some records of a channel, or an event. Whether anything was there. @param batch records at most */
  take(batch: number): boolean {
    const { gate } = this.#parts;
    const channel = gate.next();
    if (channel === undefined) return false;
    if (channel.head() === "data") this.#data(channel, batch);
    else this.#event(channel, channel.takeEvent());
    gate.again(channel);
    return true;
  }

  /** One step of a task whose data has ended: events only. Whether anything was there. */
  takeEvent(): boolean {
    const { gate } = this.#parts;
    const channel = gate.next();
    if (channel === undefined) return false;
    if (channel.head() === "data") skip(channel);
    else this.#lateEvent(channel, channel.takeEvent());
    gate.again(channel);
    return true;
  }

  #data(channel: InputChannel, batch: number): void {
    const { chain, flow } = this.#parts;
    for (;;) {
      const drained = chain.drain(channel.input, channel.cursor, batch);
      if (drained === Drained.WATERMARK) {
        if (this.#valve.advance(channel.index, channel.cursor.timestamp)) this.#forwardWatermark();
        if (flow.input.blocked) return;
        continue;
      }
      if (drained === Drained.END) channel.release();
      return;
    }
  }

  #event(channel: InputChannel, event: ChannelEvent): void {
    switch (event.kind) {
      case "idle":
      case "active":
        this.#idle(channel.index, event.kind === "idle");
        return;
      case "latencyMarker":
        this.#parts.emit(event);
        return;
      case "endOfData":
        this.#endOfData(channel, event.drained);
        return;
      case "barrier":
      case "cancelBarrier":
      case "endOfPartition":
        this.#lateEvent(channel, event);
        return;
      default:
        unreachable(event, "channel event");
    }
  }

  /** What still has a meaning when the task's data has ended. */
  #lateEvent(channel: InputChannel, event: ChannelEvent): void {
    const { checkpoints } = this.#parts;
    switch (event.kind) {
      case "barrier":
        return checkpoints.barrier(channel.index, event);
      case "cancelBarrier":
        return checkpoints.cancelBarrier(channel.index, event.checkpointId);
      case "endOfPartition":
        this.#open--;
        channel.close();
        return checkpoints.endOfChannel(channel.index);
      default:
    }
  }

  #idle(index: number, idle: boolean): void {
    const before = this.#valve.idle;
    this.#forward(before, this.#valve.setIdle(index, idle));
  }

  #endOfData(channel: InputChannel, drained: boolean): void {
    const before = this.#valve.idle;
    if (drained) this.#forward(before, this.#valve.end(channel.index));
    else this.#drained = false;
    this.#parts.chain.enter(0);
    // Without the final watermark the input was stopped, not ended.
    if (--this.#openData[channel.input] === 0 && this.#drained)
      this.#parts.operators()[0]?.endInput?.(channel.input);
    if (this.#openData[0] === 0 && this.#openData[1] === 0) this.#parts.dataEnded(this.#drained);
  }

  /** Says what the valve has changed. A watermark goes before "idle" and after "active": who is idle has none to send. */
  #forward(wasIdle: boolean, raised: boolean): void {
    const { chain } = this.#parts;
    const operators = this.#parts.operators();
    const { idle } = this.#valve;
    chain.enter(0);
    if (wasIdle && !idle) deliverIdle(0, false, operators, chain.outputs);
    if (raised) this.#forwardWatermark();
    if (!wasIdle && idle) deliverIdle(0, true, operators, chain.outputs);
  }

  #forwardWatermark(): void {
    const { chain } = this.#parts;
    deliverWatermark(0, this.#valve.watermark, this.#parts.operators(), chain.outputs, (node) =>
      chain.enter(node),
    );
  }
}

/** Behind the end of all data only the last watermark may stand. */
function skip(channel: InputChannel): void {
  const { cursor } = channel;
  for (let kind = cursor.next(); kind !== ElementKind.END; kind = cursor.next()) {
    if (kind === ElementKind.RECORD) {
      throw new MillraceError(
        "PROTOCOL_VIOLATION",
        `channel ${channel.index} brought a record after the data of its task had ended`,
      );
    }
  }
  channel.release();
}
