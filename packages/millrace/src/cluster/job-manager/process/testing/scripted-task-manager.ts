import { SystemClock } from "../../../../common/clock/system-clock.ts";
import type { JobManagerConnection } from "../../../../protocol/cluster/connection.ts";
import {
  CLUSTER_VERSION,
  type OpenSlots,
  type ToTaskManager,
} from "../../../../protocol/cluster/resource-messages.ts";
import { engineVersion } from "../../../engine-version.ts";
import { connectToJobManager } from "../../../transport/connect-to-job-manager.ts";

/** A TaskManager over a real connection that opens what it is asked for, and nothing in it. */
export class ScriptedTaskManager {
  readonly connection: JobManagerConnection;
  readonly orders: OpenSlots[] = [];
  readonly slotMessages: { readonly allocation: number; readonly text: string }[] = [];
  readonly closed: Promise<void>;
  /** Whether slots are closed at once. */
  closes = true;
  /** Slots that are to be closed, and are not yet. */
  readonly closing: number[] = [];
  epoch = 0;
  #registered = Promise.withResolvers<ToTaskManager>();

  private constructor(connection: JobManagerConnection) {
    this.connection = connection;
    connection.onMessage = (message) => this.#take(message);
    connection.onSlotMessage = (allocation, bytes) =>
      this.slotMessages.push({ allocation, text: Buffer.from(bytes).toString() });
    const { promise, resolve } = Promise.withResolvers<void>();
    connection.onClose = () => resolve();
    this.closed = promise;
  }

  static async register(
    port: number,
    taskManagerId: string,
    slots: number,
    more: { readonly version?: string; readonly token?: string } = {},
  ): Promise<{ readonly taskManager: ScriptedTaskManager; readonly answer: ToTaskManager }> {
    const taskManager = new ScriptedTaskManager(
      await connectToJobManager({
        host: "127.0.0.1",
        port,
        token: more.token,
        tls: undefined,
        clock: new SystemClock(),
        log: () => {},
      }),
    );
    taskManager.connection.send({
      type: "register",
      version: CLUSTER_VERSION,
      description: {
        taskManagerId,
        host: "127.0.0.1",
        dataPort: 4000,
        slots,
        hardware: { cpuCores: 1, physicalMemory: 1e9, slotHeap: undefined, networkMemory: 1e6 },
        engineVersion: more.version ?? engineVersion(),
        pid: 1,
        startedAt: 0,
      },
    });
    return { taskManager, answer: await taskManager.#registered.promise };
  }

  /** Closes the slots that are to be closed. */
  close(): void {
    for (const allocation of this.closing.splice(0))
      this.connection.send({ type: "slotGone", allocation, error: undefined });
  }

  say(allocation: number, text: string): void {
    this.connection.sendToSlot(allocation, Buffer.from(text));
  }

  #take(message: ToTaskManager): void {
    switch (message.type) {
      case "registered":
        this.epoch = message.epoch;
        return this.#registered.resolve(message);
      case "refused":
        return this.#registered.resolve(message);
      case "openSlots":
        this.orders.push(message);
        return this.connection.send({ type: "slotsOpened", request: message.request });
      case "closeSlot":
        this.closing.push(message.allocation);
        return this.closes ? this.close() : undefined;
      case "heartbeat":
        return this.connection.send({
          type: "heartbeat",
          health: { residentMemory: 1, heapUsed: 1, cpuLoad: 0, eventLoopLag: 0 },
        });
      case "ask":
        return this.connection.send({ type: "answer", request: message.request, answer: { asked: 1 } });
      case "shutdown":
        return this.connection.close();
      case "prepareSlots":
      case "forgetJob":
        return undefined;
    }
  }
}
