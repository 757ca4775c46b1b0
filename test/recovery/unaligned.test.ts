import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { start } from "millrace";
import type { ConfigValues, JobClient, RunOptions } from "millrace";
import "../testing/built-threads.ts";

const KEYS = 20;
const COUNT = 12_000;
/** More than all queues of a job in one thread hold. */
const MANY = 40_000;
/** Records that each subtask of the sink takes before it holds. */
const FREE = 40;
const JOB = new URL("./jobs/held.ts", import.meta.url);

/** One job after the other over the same files. */
class Held {
  readonly path = mkdtempSync(join(tmpdir(), "millrace-unaligned-"));
  readonly logged: string[] = [];
  readonly #config: ConfigValues;
  readonly #mode: "local" | "inline";
  #clients: JobClient[] = [];
  /** What the sinks of all jobs take before they hold. */
  #free = 0;

  constructor(mode: "local" | "inline", config: ConfigValues) {
    this.#mode = mode;
    this.#config = config;
  }

  async start(
    parallelism: number,
    {
      restore,
      pace,
      count = COUNT,
    }: { readonly restore?: string; readonly pace?: number; readonly count?: number } = {},
  ): Promise<JobClient> {
    const options: RunOptions = {
      mode: this.#mode,
      parallelism,
      args: {
        count,
        gate: join(this.path, "gate"),
        output: join(this.path, "output"),
        trip: join(this.path, "trip"),
        hurry: join(this.path, "hurry"),
        free: FREE,
        ...(pace === undefined ? {} : { pace }),
      },
      config: {
        "execution.checkpointing.interval": "1 h",
        "execution.checkpointing.dir": join(this.path, "checkpoints"),
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        "restart-strategy.type": "fixed-delay",
        "restart-strategy.fixed-delay.delay": "0 ms",
        "taskmanager.network.memory": 96 * 1024,
        ...this.#config,
      },
      log: (_, message) => this.logged.push(message),
      ...(restore === undefined ? {} : { restore: { path: restore } }),
    };
    const client = await start(JOB, options);
    this.#clients.push(client);
    this.#free += FREE * parallelism;
    return client;
  }

  put(file: "gate" | "trip" | "hurry"): void {
    writeFileSync(join(this.path, file), "");
  }

  has(file: "gate" | "trip"): boolean {
    return existsSync(join(this.path, file));
  }

  get lines(): string[] {
    const file = join(this.path, "output");
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  }

