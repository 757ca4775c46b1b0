import type { Clock } from "../../../../common/clock/clock.ts";
import { formatDuration } from "../../../../common/config/parse-value.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { slotId } from "../../../../common/ids/ids.ts";
import { fromEnvelope } from "../../../../protocol/control/error-envelope.ts";
import type { FromSlot } from "../../../../protocol/control/messages.ts";
import type {
  FromJobMaster,
  GrantedSlot,
  ToJobMaster,
} from "../../../../protocol/cluster/job-master-messages.ts";
import { decodeMessage } from "../../../../protocol/cluster/slot-message-codec.ts";
import type { OpenedSlot, SlotProvider, SlotsRequest } from "../units/slot-provider.ts";
import { PortSlot } from "./port-slot.ts";

/** Messages of the main thread that are about slots. */
export type SlotsMessage = Extract<
  ToJobMaster,
  { readonly type: "slotsOpened" | "slotsRefused" | "slotMessage" | "slotGone" }
>;

/** How a JobMaster's thread speaks with the main thread. */
export type SendToMain = (message: FromJobMaster, transfer?: readonly ArrayBuffer[]) => void;

/** A request for slots that was not answered yet. */
interface Pending {
  readonly count: number;
  readonly since: number;
  readonly answer: PromiseWithResolvers<readonly OpenedSlot[]>;
}

/** Slots of TaskManagers, which the main thread of the JobManager opens, and to which it passes messages on without looking into them. */
export class PortSlots implements SlotProvider {
  readonly #send: SendToMain;
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  /** Those that are not gone, by allocation. */
  readonly #slots = new Map<number, PortSlot>();
  #nextRequest = 1;

  constructor(send: SendToMain, clock: Clock) {
    this.#send = send;
    this.#clock = clock;
  }

  /** What is waited for: slots in all, and since when (monotonic, ms); undefined where nothing is. */
  get waiting(): { readonly slots: number; readonly since: number } | undefined {
    if (this.#pending.size === 0) return undefined;
    const all = [...this.#pending.values()];
    return {
      slots: all.reduce((sum, { count }) => sum + count, 0),
      since: Math.min(...all.map(({ since }) => since)),
    };
  }

  prepare(count: number): void {
    if (count > 0) this.#send({ type: "prepareSlots", count });
  }

  want(least: number, most: number): void {
    this.#send({ type: "wantSlots", least, most });
  }

  async open(request: SlotsRequest): Promise<readonly OpenedSlot[]> {
    const { token, jobName, count, firstSlot, channels, networkMemory, abandoned } = request;
    const number = this.#nextRequest++;
    const answer = Promise.withResolvers<readonly OpenedSlot[]>();
    this.#pending.set(number, { count, since: this.#clock.monotonic(), answer });
    abandoned?.addEventListener("abort", () => this.#forget(number), { once: true });
    this.#send({
      type: "openSlots",
      request: number,
      token,
      jobName,
      count,
      firstSlot,
      channels: channels.map(({ id, producerSlot, consumerSlot }) => ({ id, producerSlot, consumerSlot })),
      networkMemory,
    });
    return answer.promise;
  }

  /** Something about slots has come. Never throws. */
  receive(message: SlotsMessage): void {
    switch (message.type) {
      case "slotsOpened":
        return this.#opened(message.request, message.slots);
      case "slotsRefused":
        return this.#take(message.request, ({ answer, since }) =>
          answer.reject(this.#refusal(fromEnvelope(message.error), since)),
        );
      case "slotMessage":
        return this.#message(message.allocation, message.bytes);
      default: {
        const slot = this.#slots.get(message.allocation);
        this.#slots.delete(message.allocation);
        return slot?.isGone(message.error === undefined ? undefined : fromEnvelope(message.error));
      }
    }
  }

  /** Settles when all slots are gone. */
  async close(): Promise<void> {
    for (const request of this.#pending.keys()) this.#forget(request);
    await Promise.all([...this.#slots.values()].map((slot) => slot.close()));
  }

  #opened(request: number, granted: readonly GrantedSlot[]): void {
    const slots = granted.map(({ allocation, slotId: id, taskManagerId, endpoint }) => {
      const connection = new PortSlot(allocation, this.#send);
      this.#slots.set(allocation, connection);
      return { connection, location: { slotId: slotId(id), taskManagerId, endpoint }, exchange: undefined };
    });
    const pending = this.#pending.get(request);
    // Nobody waits for them any more: the main thread had sent them before it heard of it.
    if (pending === undefined) for (const { connection } of slots) void connection.close();
    else this.#take(request, ({ answer }) => answer.resolve(slots));
  }

  #message(allocation: number, bytes: Uint8Array): void {
    const slot = this.#slots.get(allocation);
    if (slot === undefined) return;
    let message: FromSlot;
    try {
      message = decodeMessage<FromSlot>(bytes);
    } catch (error) {
      // A slot that can't be understood is of no use.
      slot.broken(error as Error);
      return;
    }
    slot.receive(message);
  }

  #forget(request: number): void {
    this.#take(request, ({ answer }) => {
      this.#send({ type: "forgetSlots", request });
      answer.reject(new MillraceError("NO_SLOTS", "nobody waits for these slots any more"));
    });
  }

  #take(request: number, then: (pending: Pending) => void): void {
    const pending = this.#pending.get(request);
    this.#pending.delete(request);
    if (pending !== undefined) then(pending);
  }

  #refusal(error: Error, since: number): Error {
    if (!MillraceError.is(error, "NO_SLOTS")) return error;
    const waited = Math.round(this.#clock.monotonic() - since);
    const { help, details } = error;
    return new MillraceError("NO_SLOTS", `${error.message} (waited ${formatDuration(waited)})`, {
      cause: error,
      retryable: true,
      details,
      ...(help === undefined ? {} : { help }),
    });
  }
}
