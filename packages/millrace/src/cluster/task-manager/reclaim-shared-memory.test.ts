import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";
import { SharedMemoryReclaimer } from "./reclaim-shared-memory.ts";

const droppedBuffer = (): WeakRef<SharedArrayBuffer> => new WeakRef(new SharedArrayBuffer(1024));

it("collects when enough was let go of, and not before", async () => {
  const reclaimer = new SharedMemoryReclaimer(1000);
  const buffer = droppedBuffer();
  await turn();
  reclaimer.released(999);
  for (let i = 0; i < 3; i++) await turn();
  expect(buffer.deref()).toBeDefined();
  // Who looks at a weak reference keeps what it leads to until its turn is over.
  await turn();
  reclaimer.released(1);
  for (let i = 0; i < 3; i++) await turn();
  expect(buffer.deref()).toBeUndefined();
});
