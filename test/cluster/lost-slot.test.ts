import { expect, it } from "vitest";
import { buildModule } from "../../packages/millrace/src/cluster/local/start-module.ts";
import { startJob } from "../../packages/millrace/src/cluster/local/start-job.ts";
import { WorkerSlots } from "../../packages/millrace/src/cluster/local/worker-slots.ts";
import { bundleJob } from "../../packages/millrace/src/cluster/artifact/bundle-job.ts";
import { loadJob } from "../../packages/millrace/src/cluster/artifact/load-job.ts";
import type { SlotProvider } from "../../packages/millrace/src/cluster/job-manager/job-master/units/slot-provider.ts";
import { SystemClock } from "../../packages/millrace/src/common/clock/system-clock.ts";
import { CapturedStreams } from "./captured-streams.ts";
import "../testing/built-threads.ts";

it("a slot that dies fails its neighbours, although nobody cancels them", async () => {
  const artifact = await bundleJob(new URL("./jobs/dying.ts", import.meta.url).href);
  const threads = new WorkerSlots();
  /** Slots that never hear of a cancellation, and what their tasks failed of. */
  const failures: (string | undefined)[] = [];
  const slots: SlotProvider = {
    prepare: (count) => threads.prepare(count),
    async open(request) {
      const opened = await threads.open(request);
      return opened.map(({ connection: slot, ...rest }) => ({
        ...rest,
        connection: {
          send: (message) => message.type !== "cancel" && slot.send(message),
          close: () => slot.close(),
          set onClose(told: typeof slot.onClose) {
            slot.onClose = told;
          },
          set onMessage(told: typeof slot.onMessage) {
            slot.onMessage = (message) => {
              if (message.type === "taskState" && message.state === "FAILED")
                failures.push(message.error?.code);
              told?.(message);
            };
          },
        },
      }));
    },
  };
  try {
    const built = buildModule(await loadJob(artifact), {
      parallelism: 3,
      args: {},
      config: { "task.cancellation.timeout": 0 },
    });
    const master = await startJob({
      ...built,
      program: { kind: "module", url: artifact.url, originalUrl: artifact.originalUrl },
      clock: new SystemClock(),
      streams: new CapturedStreams(),
      packed: false,
      slots,
      restore: undefined,
      log: () => {},
    });
    const { status, error } = await master.done;
    expect([status, error]).toMatchObject(["FAILED", { code: "SLOT_LOST" }]);
    // A source and a function in each of the other two.
    expect(failures).toEqual(["CHANNEL_CLOSED", "CHANNEL_CLOSED", "CHANNEL_CLOSED", "CHANNEL_CLOSED"]);
  } finally {
    await threads.close();
    await artifact.dispose();
  }
});
