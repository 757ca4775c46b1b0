import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bundleJob } from "../../packages/millrace/src/cluster/artifact/bundle-job.ts";
import { loadJob } from "../../packages/millrace/src/cluster/artifact/load-job.ts";
import { JobSupervisor } from "../../packages/millrace/src/cluster/job-manager/job-master/supervisor/job-supervisor.ts";
import { scalableVertices } from "../../packages/millrace/src/cluster/job-manager/job-master/supervisor/scalable-vertices.ts";
import { createStore } from "../../packages/millrace/src/cluster/local/create-store.ts";
import { buildModule } from "../../packages/millrace/src/cluster/local/start-module.ts";
import { WorkerSlots } from "../../packages/millrace/src/cluster/local/worker-slots.ts";
import { seededRandom } from "../../packages/millrace/src/common/clock/random.ts";
import { SystemClock } from "../../packages/millrace/src/common/clock/system-clock.ts";
import { createBatchCodec } from "../../packages/millrace/src/common/codec/batch-codec.ts";
import { parseConfig } from "../../packages/millrace/src/common/config/configuration.ts";
import { jobId } from "../../packages/millrace/src/common/ids/ids.ts";
import { OUT } from "../pipelines/collect.ts";
import { DISTURBANCE, letGo } from "../pipelines/disturbance.ts";
import "../testing/built-threads.ts";

/** Whether they are chained: what is not, has more edges to be spread anew. */
const PIPELINES = [
  ["stateless", false],
  ["windows", true],
  ["rolling", false],
  ["timers", true],
  ["joins", false],
  ["connected", true],
  ["asynchronous", false],
] as const;

/** All vertices alike; every other vertex at another parallelism, so that records are spread anew between them. */
const STEPS: readonly ((vertex: number) => number)[] = [() => 3, (vertex) => (vertex % 2 === 0 ? 1 : 2)];

const sorted = (lines: readonly string[]): readonly string[] =>
  [...lines].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-rescale-"));
  process.env[DISTURBANCE] = join(folder, "disturb");
});
afterEach(() => {
  delete process.env[DISTURBANCE];
  rmSync(folder, { recursive: true, force: true });
});

describe("a pipeline that is rescaled while it runs", () => {
  it.each(PIPELINES)(
    "%s gives the same; chained: %s",
    async (name, chained) => {
      const url = new URL(`../pipelines/jobs/${name}.ts`, import.meta.url);
      const pipeline = (await import(url.href)) as { expected(): readonly string[] };
      const artifact = await bundleJob(url.href);
      const built = buildModule(await loadJob(artifact), {
        parallelism: 2,
        args: [],
        config: parseConfig({
          "execution.checkpointing.interval": 20,
          "pipeline.operator-chaining.enabled": chained,
        }),
      });
      const slots = new WorkerSlots();
      const results: string[] = [];
      const codec = createBatchCodec(undefined, OUT);
      const supervisor = new JobSupervisor({
        jobId: jobId(new Uint8Array(16)),
        epoch: 1,
        program: { kind: "module", url: artifact.url, originalUrl: artifact.originalUrl },
        clock: new SystemClock(),
        random: seededRandom(1),
        streams: { write() {}, read() {}, close() {} },
        built,
        slots: { prepare() {}, want() {}, open: (request) => slots.open(request), waiting: undefined },
        store: await createStore(built.config),
        restore: undefined,
        recovered: [],
        requirements: undefined,
        available: 20,
        collect: (of) =>
          of.listen(OUT, (result) => {
            results.push(...(codec.decode(result.batch) as readonly string[]));
            result.taken();
          }),
        onStatus: () => {},
        log: () => {},
      });
      try {
        supervisor.start();
        const vertices = scalableVertices(built.streamGraph, built.jobGraph);
        // Until every split was begun, event time does not know of all of them: at a smaller parallelism some could come late.
        await expect.poll(() => results.length, { timeout: 60_000, interval: 5 }).toBeGreaterThan(0);
        for (const [index, step] of STEPS.entries()) {
          const requirements = Object.fromEntries(
            vertices.map(({ id, limit }, vertex) => {
              const upper = Math.min(limit, step(vertex));
              return [id, { lower: upper, upper }];
            }),
          );
          supervisor.require(requirements);
          await expect
            .poll(
              () => supervisor.describe().rescales.filter(({ status }) => status === "COMPLETED").length,
              {
                timeout: 60_000,
                interval: 5,
              },
            )
            .toBe(index + 1);
        }
        letGo(join(folder, "disturb"));
        const { status, error, view } = await supervisor.done;
        expect([status, error]).toEqual(["FINISHED", undefined]);
        expect(view.vertices.map(({ parallelism }) => parallelism)).toEqual(
          vertices.map(({ limit }, vertex) => Math.min(limit, vertex % 2 === 0 ? 1 : 2)),
        );
        expect(sorted(results)).toEqual(sorted(pipeline.expected()));
      } finally {
        supervisor.cancel();
        await supervisor.done;
        await slots.close();
        await artifact.dispose();
      }
    },
    180_000,
  );
});
