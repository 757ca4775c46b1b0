import { ElementKind } from "../../../common/codec/frame-codec.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { unreachable } from "../../../common/errors/unreachable.ts";
import type { ChannelWriter, ChannelWriterListener, Head, InputChannel } from "../channel.ts";
import type { InFlightSink } from "../in-flight-sink.ts";
import type { SlotNetwork } from "../slot-network.ts";
import type {
  Captured,
  Item,
  ReaderRemote,
  Told,
  WriterRemote,
  WriterReport,
  WriterStep,
} from "./channel-rig.ts";
import { Overtaken } from "./overtaken.ts";

/** A slot as the rigs have it: asleep whenever nobody uses it. */
export class RigSlot {
  readonly #network: SlotNetwork;

  constructor(network: SlotNetwork) {
    this.#network = network;
    this.#sleep();
  }

  /** Does something while awake. */
  awake<T>(work: () => T): T {
    this.#network.wokeUp();
    try {
      this.#network.poll();
      return work();
    } finally {
      this.#sleep();
    }
  }

  /** The bell rang. */
  readonly ring = (): void => this.awake(() => undefined);

  #sleep(): void {
    while (!this.#network.prepareToSleep()) this.#network.poll();
  }
}

/** Answers promises once a condition holds. */
class Waiters {
  #waiting: { readonly met: () => boolean; readonly resolve: () => void }[] = [];

  wait(met: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ met, resolve });
      this.check();
    });
  }

  check(): void {
    this.#waiting = this.#waiting.filter(({ met, resolve }) => {
      if (!met()) return true;
      resolve();
      return false;
    });
  }
}

/** The listener of one writer: remembers what it was told. */
export class ToldListener implements ChannelWriterListener {
  #told: Told[] = [];
  readonly #waiters = new Waiters();

  onBlockedChange(blocked: boolean): void {
    this.#add(blocked ? "blocked" : "unblocked");
  }

  onDrained(): void {
    this.#add("drained");
  }

  onFailed(error: MillraceError): void {
    this.#add(`failed ${error.code}`);
  }

  take(): readonly Told[] {
    const told = this.#told;
    this.#told = [];
    return told;
  }

  until(what: Told): Promise<void> {
    return this.#waiters.wait(() => this.#told.includes(what));
  }

  #add(what: Told): void {
    this.#told.push(what);
    this.#waiters.check();
  }
}

/** A producer's end, on its own thread. */
export class WriterEnd implements WriterRemote {
  readonly #slot: RigSlot;
  readonly #writer: ChannelWriter;
  readonly #listener: ToldListener;

  constructor(slot: RigSlot, writer: ChannelWriter, listener: ToldListener) {
    this.#slot = slot;
    this.#writer = writer;
    this.#listener = listener;
  }

  async run(steps: readonly WriterStep[]): Promise<WriterReport> {
    const flushed: boolean[] = [];
    const unsent = new Overtaken();
    let filled = 0;
    let error: string | undefined;
    this.#slot.awake(() => {
      try {
        for (const step of steps) filled += this.#step(step, flushed, unsent);
      } catch (thrown) {
        error = codeOf(thrown);
      }
    });
    const { blocked, backlog } = this.#writer;
    const holds = steps.flatMap((step) =>
      step.do === "event" &&
      step.event.kind === "barrier" &&
      this.#writer.holdsBarrier(step.event.checkpointId)
        ? [step.event.checkpointId]
        : [],
    );
    const { items } = unsent;
    return { blocked, backlog, flushed, filled, unsent: items, holds, error, told: this.#listener.take() };
  }

  told(what: Told): Promise<void> {
    return this.#listener.until(what);
  }

  #step(step: WriterStep, flushed: boolean[], unsent: InFlightSink): number {
    const writer = this.#writer;
    switch (step.do) {
      case "record":
        writer.record(step.value, step.timestamp);
        return 0;
      case "watermark":
        writer.watermark(step.watermark);
        return 0;
      case "event":
        writer.event(step.event);
        return 0;
      case "overtake":
        writer.overtake(step.barrier, unsent);
        return 0;
      case "fill": {
        let filled = 0;
        for (; filled < step.limit && !writer.blocked; filled++) {
          const n = step.from + filled;
          writer.record({ n, text: `record ${n}` }, n);
        }
        return filled;
      }
      case "flush":
        flushed.push(writer.flush());
        return 0;
      case "flushIfDrained":
        flushed.push(writer.flushIfDrained());
        return 0;
      case "close":
        writer.close();
        return 0;
      default:
        return unreachable(step, "step");
    }
  }
}

/** A consumer's end, on its own thread. */
export class ReaderEnd implements ReaderRemote {
  readonly #slot: RigSlot;
  readonly #channel: InputChannel;
  readonly #waiters = new Waiters();
  #overtaken: number[] = [];
  #captured = new Overtaken();

  constructor(slot: RigSlot, channel: InputChannel) {
    this.#slot = slot;
    this.#channel = channel;
    channel.onReadable = () => this.#waiters.check();
    channel.onOvertaken = ({ checkpointId }) => {
      this.#overtaken.push(checkpointId);
      this.#waiters.check();
    };
  }

  async read(limit = Infinity): Promise<readonly Item[]> {
    const items: Item[] = [];
    this.#slot.awake(() => {
      while (items.length < limit && this.#readHead(items, limit));
    });
    return items;
  }

  readable(): Promise<void> {
    return this.#waiters.wait(() => this.#head() !== "none");
  }

  async overtaken(): Promise<number> {
    await this.#waiters.wait(() => this.#overtaken.length > 0);
    return this.#overtaken.shift() as number;
  }

  async capture(checkpointId: number): Promise<void> {
    this.#captured = new Overtaken();
    this.#slot.awake(() => this.#channel.capture(checkpointId, this.#captured));
  }

  async stopCapture(): Promise<void> {
    this.#slot.awake(() => this.#channel.stopCapture());
  }

  async captured(): Promise<Captured> {
    this.#slot.awake(() => undefined);
    const { items, ended } = this.#captured;
    return { items: [...items], ended };
  }

  async close(): Promise<void> {
    this.#slot.awake(() => this.#channel.close());
  }

  #readHead(items: Item[], limit: number): boolean {
    const head = this.#head();
    if (typeof head === "object") {
      items.push(head);
      return false;
    }
    if (head === "none") return false;
    if (head === "event") items.push({ event: this.#channel.takeEvent() });
    else this.#readFrame(items, limit);
    return true;
  }

  #readFrame(items: Item[], limit: number): void {
    const { cursor } = this.#channel;
    while (items.length < limit) {
      const kind = cursor.next();
      if (kind === ElementKind.END) {
        this.#channel.release();
        return;
      }
      const { timestamp } = cursor;
      items.push(
        kind === ElementKind.RECORD ? { record: cursor.value, timestamp } : { watermark: timestamp },
      );
    }
  }

  #head(): Head | Item {
    try {
      return this.#channel.head();
    } catch (thrown) {
      return { failed: codeOf(thrown) };
    }
  }
}

function codeOf(thrown: unknown): string {
  return MillraceError.is(thrown) ? thrown.code : String(thrown);
}
