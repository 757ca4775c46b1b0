import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { start } from "millrace";
import type { ConfigValues, JobClient } from "millrace";

const JOB = new URL("./jobs/every-state.ts", import.meta.url);
const COUNT = 900;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-chain-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly parallelism: number;
  readonly config?: ConfigValues;
  readonly held?: boolean;
  readonly savepoint?: string | undefined;
}

class Runs {
  readonly lines: string[] = [];
  #collecting: Promise<void> = Promise.resolve();

  async start({ parallelism, config = {}, held = false, savepoint }: Run): Promise<JobClient> {
    const client = await start(JOB, {
      mode: "inline",
      parallelism,
      args: { count: COUNT, held },
      config: {
        "execution.checkpointing.interval": 50,
        "execution.checkpointing.dir": join(folder, "checkpoints"),
        "restart-strategy.type": "none",
        ...config,
      },
      log: () => {},
      ...(savepoint === undefined ? {} : { restore: { path: savepoint } }),
    });
    this.#collecting = (async () => {
      for await (const batch of client.collected("out")) this.lines.push(...(batch as readonly string[]));
    })();
    return client;
  }

  /** Lets a run go on for a while, then stops it. */
  async leg(run: Run): Promise<string> {
    const client = await this.start({ ...run, held: true });
    const before = this.lines.length;
    while (client.checkpoints().completed < 2 || this.lines.length === before)
      await new Promise((resolve) => setTimeout(resolve, 5));
    const path = await client.stopWithSavepoint({ directory: join(folder, "savepoints") });
    await this.#collecting;
    return path;
  }

  async toTheEnd(run: Run): Promise<readonly string[]> {
    await this.start(run);
    await this.#collecting;
    return this.lines.sort();
  }
}

const BACKEND = "state.backend.type";

it.each<readonly ["hashmap" | "rocksdb", "hashmap" | "rocksdb", "hashmap" | "rocksdb"]>([
  ["hashmap", "rocksdb", "hashmap"],
  ["rocksdb", "hashmap", "rocksdb"],
])(
  "every shape of state goes from 4 subtasks to 1 and to 3, from %s to %s and to %s",
  async (...backends) => {
    const undisturbed = await new Runs().toTheEnd({ parallelism: 2 });
    const runs = new Runs();
    const first = await runs.leg({ parallelism: 4, config: { [BACKEND]: backends[0] } });
    const early = runs.lines.length;
    const second = await runs.leg({ parallelism: 1, config: { [BACKEND]: backends[1] }, savepoint: first });
    const later = runs.lines.length;
    const all = await runs.toTheEnd({
      parallelism: 3,
      config: { [BACKEND]: backends[2] },
      savepoint: second,
    });
    expect([early > 0, later > early, all.length > later]).toEqual([true, true, true]);
    expect(all).toEqual(undisturbed);
    // Of these plain code can tell.
    for (const what of ["packed", "shared", "called", "in order"])
      expect(all.filter((line) => line.startsWith(`${what} `))).toEqual(
        Array.from({ length: COUNT }, (_, i) => `${what} ${i}`).sort(),
      );
  },
);
