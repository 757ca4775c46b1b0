import { MessageChannel, Worker } from "node:worker_threads";
import type { MessagePort, Transferable } from "node:worker_threads";
import { planRings } from "../ring/plan-rings.ts";
import { ringsOfSlot } from "../ring/ring-descriptor.ts";
import type { RingDescriptor } from "../ring/ring-descriptor.ts";
import type { ChannelRig, ReaderRemote, WriterRemote } from "./channel-rig.ts";
import type { RingRigOptions } from "./ring-rig.ts";
import type { RingWorkerAnswer, RingWorkerMessage } from "./ring-worker.ts";

/** A slot's part of an exchange. */
export interface SlotPart {
  readonly rings: RingDescriptor;
  readonly bell: MessagePort;
}

type Unnumbered<M> = M extends unknown ? Omit<M, "call"> : never;

/** A worker that answers calls in any order. */
class CalledWorker {
  readonly #worker = new Worker(new URL("./ring-worker.ts", import.meta.url));
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  #calls = 0;

  constructor() {
    this.#worker.on("message", ({ call, value, error }: RingWorkerAnswer) => {
      const pending = this.#pending.get(call);
      this.#pending.delete(call);
      if (error === undefined) pending?.resolve(value);
      else pending?.reject(error);
    });
    this.#worker.on("error", (error) => {
      for (const pending of this.#pending.values()) pending.reject(error);
    });
  }

  call(message: Unnumbered<RingWorkerMessage>, transfer: readonly Transferable[] = []): Promise<unknown> {
    const call = this.#calls++;
    const answer = Promise.withResolvers<unknown>();
    this.#pending.set(call, answer);
    this.#worker.postMessage({ ...message, call }, transfer);
    return answer.promise;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Two worker threads, between which rigs are made one after the other. */
export class RingThreads {
  readonly #producer = new CalledWorker();
  readonly #consumer = new CalledWorker();

  /** Channels from a slot in one thread to a slot in the other. */
  async rig({ channels, poolBytes }: RingRigOptions): Promise<ChannelRig> {
    const ids = Array.from({ length: channels }, (_, id) => id);
    const rings = planRings({
      slots: 2,
      attempt: 1,
      poolBytes,
      channels: ids.map((id) => ({ id, producerSlot: 0, consumerSlot: 1 })),
    });
    const { port1, port2 } = new MessageChannel();
    return this.open(ids, [
      { rings: ringsOfSlot(rings, 0), bell: port1 },
      { rings: ringsOfSlot(rings, 1), bell: port2 },
    ]);
  }

  /** Slot 0 in one thread and slot 1 in the other, with what each of them has of the rings, and the line to who shares them with it. */
  async open(ids: readonly number[], [from, to]: readonly [SlotPart, SlotPart]): Promise<ChannelRig> {
    await Promise.all([
      this.#producer.call({ kind: "open", slot: 0, ...from }, [from.bell]),
      this.#consumer.call({ kind: "open", slot: 1, ...to }, [to.bell]),
    ]);
    return {
      writers: ids.map((id) => writer(this.#producer, id)),
      readers: ids.map((id) => reader(this.#consumer, id)),
      dispose: async () => {
        await this.#producer.call({ kind: "dispose" });
        await this.#consumer.call({ kind: "dispose" });
      },
    };
  }

  async end(): Promise<void> {
    await Promise.all([this.#producer.end(), this.#consumer.end()]);
  }
}

function writer(worker: CalledWorker, channel: number): WriterRemote {
  const call = (method: keyof WriterRemote, argument: unknown): Promise<unknown> =>
    worker.call({ kind: "call", channel, method, argument });
  return {
    run: (steps) => call("run", steps) as ReturnType<WriterRemote["run"]>,
    told: (what) => call("told", what) as Promise<void>,
  };
}

function reader(worker: CalledWorker, channel: number): ReaderRemote {
  const call = (method: keyof ReaderRemote, argument?: unknown): Promise<unknown> =>
    worker.call({ kind: "call", channel, method, argument });
  return {
    read: (limit) => call("read", limit) as ReturnType<ReaderRemote["read"]>,
    readable: () => call("readable") as Promise<void>,
    overtaken: () => call("overtaken") as Promise<number>,
    capture: (checkpointId) => call("capture", checkpointId) as Promise<void>,
    stopCapture: () => call("stopCapture") as Promise<void>,
    captured: () => call("captured") as ReturnType<ReaderRemote["captured"]>,
    close: () => call("close") as Promise<void>,
  };
}
