import { once } from "node:events";
import { MessageChannel, Worker } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { expect, it } from "vitest";
import type { StressResult, StressSetup } from "../testing/stress-worker.ts";
import { planRings } from "./plan-rings.ts";
import { ringsOfSlot } from "./ring-descriptor.ts";

const CHANNELS = 3;
const RECORDS = 60_000;

/** Two threads that send to each other; what each of them has received. */
async function exchange(seed: number, poolBytes: number): Promise<readonly StressResult[]> {
  const channels = Array.from({ length: 2 * CHANNELS }, (_, id) => ({
    id,
    producerSlot: id % 2,
    consumerSlot: 1 - (id % 2),
  }));
  const rings = planRings({ slots: 2, attempt: 1, channels, poolBytes });
  const { port1, port2 } = new MessageChannel();
  const open = (slot: number, bell: MessagePort): Worker =>
    new Worker(new URL("../testing/stress-worker.ts", import.meta.url), {
      workerData: {
        rings: ringsOfSlot(rings, slot),
        slot,
        seed,
        records: RECORDS,
        bell,
      } satisfies StressSetup,
      transferList: [bell],
    });
  const workers = [open(0, port1), open(1, port2)];
  try {
    return await Promise.all(
      workers.map(async (worker) => (await once(worker, "message"))[0] as StressResult),
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

// A lost wake-up shows as a test that never ends.
it.each([
  [1, 2 * 4096],
  [2, 5 * 4096],
  [3, 8 * 32 * 1024],
])(
  "two threads that pause at random lose nothing and never sleep too long (seed %i, %i bytes a channel)",
  async (seed, bytes) => {
    const results = await exchange(seed, bytes * CHANNELS);
    for (const { received, wrong, backlog, sleeps, events } of results) {
      expect(wrong).toBe(undefined);
      expect(received.reduce((sum, count) => sum + count, 0)).toBe(RECORDS);
      expect(events).toBe(received.reduce((sum, count) => sum + Math.ceil(count / 997), 0));
      // A large record and the frame behind it.
      expect(backlog).toBeLessThan(2 * (50_000 + 32 * 1024));
      expect(sleeps).toBeGreaterThan(10);
    }
    // What stood in front of a barrier is the reader's, and the rest of what was written before it the writer's.
    for (const [index, { overtakes }] of results.entries()) {
      const { captures } = results[1 - index]!;
      expect(captures.length).toBeGreaterThan(0);
      for (const { channel, checkpointId, inFront } of captures) {
        const {
          sent,
          unsent,
          channel: from,
        } = overtakes.find((sentBarrier) => sentBarrier.checkpointId === checkpointId)!;
        expect([from, inFront + unsent]).toEqual([channel, sent]);
      }
    }
  },
);
