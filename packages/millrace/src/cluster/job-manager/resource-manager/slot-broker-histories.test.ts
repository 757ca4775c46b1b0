import fc from "fast-check";
import { assert, describe, expect, it } from "vitest";
import { BrokerRig, job } from "./testing/broker-rig.ts";

/** A step of a history: what happens, and to whom. */
const step = fc.tuple(
  fc.constantFrom(
    "register",
    "register again",
    "lose",
    "add job",
    "remove job",
    "orphan job",
    "add job again",
    "request",
    "request",
    "request",
    "forget",
    "close",
    "open",
    "open",
    "open",
    "refuse",
    "end",
    "end closing",
    "advance",
    "advance far",
  ),
  fc.nat(1000),
  fc.integer({ min: 1, max: 4 }),
);

const pick = <T>(values: Iterable<T>, at: number): T | undefined => {
  const all = [...values];
  return all[at % Math.max(1, all.length)];
};

function perform(rig: BrokerRig, [what, who, count]: readonly [string, number, number]): void {
  const connection = pick(rig.taskManagers.keys(), who);
  const id = pick(rig.jobs.keys(), who);
  const scripted = id === undefined ? undefined : rig.jobs.get(id);
  const taskManager = connection === undefined ? undefined : rig.taskManagers.get(connection);
  switch (what) {
    case "register":
      rig.register(`tm${who}`, count);
      break;
    case "register again":
      if (taskManager !== undefined) rig.register(taskManager.id, taskManager.slots);
      break;
    case "lose":
      if (connection !== undefined) rig.lose(connection);
      break;
    case "add job":
      if (!rig.jobs.has(job(who))) rig.addJob(job(who));
      break;
    case "remove job":
      if (id !== undefined) rig.removeJob(id);
      break;
    case "orphan job":
      if (id !== undefined) rig.orphanJob(id);
      break;
    case "add job again":
      // Only who is gone is followed by another.
      if (id !== undefined) rig.orphanJob(id);
      if (id !== undefined) rig.addJob(id);
      break;
    case "request":
      if (id !== undefined) rig.request(id, count, who % 4);
      break;
    case "forget": {
      const request = pick(scripted?.asked.keys() ?? [], who);
      if (id !== undefined && request !== undefined) rig.forget(id, request);
      break;
    }
    case "close": {
      const allocation = pick(scripted?.held.keys() ?? [], who);
      if (id !== undefined && allocation !== undefined) rig.handle({ kind: "closed", job: id, allocation });
      break;
    }
    case "open":
      if (connection !== undefined) rig.open(connection);
      break;
    case "refuse":
      if (connection !== undefined) rig.refuse(connection);
      break;
    case "end": {
      const allocation = pick(taskManager?.open.keys() ?? [], who);
      if (connection !== undefined && allocation !== undefined) rig.end(connection, allocation);
      break;
    }
    case "end closing":
      rig.endClosing();
      break;
    case "advance":
      rig.advance(who % 20);
      break;
    case "advance far":
      rig.advance(300);
      break;
    default:
      assert.fail(what);
  }
}

describe("any history of TaskManagers and jobs", () => {
  it.each([
    { gather: 0, exclusive: false, placement: "packed" as const },
    { gather: 5, exclusive: true, placement: "spread" as const },
  ])("keeps each slot one job's, answers each request once, loses none: %o", (settings) => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 120 }), (history) => {
        const rig = new BrokerRig(settings);
        for (const each of history) perform(rig, each);
        // Whoever waits is answered in the end, and what nobody has is free.
        for (let round = 0; round < 4; round++) {
          rig.advance(1000);
          rig.openAll();
          rig.endClosing();
        }
        for (const { asked } of rig.jobs.values()) expect([...asked]).toEqual([]);
        expect(rig.broker.nextTick).toBe(Infinity);
        for (const id of rig.jobs.keys()) rig.removeJob(id);
        rig.endClosing();
        for (const { slots } of rig.broker.book.taskManagers)
          expect(slots.map(({ machine }) => machine.state)).toEqual(slots.map(() => "FREE"));
        for (const { open } of rig.taskManagers.values()) expect([...open]).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it.each([1, 2, 3])(
    "lets %i jobs that wait all run, one after the other, where the cluster is large enough",
    (jobs) => {
      fc.assert(
        fc.property(
          fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
          fc.array(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }), {
            minLength: jobs,
            maxLength: jobs,
          }),
          (taskManagers, wishes) => {
            const rig = new BrokerRig({ gather: 5, requestTimeout: 1e9, openTimeout: 1e9 });
            taskManagers.forEach((slots, index) => rig.register(`tm${index}`, slots));
            const total = taskManagers.reduce((a, b) => a + b, 0);
            wishes.forEach((_, index) => rig.addJob(job(index)));
            const fitting = wishes.filter((counts) => counts.reduce((a, b) => a + b, 0) <= total);
            // Interleaved, as threads do it.
            for (let round = 0; round < 3; round++) {
              fitting.forEach((counts, index) => {
                const count = counts[round];
                if (count !== undefined) rig.request(job(index), count, round * 4);
              });
            }
            rig.advance(5);
            for (let left = fitting.length; left > 0; left--) {
              rig.openAll();
              const done = [...rig.jobs].filter(([, each]) => each.asked.size === 0 && each.held.size > 0);
              expect(done.length, "no job has all of its slots").toBeGreaterThan(0);
              for (const [id] of done) rig.removeJob(id);
              rig.endClosing();
              if ([...rig.jobs.values()].every(({ asked }) => asked.size === 0)) break;
            }
            for (const { asked } of rig.jobs.values()) expect(asked.size).toBe(0);
          },
        ),
      );
    },
  );
});
