import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../../common/clock/manual-clock.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { attempt, executionId, jobId, vertexId } from "../../../../common/ids/ids.ts";
import type { FromJobMaster } from "../../../../protocol/cluster/job-master-messages.ts";
import { MAX_MESSAGE_BYTES } from "../../../../protocol/cluster/connection.ts";
import { decodeMessage, encodeMessage } from "../../../../protocol/cluster/slot-message-codec.ts";
import { toEnvelope } from "../../../../protocol/control/error-envelope.ts";
import type { FromSlot, ToSlot } from "../../../../protocol/control/messages.ts";
import type { OpenedSlot, SlotsRequest } from "../units/slot-provider.ts";
import { PortSlots } from "./port-slots.ts";

class Rig {
  readonly sent: FromJobMaster[] = [];
  readonly clock = new ManualClock();
  readonly slots = new PortSlots((message) => this.sent.push(message), this.clock);
  readonly abandoned = new AbortController();

  request(count = 2): SlotsRequest {
    return {
      token: { epoch: 3, jobId: jobId(new Uint8Array(16)), attempt: 1 },
      jobName: "test",
      count,
      firstSlot: 0,
      channels: [{ id: 1, producerSlot: 0, consumerSlot: 1 }],
      networkMemory: undefined,
      abandoned: this.abandoned.signal,
    };
  }

  grant(request = 1, count = 2): void {
    const slots = Array.from({ length: count }, (_, i) => ({
      allocation: 10 + i,
      slotId: `tm/${i}`,
      taskManagerId: "tm",
      endpoint: "host:1",
    }));
    this.slots.receive({ type: "slotsOpened", request, slots });
  }

  async open(): Promise<readonly OpenedSlot[]> {
    const opening = this.slots.open(this.request());
    this.grant();
    return opening;
  }

  says(allocation: number, message: FromSlot): void {
    this.slots.receive({ type: "slotMessage", allocation, bytes: encodeMessage(message) });
  }

  of<T extends FromJobMaster["type"]>(type: T): Extract<FromJobMaster, { readonly type: T }>[] {
    return this.sent.filter((message) => message.type === type) as never;
  }
}

const S0 = executionId(vertexId("s"), 0, attempt(0));

describe("slots over a port", () => {
  it("are asked for as data, and speak in bytes both ways", async () => {
    const rig = new Rig();
    const [one, other] = (await rig.open()) as [OpenedSlot, OpenedSlot];
    expect(rig.of("openSlots")).toEqual([
      expect.objectContaining({
        request: 1,
        count: 2,
        channels: [{ id: 1, producerSlot: 0, consumerSlot: 1 }],
      }),
    ]);
    // What travels must be data.
    expect(() => structuredClone(rig.sent)).not.toThrow();
    expect(other.location).toEqual({ slotId: "tm/1", taskManagerId: "tm", endpoint: "host:1" });
    const limit: ToSlot = { type: "alignment", group: "g", limit: -Infinity };
    other.connection.send(limit);
    const [{ allocation, bytes }] = rig.of("slotMessage") as [
      Extract<FromJobMaster, { readonly type: "slotMessage" }>,
    ];
    expect([allocation, decodeMessage(bytes)]).toEqual([11, limit]);
    const heard: FromSlot[] = [];
    one.connection.onMessage = (message) => heard.push(message);
    rig.says(10, { type: "requestSplit", execution: S0 });
    rig.says(11, { type: "requestSplit", execution: S0 });
    rig.slots.receive({ type: "slotMessage", allocation: 10, bytes: new Uint8Array([9, 9]) });
    expect(heard.map(({ type }) => type)).toEqual(["requestSplit", "slotFailed"]);
  });

  it("are closed when the main thread says that they are gone, and tell of their loss otherwise", async () => {
    const rig = new Rig();
    const [one, other] = (await rig.open()) as [OpenedSlot, OpenedSlot];
    const lost: (Error | undefined)[] = [];
    for (const { connection } of [one, other]) connection.onClose = (error) => lost.push(error);
    const state = { closed: false };
    const closing = one.connection.close().then(() => (state.closed = true));
    await Promise.resolve();
    expect([rig.of("closeSlot"), state.closed]).toEqual([[{ type: "closeSlot", allocation: 10 }], false]);
    rig.slots.receive({ type: "slotGone", allocation: 10, error: undefined });
    await closing;
    const gone = new MillraceError("CONNECTION_LOST", "no heartbeat");
    rig.slots.receive({ type: "slotGone", allocation: 11, error: toEnvelope(gone) });
    rig.slots.receive({ type: "slotGone", allocation: 11, error: undefined });
    expect(lost.map((error) => error?.message)).toEqual(["no heartbeat"]);
    // Closing what is gone asks for nothing, and settles.
    await other.connection.close();
    other.connection.send({ type: "reportMetrics", request: 1 });
    expect([rig.of("closeSlot").length, rig.of("slotMessage").length]).toEqual([1, 0]);
  });

  it("that nobody waits for any more are forgotten, and closed when they come all the same", async () => {
    const rig = new Rig();
    const opening = rig.slots.open(rig.request());
    expect(rig.slots.waiting).toEqual({ slots: 2, since: 0 });
    rig.abandoned.abort();
    await expect(opening).rejects.toMatchObject({ code: "NO_SLOTS" });
    expect([rig.of("forgetSlots"), rig.slots.waiting]).toEqual([
      [{ type: "forgetSlots", request: 1 }],
      undefined,
    ]);
    rig.grant();
    expect(rig.of("closeSlot").map(({ allocation }) => allocation)).toEqual([10, 11]);
  });

  it("that can't be had tell how long they were waited for", async () => {
    const rig = new Rig();
    const opening = rig.slots.open(rig.request());
    rig.clock.advance(31_000);
    const error = new MillraceError("NO_SLOTS", "2 of 2 slots are missing", { help: "Start TaskManagers." });
    rig.slots.receive({ type: "slotsRefused", request: 1, error: toEnvelope(error) });
    await expect(opening).rejects.toMatchObject({
      code: "NO_SLOTS",
      message: "2 of 2 slots are missing (waited 31 s)",
      help: "Start TaskManagers.",
    });
  });

  it("refuse what can't be carried, by what it is and its path", async () => {
    const rig = new Rig();
    const [{ connection }] = (await rig.open()) as [OpenedSlot];
    const splits = [{ splitId: "a", reader: { open: () => 1 } }];
    expect(() => connection.send({ type: "addSplits", execution: S0, splits })).toThrow(
      /^a split can't be sent to another process: .*splits.*reader\.open/u,
    );
    expect(() => connection.send({ type: "sourceEvent", execution: S0, event: Symbol("x") })).toThrow(
      /^an event of a source can't be sent/u,
    );
    const event = new Uint8Array(MAX_MESSAGE_BYTES);
    expect(() => connection.send({ type: "sourceEvent", execution: S0, event })).toThrow(
      /^an event of a source has 671\d{5} bytes; 67108864 can go to a TaskManager at once$/u,
    );
    expect(rig.of("slotMessage")).toEqual([]);
  });
});
