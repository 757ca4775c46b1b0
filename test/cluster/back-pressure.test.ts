import { expect, it } from "vitest";
import { startModule } from "../../packages/millrace/src/cluster/local/start-module.ts";
import { CapturedStreams } from "./captured-streams.ts";
import "../testing/built-threads.ts";

const FAN = 50;
const RECORD_BYTES = 1000;
/** Frames of one slot, as `taskmanager.network.memory` says. */
const POOL = 256 * 1024;

/** What the job has read, written and keeps in between, by now. */
interface Sample {
  readonly read: number;
  readonly written: number;
  readonly backlog: number;
}

it.each([1, 2])(
  "a fast source and a slow sink with %d slots: what is underway is bounded, and things move",
  async (parallelism) => {
    const job = await startModule(new URL("./jobs/slow-sink.ts", import.meta.url).href, {
      parallelism,
      args: { fan: FAN },
      config: { "taskmanager.network.memory": POOL },
      streams: new CapturedStreams(),
      log: () => {},
    });
    const sample = async (): Promise<Sample> => {
      // Slots answer when they come to it: what was written is asked for later than what was read, or it would count as underway.
      const before = [...(await job.metrics()).values()];
      const tasks = [...(await job.metrics()).values()];
      return {
        read:
          before.reduce((sum, task) => sum + (task.numRecordsToSinks === 0 ? task.numRecordsIn : 0), 0) * FAN,
        written: tasks.reduce((sum, task) => sum + task.numRecordsToSinks, 0),
        backlog: tasks.reduce((sum, task) => Math.max(sum, task.outputBacklog), 0),
      };
    };
    const samples: Sample[] = [];
    try {
      // Progress: the sink goes on taking records.
      while (samples.length < 6 || (samples.at(-1) as Sample).written < (samples[0] as Sample).written + 20) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        const now = await sample();
        if (now.written > 0) samples.push(now);
      }
    } finally {
      job.cancel();
      await job.done;
    }
    // Bounds: each of the parallelism^2 channels keeps at most its queue or its frames, one frame of each decoded, and what one call of
    // the user's function emits beyond them.
    const perSubtask = Math.max(1024, POOL / RECORD_BYTES) + (2 * (32 * 1024)) / RECORD_BYTES + 2 * FAN;
    for (const { read, written, backlog } of samples) {
      expect(read - written).toBeLessThan(parallelism * parallelism * perSubtask + parallelism * 600);
      expect(backlog).toBeLessThan(POOL + FAN * (RECORD_BYTES + 100));
    }
  },
);
