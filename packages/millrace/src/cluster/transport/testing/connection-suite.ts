import { afterEach, describe, expect, it } from "vitest";
import type { JobManagerConnection, TaskManagerConnection } from "../../../protocol/cluster/connection.ts";
import type { FromTaskManager, ToTaskManager } from "../../../protocol/cluster/resource-messages.ts";

/** A connection under test. */
export interface TestedConnection {
  readonly taskManager: TaskManagerConnection;
  readonly jobManager: JobManagerConnection;
  /** Breaks it as the network would. */
  cut(): void;
  /** Gives everything back. */
  dispose(): Promise<void>;
}

const HEARTBEAT: FromTaskManager = {
  type: "heartbeat",
  health: { residentMemory: 1, heapUsed: 2, cpuLoad: 0.5, eventLoopLag: 0 },
};

/** What every connection between a TaskManager and the JobManager does. */
export function connectionSuite(name: string, connect: () => Promise<TestedConnection>): void {
  describe(`${name}, as a connection`, () => {
    let tested: TestedConnection | undefined;
    afterEach(async () => {
      await tested?.dispose();
      tested = undefined;
    });
    const open = async (): Promise<TestedConnection> => (tested = await connect());

    it("carries messages both ways, in order, and those of slots among them", async () => {
      const { taskManager, jobManager } = await open();
      const got = Promise.withResolvers<void>();
      const atManager: unknown[] = [];
      const atTask: unknown[] = [];
      taskManager.onMessage = (message) => atManager.push(message);
      taskManager.onSlotMessage = (allocation, bytes) => {
        atManager.push([allocation, Buffer.from(bytes).toString()]);
        if (atManager.length === 4) taskManager.send({ type: "shutdown" });
      };
      jobManager.onSlotMessage = (allocation, bytes) => atTask.push([allocation, bytes.length]);
      jobManager.onMessage = (message) => {
        atTask.push(message);
        got.resolve();
      };
      taskManager.sendToSlot(0, new Uint8Array());
      jobManager.send(HEARTBEAT);
      jobManager.sendToSlot(7, Buffer.from("one"));
      jobManager.send({ type: "slotGone", allocation: 7, error: undefined });
      jobManager.sendToSlot(0xffff_ffff, Buffer.from("two"));
      await got.promise;
      expect(atManager).toEqual([
        HEARTBEAT,
        [7, "one"],
        { type: "slotGone", allocation: 7, error: undefined },
        [0xffff_ffff, "two"],
      ]);
      expect(atTask).toEqual([[0, 0], { type: "shutdown" }]);
    });

    it("carries a megabyte as it was", async () => {
      const { taskManager, jobManager } = await open();
      const sent = Uint8Array.from({ length: 1024 * 1024 }, (_, at) => (at * 7) ^ (at >> 8));
      const got = Promise.withResolvers<Uint8Array>();
      taskManager.onSlotMessage = (_, bytes) => got.resolve(bytes.slice());
      jobManager.sendToSlot(1, sent);
      expect(Buffer.compare(await got.promise, sent)).toBe(0);
    });

    it("tells both sides, once, when one closes it; what was sent before arrives", async () => {
      const { taskManager, jobManager } = await open();
      const got: unknown[] = [];
      const closed = [taskManager, jobManager].map((end) => onceClosed(end));
      jobManager.onMessage = (message: ToTaskManager) => got.push(message.type);
      taskManager.send({ type: "heartbeat" });
      taskManager.close("enough");
      taskManager.close("again");
      taskManager.send({ type: "shutdown" });
      jobManager.send(HEARTBEAT);
      expect(await Promise.all(closed.map(({ first }) => first))).toEqual([undefined, undefined]);
      expect(got).toEqual(["heartbeat"]);
      jobManager.close();
      await settle();
      expect(closed.map((end) => end.times())).toEqual([1, 1]);
    });

    it("gives nothing to a side that has closed it", async () => {
      const { taskManager, jobManager } = await open();
      const got: unknown[] = [];
      const closed = onceClosed(jobManager);
      jobManager.onMessage = (message) => got.push(message);
      jobManager.close();
      taskManager.send({ type: "shutdown" });
      await closed.first;
      expect(got).toEqual([]);
    });

    it("tells both sides why when it breaks", async () => {
      const connection = await open();
      const closed = [connection.taskManager, connection.jobManager].map((end) => onceClosed(end));
      connection.cut();
      for (const error of await Promise.all(closed.map(({ first }) => first)))
        expect(error).toMatchObject({ code: "CONNECTION_LOST", retryable: true });
    });

    it("is closed by whoever can't make anything of a message", async () => {
      const { taskManager, jobManager } = await open();
      const closed = [taskManager, jobManager].map((end) => onceClosed(end));
      taskManager.onMessage = (message) => {
        (message as unknown as { missing: { field: () => void } }).missing.field();
      };
      jobManager.send(HEARTBEAT);
      const [ours, theirs] = await Promise.all(closed.map(({ first }) => first));
      expect(ours).toMatchObject({ code: "PROTOCOL_VIOLATION" });
      expect(theirs).toMatchObject({ code: "CONNECTION_LOST" });
    });

    it("throws for what it can't carry, and lives on", async () => {
      const { taskManager, jobManager } = await open();
      const got = Promise.withResolvers<unknown>();
      taskManager.onMessage = (message) => got.resolve(message);
      expect(() => jobManager.send({ type: "answer", request: 1, answer: new Opaque() })).toThrow(
        expect.objectContaining({ code: "RECORD_TYPE_MISMATCH" }),
      );
      expect(() => jobManager.sendToSlot(1, new Uint8Array(64 * 1024 * 1024 + 1))).toThrow(
        expect.objectContaining({ code: "RECORD_TOO_LARGE" }),
      );
      jobManager.send(HEARTBEAT);
      expect(await got.promise).toEqual(HEARTBEAT);
    });
  });
}

/** No plain data. */
class Opaque {
  readonly value = 1;
}

interface Closing {
  readonly first: Promise<Error | undefined>;
  times(): number;
}

function onceClosed(end: { onClose: ((error: Error | undefined) => void) | undefined }): Closing {
  const { promise, resolve } = Promise.withResolvers<Error | undefined>();
  let count = 0;
  end.onClose = (error) => {
    count++;
    resolve(error);
  };
  return { first: promise, times: () => count };
}

/** Lets what is underway within this process arrive. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
