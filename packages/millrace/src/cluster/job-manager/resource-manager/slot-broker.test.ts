import { describe, expect, it } from "vitest";
import { toEnvelope } from "../../../protocol/control/error-envelope.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { BrokerRig, job, wish } from "./testing/broker-rig.ts";

const A = job(1);
const B = job(2);
const C = job(3);

function rigWith(...slots: readonly number[]): BrokerRig {
  const rig = new BrokerRig();
  slots.forEach((count, index) => rig.register(`tm${index + 1}`, count));
  return rig;
}

describe("the broker of slots", () => {
  it("gives slots over several TaskManagers, with one request to each", () => {
    const rig = rigWith(2, 2);
    rig.addJob(A);
    rig.request(A, 3);
    expect([...rig.taskManagers.values()].map(({ asked }) => asked.length)).toEqual([1, 1]);
    const [first, second] = [...rig.taskManagers.values()].map(({ asked }) => asked[0]);
    expect(first?.exchange).toBe(second?.exchange);
    expect(first?.secret).toBe(second?.secret);
    expect(second?.peers).toEqual([
      { taskManagerId: "tm1", host: "10.0.0.1", dataPort: 1001, slots: [0, 1], networkMemory: 1e6 },
    ]);
    rig.open(1);
    expect(rig.placesOf(A)).toEqual([]);
    rig.open(2);
    expect(rig.placesOf(A)).toEqual(["tm1", "tm1", "tm2"]);
    expect(rig.jobs.get(A)?.available).toBe(4);
  });

  it("waits until there are enough, says so, and gives up after the timeout", () => {
    const rig = rigWith(2);
    rig.addJob(A);
    rig.request(A, 4);
    rig.now = 310;
    expect(rig.broker.waiting(A, rig.now)).toBe("waiting for 4 slots, 2 are free for it, 0 s of 1 s");
    rig.advance(689);
    expect(rig.told).toEqual([]);
    rig.advance(1);
    expect(rig.told).toEqual([
      'NO_SLOTS: job "count" waited for 4 slots, and 2 of the 2 of 1 TaskManager were free for it',
    ]);
    rig.request(A, 4);
    rig.register("tm2", 2);
    rig.openAll();
    expect(rig.placesOf(A)).toHaveLength(4);
    expect(rig.broker.waiting(A, rig.now)).toBeUndefined();
  });

  it("lets two jobs that want all of it not hold a half each", () => {
    const rig = new BrokerRig({ gather: 10 });
    rig.register("tm1", 4);
    rig.addJob(A);
    rig.addJob(B);
    // In the order in which threads that start together may ask.
    rig.request(B, 2);
    rig.request(A, 2, 0);
    rig.request(B, 2, 2);
    rig.request(A, 2, 2);
    rig.advance(10);
    rig.openAll();
    expect([rig.placesOf(A).length, rig.placesOf(B).length]).toEqual([4, 0]);
    rig.removeJob(A);
    rig.endClosing();
    rig.openAll();
    expect(rig.placesOf(B)).toHaveLength(4);
  });

  it("keeps slots for the older job, but not for one that could never have enough", () => {
    const rig = rigWith(4);
    for (const id of [A, B, C]) rig.addJob(id);
    rig.request(B, 2);
    rig.openAll();
    rig.request(A, 4);
    rig.request(C, 1);
    expect(rig.placesOf(C)).toEqual([]);
    rig.removeJob(B);
    rig.endClosing();
    rig.openAll();
    expect(rig.placesOf(A)).toHaveLength(4);
    rig.removeJob(A);
    rig.endClosing();
    rig.openAll();
    expect(rig.placesOf(C)).toHaveLength(1);
    rig.addJob(A);
    rig.request(C, 5, 1);
    rig.request(A, 1);
    rig.openAll();
    expect(rig.placesOf(A)).toHaveLength(1);
  });

  it("closes what one TaskManager opened when another refuses", () => {
    const rig = rigWith(1, 1);
    rig.addJob(A);
    rig.request(A, 2);
    rig.open(1);
    rig.refuse(2);
    expect(rig.told).toEqual(["Error: no memory"]);
    expect(rig.taskManagers.get(1)?.closing.size).toBe(1);
    rig.request(A, 2);
    expect(rig.taskManagers.get(1)?.asked).toEqual([]);
    rig.endClosing();
    rig.openAll();
    expect(rig.placesOf(A)).toEqual(["tm1", "tm2"]);
  });

  it("closes what is opened too late, and asks nobody for a slot whose fate it does not know", () => {
    const rig = rigWith(1);
    rig.addJob(A);
    rig.request(A, 1);
    rig.advance(500);
    expect(rig.told).toEqual([
      "SLOT_LOST: TaskManager tm1 (10.0.0.1:1001) did not open 1 slot within 500 ms",
    ]);
    rig.request(A, 1);
    expect(rig.taskManagers.get(1)?.asked).toHaveLength(1);
    rig.open(1);
    expect(rig.taskManagers.get(1)?.closing.size).toBe(1);
    expect(rig.placesOf(A)).toEqual([]);
    rig.endClosing();
    rig.openAll();
    expect(rig.placesOf(A)).toEqual(["tm1"]);
  });

  it("takes every slot of a lost TaskManager as gone, at once and with the reason", () => {
    const rig = rigWith(2, 2);
    rig.addJob(A);
    rig.request(A, 3);
    rig.openAll();
    rig.request(A, 1, 3);
    rig.lose(2);
    expect(rig.placesOf(A)).toEqual(["tm1", "tm1"]);
    expect(rig.told).toEqual(["SLOT_LOST: TaskManager tm2 (10.0.0.1:1002) is lost: it was killed"]);
    expect(rig.jobs.get(A)?.available).toBe(2);
  });

  it("takes a TaskManager that registers anew as lost before", () => {
    const rig = rigWith(1);
    rig.addJob(A);
    rig.request(A, 1);
    rig.openAll();
    rig.register("tm1", 1);
    expect(rig.taskManagers.size).toBe(1);
    expect(rig.placesOf(A)).toEqual([]);
    rig.request(A, 1);
    rig.openAll();
    expect(rig.placesOf(A)).toEqual(["tm1"]);
  });

  it("prefers the TaskManager that a slot ran on before", () => {
    const rig = new BrokerRig({ placement: "spread" });
    rig.register("tm1", 2);
    rig.register("tm2", 2);
    rig.addJob(A);
    rig.request(A, 4);
    rig.openAll();
    expect(rig.placesOf(A)).toEqual(["tm1", "tm2", "tm1", "tm2"]);
    for (const allocation of rig.jobs.get(A)?.held.keys() ?? [])
      rig.handle({ kind: "closed", job: A, allocation });
    rig.endClosing();
    rig.request(A, 3, 1);
    rig.openAll();
    expect(rig.placesOf(A)).toEqual(["tm2", "tm1", "tm2"]);
  });

  it("keeps jobs out of each other's TaskManagers where that is wanted", () => {
    const rig = new BrokerRig({ exclusive: true });
    rig.register("tm1", 2);
    rig.register("tm2", 2);
    rig.addJob(A);
    rig.addJob(B);
    rig.request(A, 1);
    rig.request(B, 1);
    rig.openAll();
    expect([...rig.placesOf(A), ...rig.placesOf(B)]).toEqual(["tm1", "tm2"]);
    expect(rig.jobs.get(A)?.available).toBe(2);
    rig.request(B, 2, 1);
    expect(rig.broker.waiting(B, rig.now)).toBe("waiting for 2 slots, 1 is free for it, 0 s of 1 s");
    rig.request(A, 1, 1);
    rig.openAll();
    expect(rig.placesOf(A)).toEqual(["tm1", "tm1"]);
  });

  it("closes the slots of a job whose thread is gone at once, and keeps as many for who goes on with it", () => {
    const rig = rigWith(2);
    rig.addJob(A);
    // Who says what it needs is told again what there is.
    Object.assign(rig.jobs.get(A) as object, { available: undefined });
    rig.handle({ kind: "wanted", job: A, least: 2, most: 2 });
    rig.addJob(B);
    rig.request(A, 2);
    rig.openAll();
    expect(rig.placesOf(A)).toHaveLength(2);
    rig.orphanJob(A);
    expect([rig.taskManagers.get(1)?.closing.size, rig.broker.book.has(A)]).toEqual([2, true]);
    rig.request(B, 1);
    rig.endClosing();
    rig.openAll();
    expect([rig.placesOf(B).length, rig.broker.book.has(A)]).toEqual([0, false]);
    rig.addJob(A);
    expect(rig.jobs.get(A)?.available).toBe(2);
    rig.request(A, 2);
    rig.openAll();
    expect(rig.placesOf(A)).toHaveLength(2);
    // What is asked for when the thread dies is nobody's, whenever it comes.
    rig.orphanJob(A);
    rig.endClosing();
    rig.addJob(A);
    rig.request(A, 2);
    rig.orphanJob(A);
    rig.openAll();
    expect([rig.placesOf(A).length, rig.taskManagers.get(1)?.closing.size]).toEqual([0, 2]);
    rig.removeJob(A);
    rig.endClosing();
    rig.openAll();
    expect(rig.placesOf(B)).toHaveLength(1);
  });

  it("refuses another leader's wishes, and hears of a newer leader from a TaskManager", () => {
    const rig = rigWith(1);
    rig.addJob(A);
    rig.jobs.get(A)?.asked.set(9, 1);
    const slots = { ...wish(A, 1), token: { epoch: 2, jobId: A, attempt: 0 } };
    rig.handle({ kind: "requested", job: A, request: 9, slots });
    expect(rig.told[0]).toMatch(/^FENCED: /u);
    rig.request(A, 1);
    const request = rig.taskManagers.get(1)?.asked[0]?.request as number;
    const error = toEnvelope(new MillraceError("FENCED", "epoch 4 is known here"));
    rig.handle({ kind: "slotsRefused", connection: 1, request, error });
    expect(rig.told.slice(1)).toEqual([
      "fenced",
      "SLOT_LOST: TaskManager tm1 (10.0.0.1:1001) is lost: epoch 4 is known here",
    ]);
  });

  it("drops a TaskManager that answers what it was not asked", () => {
    const rig = rigWith(1);
    rig.handle({ kind: "slotsOpened", connection: 1, request: 77 });
    expect(rig.taskManagers.size).toBe(0);
    expect(rig.broker.book.slotCount).toBe(0);
  });

  it("waits for the TaskManagers that the last leader had before it spreads slots, or tells how many there are", () => {
    const awaited = { ids: ["tm1", "tm2", "tm9"], until: 100 };
    const spread = new BrokerRig({ awaited, placement: "spread" });
    spread.addJob(A);
    spread.request(A, 2);
    spread.register("tm1", 2);
    spread.advance(1);
    spread.register("tm2", 2);
    expect([spread.jobs.get(A)?.available, spread.broker.nextTick]).toEqual([undefined, 100]);
    spread.advance(99);
    spread.advance(500);
    spread.openAll();
    expect(spread.placesOf(A)).toEqual(["tm1", "tm2"]);
    expect(spread.jobs.get(A)?.available).toBe(4);
    const packed = new BrokerRig({ awaited });
    packed.addJob(A);
    packed.request(A, 2);
    packed.register("tm1", 2);
    packed.openAll();
    expect(packed.placesOf(A)).toEqual(["tm1", "tm1"]);
    expect(packed.jobs.get(A)?.available).toBeUndefined();
    packed.register("tm2", 1);
    packed.register("tm9", 1);
    expect(packed.jobs.get(A)?.available).toBe(4);
  });

  it("lets TaskManagers of a fresh cluster follow each other before it spreads slots over them", () => {
    const rig = new BrokerRig({ placement: "spread", requestTimeout: 1e6 });
    rig.addJob(A);
    rig.request(A, 2);
    rig.register("tm1", 2);
    rig.advance(300);
    rig.register("tm2", 2);
    rig.advance(500);
    rig.openAll();
    expect(rig.placesOf(A)).toEqual(["tm1", "tm2"]);
  });
});
