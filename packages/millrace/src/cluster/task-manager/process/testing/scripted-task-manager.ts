import { createHash } from "node:crypto";
import { slotId } from "../../../../common/ids/ids.ts";
import type { TaskManagerConnection } from "../../../../protocol/cluster/connection.ts";
import type {
  ArtifactReference,
  FromTaskManager,
  OpenSlots,
  TaskManagerDescription,
  TaskManagerQuestion,
  ToTaskManager,
} from "../../../../protocol/cluster/resource-messages.ts";
import { decodeMessage, encodeMessage } from "../../../../protocol/cluster/slot-message-codec.ts";
import { fromEnvelope } from "../../../../protocol/control/error-envelope.ts";
import type { FromSlot, ToSlot } from "../../../../protocol/control/messages.ts";
import type { SlotConnection } from "../../../../protocol/control/control-transport.ts";
import type { SlotProvider, SlotsRequest } from "../../../job-manager/job-master/units/slot-provider.ts";

type Of<T extends FromTaskManager["type"]> = Extract<FromTaskManager, { readonly type: T }>;

/** What names an artifact's bytes. */
export const referenceTo = (bytes: Uint8Array, originalUrl = "file:///jobs/job.ts"): ArtifactReference => ({
  sha256: createHash("sha256").update(bytes).digest("hex"),
  bytes: bytes.length,
  originalUrl,
});

/** A TaskManager as a JobManager that does as it is told in a test sees it. */
export class ScriptedTaskManager {
  readonly connection: TaskManagerConnection;
  readonly description: TaskManagerDescription;
  readonly received: FromTaskManager[] = [];
  /** Settles when the connection is gone. */
  readonly lost: Promise<void>;
  readonly #slots = new Map<number, ScriptedSlotConnection>();
  readonly #waiting = new Set<() => void>();
  #numbered = 0;

  constructor(connection: TaskManagerConnection, description: TaskManagerDescription) {
    this.connection = connection;
    this.description = description;
    connection.onMessage = (message) => {
      this.received.push(message);
      if (message.type === "slotGone") this.#slots.get(message.allocation)?.gone(message);
      for (const look of this.#waiting) look();
    };
    connection.onSlotMessage = (allocation, bytes) => this.#slots.get(allocation)?.receive(bytes.slice());
    const { promise, resolve } = Promise.withResolvers<void>();
    this.lost = promise;
    connection.onClose = () => resolve();
  }

  send(message: ToTaskManager): void {
    this.connection.send(message);
  }

  /** The first message of the kind that fits, whether it has come already or comes. */
  async message<T extends FromTaskManager["type"]>(
    type: T,
    fits: (message: Of<T>) => boolean = () => true,
  ): Promise<Of<T>> {
    const find = (): Of<T> | undefined =>
      this.received.find((message): message is Of<T> => message.type === type && fits(message as Of<T>));
    const { promise, resolve } = Promise.withResolvers<Of<T>>();
    const look = (): void => {
      const found = find();
      if (found === undefined) return;
      this.#waiting.delete(look);
      resolve(found);
    };
    this.#waiting.add(look);
    look();
    return promise;
  }

  /** Asks for slots as the ResourceManager would; the answer, whichever it is. */
  async open(order: Omit<OpenSlots, "type" | "request">): Promise<Of<"slotsOpened"> | Of<"slotsRefused">> {
    const request = ++this.#numbered;
    this.send({ type: "openSlots", request, ...order });
    return Promise.race([
      this.message("slotsOpened", (answer) => answer.request === request),
      this.message("slotsRefused", (answer) => answer.request === request),
    ]);
  }

  /** The answer to a question. @throws what it was refused with */
  async ask(question: TaskManagerQuestion): Promise<unknown> {
    const request = ++this.#numbered;
    this.send({ type: "ask", request, question });
    const answer = await Promise.race([
      this.message("answer", (each) => each.request === request),
      this.message("refusal", (each) => each.request === request),
    ]);
    if (answer.type === "answer") return answer.answer;
    throw fromEnvelope(answer.error);
  }

  /** What a JobMaster gets its slots of. */
  slots(artifact: ArtifactReference): SlotProvider {
    return {
      prepare: (count) => this.send({ type: "prepareSlots", count }),
      open: async (request) => {
        const order = this.order(request, artifact);
        const connections = order.orders.map(({ allocation }) => {
          const slot = new ScriptedSlotConnection(allocation, this.connection);
          this.#slots.set(allocation, slot);
          return slot;
        });
        const answer = await this.open(order);
        if (answer.type === "slotsRefused") throw fromEnvelope(answer.error);
        return connections.map((connection, index) => ({
          connection,
          location: {
            slotId: slotId(`${this.description.taskManagerId}/${index}`),
            taskManagerId: this.description.taskManagerId,
            endpoint: `${this.description.host}:${this.description.dataPort}`,
          },
          exchange: undefined,
        }));
      },
    };
  }

  /** All slots of an attempt on this TaskManager. */
  order(
    { token, jobName, count, channels, networkMemory }: Omit<SlotsRequest, "firstSlot">,
    artifact: ArtifactReference,
  ): Omit<OpenSlots, "type" | "request"> {
    const first = (this.#numbered += count) - count;
    return {
      token,
      jobName,
      exchange: `${token.jobId}-${token.attempt}-${first}`,
      secret: "00".repeat(32),
      orders: Array.from({ length: count }, (_, slot) => ({
        allocation: first + slot,
        slot,
        slotId: slotId(`${this.description.taskManagerId}/${first + slot}`),
      })),
      slotCount: count,
      channels,
      incoming: Array.from(
        { length: count },
        (_, slot) => channels.filter(({ consumerSlot }) => consumerSlot === slot).length,
      ),
      peers: [],
      networkMemory,
      artifact,
    };
  }
}

class ScriptedSlotConnection implements SlotConnection {
  onMessage: ((message: FromSlot) => void) | undefined;
  onClose: ((error: Error | undefined) => void) | undefined;
  readonly #allocation: number;
  readonly #connection: TaskManagerConnection;
  readonly #gone = Promise.withResolvers<void>();
  #closing = false;

  constructor(allocation: number, connection: TaskManagerConnection) {
    this.#allocation = allocation;
    this.#connection = connection;
  }

  send(message: ToSlot): void {
    this.#connection.sendToSlot(this.#allocation, encodeMessage(message));
  }

  close(): Promise<void> {
    this.#closing = true;
    this.#connection.send({ type: "closeSlot", allocation: this.#allocation });
    return this.#gone.promise;
  }

  receive(bytes: Uint8Array): void {
    if (!this.#closing) this.onMessage?.(decodeMessage<FromSlot>(bytes));
  }

  gone({ error }: Of<"slotGone">): void {
    this.#gone.resolve();
    if (!this.#closing) this.onClose?.(error && fromEnvelope(error));
  }
}
