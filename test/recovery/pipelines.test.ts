import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { start } from "millrace";
import type { JobClient, RunOptions } from "millrace";
import { OUT } from "../pipelines/collect.ts";
import { DISTURBANCE, letGo } from "../pipelines/disturbance.ts";
import "../testing/built-threads.ts";

const PIPELINES = [
  "stateless",
  "windows",
  "rolling",
  "timers",
  "joins",
  "connected",
  "asynchronous",
] as const;

type Mode = readonly ["inline" | "local", "hashmap" | "rocksdb", "aligned" | "unaligned"];

const MODES: readonly Mode[] = [
  ["inline", "hashmap", "aligned"],
  ["inline", "hashmap", "unaligned"],
  ["local", "hashmap", "aligned"],
  ["local", "rocksdb", "aligned"],
];

/** What RocksDB is tried with here: every layout of state, and timers. */
const IN_ROCKSDB: ReadonlySet<string> = new Set(["windows", "timers", "joins"]);

const sorted = (lines: readonly string[]): readonly string[] =>
  [...lines].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-recovery-"));
});
afterEach(() => {
  delete process.env[DISTURBANCE];
  rmSync(folder, { recursive: true, force: true });
});

/** A job that is run more than once: its results, whichever run they come from. */
class Disturbed {
  readonly results: string[] = [];
  readonly expected: readonly string[];
  readonly #url: URL;
  readonly #options: RunOptions;
  #collecting: Promise<void> = Promise.resolve();

  constructor(url: URL, expected: readonly string[], [mode, backend, alignment]: Mode) {
    this.#url = url;
    this.expected = sorted(expected);
    this.#options = {
      mode,
      config: {
        "state.backend.type": backend,
        "execution.checkpointing.interval": 10,
        "execution.checkpointing.unaligned.enabled": alignment === "unaligned",
        "execution.checkpointing.dir": join(folder, "checkpoints"),
        "restart-strategy.type": "fixed-delay",
        "restart-strategy.fixed-delay.delay": 1,
      },
      log: () => {},
    };
    process.env[DISTURBANCE] = this.file;
  }

  get file(): string {
    return join(folder, "disturb");
  }

  async start(parallelism: number, savepoint?: string): Promise<JobClient> {
    const client = await start(this.#url, {
      ...this.#options,
      parallelism,
      ...(savepoint === undefined ? {} : { restore: { path: savepoint } }),
    });
    this.#collecting = this.#collect(client);
    return client;
  }

  /** Waits for the end of the run at hand. */
  async ended(): Promise<void> {
    await this.#collecting;
  }

  async #collect(client: JobClient): Promise<void> {
    for await (const batch of client.collected(OUT)) this.results.push(...(batch as readonly string[]));
  }
}

/** Waits until a checkpoint is complete that the job may start again from. */
async function checkpointed(client: JobClient): Promise<void> {
  while (client.checkpoints().completed === 0) {
    expect(["FINISHED", "FAILED", "CANCELED"]).not.toContain(client.status());
    await soon();
  }
}

describe.each(PIPELINES)("pipeline %s", (name) => {
  const url = new URL(`../pipelines/jobs/${name}.ts`, import.meta.url);

  const modes = MODES.filter(([, backend]) => backend === "hashmap" || IN_ROCKSDB.has(name));
  describe.each(modes)("%s, state in %s, %s", (...mode) => {
    async function disturbed(): Promise<Disturbed> {
      const module = (await import(url.href)) as { expected(): readonly string[] };
      return new Disturbed(url, module.expected(), mode);
    }

    it("gives the same after a failure", async () => {
      const job = await disturbed();
      const client = await job.start(2);
      await checkpointed(client);
      writeFileSync(job.file, "");
      await job.ended();
      expect([existsSync(job.file), client.checkpoints().restored]).toEqual([false, 1]);
      expect(sorted(job.results)).toEqual(job.expected);
    });

    it("gives the same when it is stopped with 2 subtasks, goes on with 3, and then with 1", async () => {
      const job = await disturbed();
      let savepoint: string | undefined;
      for (const parallelism of [2, 3]) {
        const client = await job.start(parallelism, savepoint);
        await checkpointed(client);
        savepoint = await client.stopWithSavepoint({ directory: join(folder, "savepoints") });
        await job.ended();
        expect(job.results.length).toBeLessThan(job.expected.length);
      }
      letGo(job.file);
      await job.start(1, savepoint);
      await job.ended();
      expect(sorted(job.results)).toEqual(job.expected);
    });
  });
});