  /** Waits until the sink holds, and everything in front of it is full. */
  async full(client: JobClient): Promise<void> {
    let before = -1;
    for (let same = 0; same < 5;) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      const subtasks = await client.metrics();
      const moved = subtasks.reduce((sum, { values }) => sum + Number(values["numRecordsIn"]), 0);
      same = moved === before && this.lines.length >= this.#free ? same + 1 : 0;
      before = moved;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client.cancel();
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** The last line of each key in a run without disturbance. */
function undisturbed(count = COUNT): string[] {
  return Array.from({ length: KEYS }, (_, key) => {
    const each = count / KEYS;
    return `${key} ${each} ${key * each + (KEYS * each * (each - 1)) / 2}`;
  });
}

function lastOf(lines: readonly string[]): string[] {
  const last = new Map<number, string>();
  for (const line of lines) {
    const [key, n] = line.split(" ").map(Number) as [number, number];
    if (n >= Number(last.get(key)?.split(" ")[1] ?? 0)) last.set(key, line);
  }
  return [...last].sort(([a], [b]) => a - b).map(([, line]) => line);
}

const wrong = (lines: readonly string[]): string[] => lines.filter((line) => line.includes("wrong"));

let held: Held;
afterEach(() => held[Symbol.asyncDispose]());

describe.each(["inline", "local"] as const)("checkpoints under back-pressure, %s", (mode) => {
  it("complete unaligned while the sink holds, and a failure goes back to them", async () => {
    held = new Held(mode, { "execution.checkpointing.unaligned.enabled": true });
    const client = await held.start(2);
    await held.full(client);
    const before = held.lines.length;
    const id = await client.triggerCheckpoint();
    expect(client.checkpoints().history[0]).toMatchObject({ id, status: "COMPLETED" });
    expect(held.lines.length).toBe(before);
    held.put("trip");
    held.put("gate");
    await client.result();
    expect(held.has("trip")).toBe(false);
    expect(client.checkpoints().restored).toBe(1);
    expect(wrong(held.lines)).toEqual([]);
    expect(lastOf(held.lines)).toEqual(undisturbed());
  });

  it("do not complete aligned before the sink lets go", async () => {
    held = new Held(mode, {});
    const client = await held.start(2);
    await held.full(client);
    let done = false;
    const checkpoint = client.triggerCheckpoint().then(() => (done = true));
    await held.full(client);
    expect(done).toBe(false);
    held.put("gate");
    await checkpoint;
    await client.result();
    expect(lastOf(held.lines)).toEqual(undisturbed());
  });

  it("turn unaligned when they can't align in time", async () => {
    held = new Held(mode, {
      "execution.checkpointing.unaligned.enabled": true,
      "execution.checkpointing.aligned-checkpoint-timeout": "50 ms",
    });
    const client = await held.start(2);
    await held.full(client);
    const before = held.lines.length;
    await client.triggerCheckpoint();
    expect(held.lines.length).toBe(before);
    held.put("trip");
    held.put("gate");
    await client.result();
    expect(client.checkpoints().restored).toBe(1);
    expect(wrong(held.lines)).toEqual([]);
    expect(lastOf(held.lines)).toEqual(undisturbed());
  });

  it.each(["0 ms", "5 ms"])(
    "count every record once, one after the other, failure after failure, with %s to align",
    async (timeout) => {
      held = new Held(mode, {
        "execution.checkpointing.interval": "20 ms",
        "execution.checkpointing.unaligned.enabled": true,
        "execution.checkpointing.aligned-checkpoint-timeout": timeout,
        "restart-strategy.fixed-delay.attempts": 100,
      });
      held.put("gate");
      // It would take half a minute, if it did not hurry in the end.
      const client = await held.start(2, { pace: 1, count: MANY });
      const over = client.result();
      for (
        let failures = 1;
        failures <= (mode === "inline" ? 3 : 1) && client.status() === "RUNNING";
        failures++
      ) {
        const { completed } = client.checkpoints();
        while (client.checkpoints().completed < completed + 2 && client.status() === "RUNNING")
          await new Promise((resolve) => setTimeout(resolve, 5));
        held.put("trip");
        while (
          client.checkpoints().restored < failures &&
          ["RUNNING", "RESTARTING"].includes(client.status())
        )
          await new Promise((resolve) => setTimeout(resolve, 5));
      }
      held.put("hurry");
      await over;
      expect(client.checkpoints().restored).toBeGreaterThan(0);
      expect(wrong(held.lines)).toEqual([]);
      expect(lastOf(held.lines)).toEqual(undisturbed(MANY));
    },
  );

  // To 3 subtasks and then to 1; threads take long to start.
  it.each(mode === "inline" ? [1, 2, 3] : [3])(
    "go on from an unaligned one with %d subtasks instead of 2",
    async (parallelism) => {
      held = new Held(mode, { "execution.checkpointing.unaligned.enabled": true });
      const first = await held.start(2);
      await held.full(first);
      await first.triggerCheckpoint();
      const { path } = first.checkpoints().history[0]!;
      await first.cancel();
      // Another one in the middle of replaying, to begin with.
      const second = await held.start(parallelism, { restore: path! });
      await held.full(second);
      await second.triggerCheckpoint();
      const again = second.checkpoints().history[0]!.path;
      await second.cancel();
      held.put("gate");
      const third = await held.start(parallelism === 2 ? 2 : 4 - parallelism, { restore: again! });
      await third.result();
      expect(wrong(held.lines)).toEqual([]);
      expect(lastOf(held.lines)).toEqual(undisturbed());
    },
  );
});
