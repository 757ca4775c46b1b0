import { afterEach, describe, expect, it } from "vitest";
import { attempt, jobId } from "../../common/ids/ids.ts";
import type { SlotsRequest } from "../job-manager/job-master/units/slot-provider.ts";
import { WorkerSlot } from "../task-manager/worker-slot.ts";
import { WorkerSlots } from "./worker-slots.ts";

const asked = (count: number): SlotsRequest => ({
  token: { epoch: 0, jobId: jobId(new Uint8Array(16)), attempt: attempt(0) },
  jobName: "job",
  count,
  firstSlot: 0,
  channels: [],
  networkMemory: undefined,
});

const opened: WorkerSlots[] = [];
afterEach(() => Promise.all(opened.splice(0).map((slots) => slots.close())));

/** Slots of which the first runs another entry. */
function slotsWith(entry: string): WorkerSlots {
  const url = new URL(`./testing/${entry}`, import.meta.url);
  const slots = new WorkerSlots((name) => new WorkerSlot(name, name.endsWith("-0") ? url : undefined));
  opened.push(slots);
  return slots;
}

describe("WorkerSlots", () => {
  it("says why a thread did not come online", async () => {
    await expect(slotsWith("broken-slot.ts").open(asked(2))).rejects.toMatchObject({
      code: "SLOT_LOST",
      message: "millrace-slot-0 ended before it was online: no memory for the runtime",
    });
  });

  it("gives out none that has ended while others were awaited: nobody would hear of its end", async () => {
    await expect(slotsWith("short-lived-slot.ts").open(asked(2))).rejects.toMatchObject({
      code: "SLOT_LOST",
      message: "millrace-slot-0 ended before it was given to a job: thread ran out of memory",
    });
  });

  it("opens none when it is closed, and leaves nobody waiting who did before", async () => {
    const slots = new WorkerSlots();
    const waiting = slots.open(asked(2)).catch((error: unknown) => error);
    await slots.close();
    expect(await waiting).toMatchObject({
      code: "SLOT_LOST",
      message: expect.stringMatching(
        /^millrace-slot-\d ended before it was online: it was closed$/u,
      ) as unknown,
    });
    await expect(slots.open(asked(1))).rejects.toMatchObject({
      message: "no slots are opened any more: the job is over",
    });
  });

  it("lets go of spare threads without harm to those that are being opened", async () => {
    const slots = new WorkerSlots();
    opened.push(slots);
    slots.prepare(2);
    const opening = slots.open(asked(1));
    slots.dropSpare();
    slots.prepare(1);
    const both = await Promise.all([opening, slots.open(asked(1))]);
    expect(both.map(({ length }) => length)).toEqual([1, 1]);
  });
});
