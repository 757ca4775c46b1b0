import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { defineJob } from "../../api/job/define-job.ts";
import { SystemClock } from "../../common/clock/system-clock.ts";
import { parseConfig } from "../../common/config/configuration.ts";
import { builtinConnectors } from "../../root/builtin-connectors.ts";
import { buildJob } from "../artifact/build-job.ts";
import { rebuilding } from "../task-manager/module-program.ts";
import { ProcessStreams } from "./process-streams.ts";
import { startInline } from "./start-inline.ts";
import type { InlineJob } from "./start-inline.ts";
import type { RestoreFrom } from "./restore-job.ts";

const COUNT = 200;

it("gives the savepoint in memory that a job was stopped with, although its last commit failed", async () => {
  const visible = new Map<number, number>();
  const seen: number[] = [];
  let broken = true;
  const program = defineJob(
    { url: fileURLToPath(import.meta.url) },
    "numbers",
    {},
    (env) => {
      env
        .generate({ generate: (i) => i, count: COUNT, ratePerSecond: broken ? 20 : 1_000_000 })
        .uid("numbers")
        .sinkTo({
          name: "numbers",
          guarantee: "exactly-once",
          createWriter() {
            let written: number[] = [];
            return {
              ready: true,
              write(n: number) {
                seen.push(n);
                written.push(n);
              },
              flush() {},
              prepareCommit: () => written.splice(0),
              close: () => void (written = []),
            };
          },
          createCommitter: () => ({
            async commit(numbers: readonly number[]) {
              if (broken) throw new RangeError("no room");
              for (const n of numbers) visible.set(n, (visible.get(n) ?? 0) + 1);
              return numbers.map(() => ({ kind: "committed" as const }));
            },
            close() {},
          }),
        })
        .uid("sink");
    },
    builtinConnectors,
  );
  const start = async (restoreFrom?: RestoreFrom): Promise<InlineJob> => {
    const built = buildJob(program, {
      args: { values: {}, resolvePath: (path) => path },
      config: parseConfig({ "execution.checkpointing.interval": "1 h" }),
      defaultParallelism: 1,
    });
    return startInline(built, rebuilding(program), {
      clock: new SystemClock(),
      streams: new ProcessStreams(),
      restoreFrom,
      log() {},
    });
  };
  const first = await start();
  while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const checkpoint = await first.stopInMemory();
  expect((await first.done).error?.message).toMatch(/stopped with a savepoint, in memory[^]*no room/u);
  broken = false;
  const second = await start({ checkpoint });
  expect((await second.done).status).toBe("FINISHED");
  expect([...visible].sort(([a], [b]) => a - b)).toEqual(Array.from({ length: COUNT }, (_, i) => [i, 1]));
});
