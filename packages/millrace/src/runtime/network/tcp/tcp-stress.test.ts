import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import type { RingDescriptor } from "../ring/ring-descriptor.ts";
import { TestNetworks } from "../testing/tcp-pair.ts";
import type { StressResult, StressSetup } from "../testing/stress-worker.ts";

const CHANNELS = 3;
const RECORDS = 40_000;

/** Two threads, each behind a data network of its own, that send to each other; what each of them has received. */
async function exchange(seed: number, poolBytes: number): Promise<readonly StressResult[]> {
  const networks = await TestNetworks.open(2);
  const exchanges = networks.openExchange({
    name: "stress",
    channels: Array.from({ length: 2 * CHANNELS }, (_, id) => ({
      id,
      producerSlot: id % 2,
      consumerSlot: 1 - (id % 2),
    })),
    slots: [[0], [1]],
    networkMemory: poolBytes,
  });
  const workers = exchanges.map((opened, slot) => {
    const bell = opened.bellOf(slot);
    return new Worker(new URL("../testing/stress-worker.ts", import.meta.url), {
      workerData: {
        rings: opened.of(slot) as RingDescriptor,
        slot,
        seed,
        records: RECORDS,
        bell,
      } satisfies StressSetup,
      transferList: [bell],
    });
  });
  try {
    return await Promise.all(
      workers.map(async (worker) => (await once(worker, "message"))[0] as StressResult),
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
    await networks.close();
    expect(networks.log).toEqual([]);
  }
}

// A lost wake-up shows as a test that never ends.
it.each([
  [1, 2 * 4096],
  [2, 5 * 4096],
  [3, 8 * 32 * 1024],
])(
  "two threads that pause at random lose nothing over TCP and never sleep too long (seed %i, %i bytes a channel)",
  async (seed, bytes) => {
    const results = await exchange(seed, bytes * CHANNELS);
    for (const { received, wrong, backlog, sleeps, events } of results) {
      expect(wrong).toBe(undefined);
      expect(received.reduce((sum, count) => sum + count, 0)).toBe(RECORDS);
      expect(events).toBe(received.reduce((sum, count) => sum + Math.ceil(count / 997), 0));
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
