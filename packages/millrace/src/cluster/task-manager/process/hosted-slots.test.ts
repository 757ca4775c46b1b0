import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { SystemClock } from "../../../common/clock/system-clock.ts";
import { jobId, slotId } from "../../../common/ids/ids.ts";
import type { FromTaskManager, OpenSlots } from "../../../protocol/cluster/resource-messages.ts";
import type { DataNetwork } from "../../../runtime/network/tcp/data-network.ts";
import { openDataNetwork } from "../../../runtime/network/tcp/open-data-network.ts";
import { LocalBackups } from "../local-backups.ts";
import { WorkerSlot } from "../worker-slot.ts";
import { ArtifactCache } from "./artifact-cache.ts";
import { HostedSlots } from "./hosted-slots.ts";
import { SpareThreads } from "./spare-threads.ts";
import { referenceTo } from "./testing/scripted-task-manager.ts";

const closings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close();
});

const ARTIFACT = referenceTo(Buffer.from("export default 1;\n"));
const order = (count: number, request: number): OpenSlots => ({
  type: "openSlots",
  request,
  token: { epoch: 1, jobId: jobId(new Uint8Array(16)), attempt: request },
  exchange: "1-1",
  secret: "00",
  jobName: "job",
  orders: Array.from({ length: count }, (_, slot) => ({
    allocation: slot + 1,
    slot,
    slotId: slotId(`tm/${slot}`),
  })),
  slotCount: count,
  channels: [],
  incoming: Array.from({ length: count }, () => 0),
  peers: [],
  networkMemory: undefined,
  artifact: ARTIFACT,
});

interface Rig {
  readonly slots: HostedSlots;
  readonly threads: SpareThreads;
  readonly network: DataNetwork;
  readonly warnings: string[];
  readonly answers: FromTaskManager[];
  /** Asks for both slots. */
  readonly open: (request: number) => Promise<void>;
}

/** Two slots, in threads and with artifacts as the test says. */
async function rigOf(
  folder: string,
  fetch: () => Promise<string>,
  start: (...of: ConstructorParameters<typeof WorkerSlot>) => WorkerSlot,
): Promise<Rig> {
  const clock = new SystemClock();
  const network = await openDataNetwork({
    taskManagerId: "tm",
    host: "127.0.0.1",
    port: 0,
    clock,
    log: () => {},
  });
  closings.push(() => network.close());
  const warnings: string[] = [];
  const threads = new SpareThreads({
    slots: 2,
    slotHeap: undefined,
    log: (level, text) => void (level === "warn" && warnings.push(text)),
    start,
  });
  closings.push(() => threads.close());
  const slots = new HostedSlots({
    slots: 2,
    exclusiveJobs: false,
    networkMemory: 2 ** 20,
    slotHeap: undefined,
    threads,
    artifacts: new ArtifactCache({ folder, maxIdleBytes: 0, log: () => {}, fetch }),
    localBackups: new LocalBackups({ folder, clock }),
    network,
    clock,
    log: () => {},
    output: () => {},
    send: () => {},
    sendToSlot: () => {},
    onStuck: () => {},
  });
  closings.push(() => slots.endAll());
  const answers: FromTaskManager[] = [];
  return {
    slots,
    threads,
    network,
    warnings,
    answers,
    open: (request) => slots.openSlots(order(2, request), (answer) => void answers.push(answer)),
  };
}

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-slots-"));
  closings.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

it("gives everything back where the system has no more threads, and says so", async () => {
  const folder = await makeFolder();
  let left = 1;
  const { slots, threads, network, warnings, answers, open } = await rigOf(
    folder,
    async () => join(folder, "job.mjs"),
    (...of) => {
      if (left-- <= 0) throw new Error("EAGAIN");
      return new WorkerSlot(...of);
    },
  );
  await open(1);
  expect(answers.at(-1)).toMatchObject({
    type: "slotsRefused",
    request: 1,
    error: { code: "SLOT_LOST", retryable: true, message: "the system has no thread for a slot: EAGAIN" },
  });
  expect([slots.free, network.metrics().exchanges]).toEqual([2, 0]);
  // What is only prepared is not missed.
  threads.prepare(2);
  expect(warnings).toContain(
    "threads for slots can't be prepared: the system has no thread for a slot: EAGAIN",
  );
  left = 2;
  await open(2);
  expect(answers.at(-1)).toEqual({ type: "slotsOpened", request: 2 });
});

it("holds no artifact for slots that have ended while it was fetched", async () => {
  const folder = await makeFolder();
  const path = join(folder, "job.mjs");
  const fetched = Promise.withResolvers<string>();
  const { slots, answers, open } = await rigOf(
    folder,
    () => fetched.promise,
    (...of) => new WorkerSlot(...of),
  );
  const opening = open(1);
  await slots.endAll();
  await writeFile(path, "export default 1;\n");
  fetched.resolve(path);
  await opening;
  expect(answers).toMatchObject([{ type: "slotsRefused", request: 1 }]);
  // Nobody uses it, and there is no room for what nobody uses.
  await expect.poll(() => existsSync(path)).toBe(false);
});
