import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ManualClock } from "../../../../common/clock/manual-clock.ts";
import { nodeFileSystem } from "../../../../runtime/checkpoint/storage/node-file-system.ts";
import { awaitLead } from "./await-lead.ts";
import { Leadership } from "./leadership.ts";

let folder: string;
let clock: ManualClock;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-lead-"));
  clock = new ManualClock();
});
afterEach(() => rm(folder, { recursive: true }));

const take = (host: string, pid = 7): Promise<Leadership> =>
  Leadership.take(nodeFileSystem, folder, { host, pid, startedAt: 0 });

/** Stands by. */
function standBy(alive = true): { readonly told: string[]; over: boolean; readonly done: Promise<void> } {
  const told: string[] = [];
  const done = awaitLead({
    fileSystem: nodeFileSystem,
    folder,
    clock,
    self: { host: "here", pid: 1 },
    interval: 10,
    timeout: 100,
    alive: () => alive,
    onStandBy: (leader) => told.push(leader),
  });
  const state = { told, over: false, done };
  void done.then(() => (state.over = true));
  return state;
}

/** So much time passes, in small steps, with what happens in each. */
async function pass(ms: number, each: () => Promise<void> = async () => {}): Promise<void> {
  for (let step = 0; step < ms; step += 10) {
    await each();
    // What is read from the disk comes on turns of its own.
    for (let turn = 0; turn < 50; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
    clock.advance(10);
  }
}

async function passUntilOver(state: { readonly over: boolean }): Promise<void> {
  while (!state.over) await pass(10);
}

it("takes the lead at once where nobody has it, or who had it is gone from this machine", async () => {
  expect(await standBy().done).toBeUndefined();
  const leader = await take("here");
  await leader.beat();
  const { done, told } = standBy(false);
  await done;
  expect(told).toEqual([]);
});

it("stands by as long as a leader lives, and takes over when it is silent for too long", async () => {
  const leader = await take("there");
  await leader.beat();
  const waiting = standBy();
  while (waiting.told.length < 1) await pass(10, () => leader.beat());
  await pass(300, () => leader.beat());
  expect([waiting.over, waiting.told]).toEqual([false, ["process 7 on there, epoch 1"]]);
  await passUntilOver(waiting);
  // Whoever was silent, and goes on, finds that it was replaced.
  const next = await take("here", 1);
  await expect(leader.check()).rejects.toMatchObject({ code: "FENCED" });
  await leader.beat();
  await next.check();
});

it("waits anew for one who was quicker, and not at all for one who ends in order", async () => {
  const first = await take("there");
  await first.beat();
  const waiting = standBy();
  while (waiting.told.length < 1) await pass(10, () => first.beat());
  const second = await take("elsewhere");
  await second.beat();
  while (waiting.told.length < 2) await pass(10, () => second.beat());
  expect(waiting.over).toBe(false);
  await second.release();
  await passUntilOver(waiting);
});
