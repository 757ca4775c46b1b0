import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { run, start } from "millrace";
import type { RunOptions } from "millrace";
import "../testing/built-threads.ts";

const toFiles = new URL("./jobs/to-files.ts", import.meta.url);
const COUNT = 20_000;
let output: string;

beforeEach(async () => {
  output = await mkdtemp(join(tmpdir(), "millrace-files-"));
});
afterEach(() => rm(output, { recursive: true, force: true }));

const visible = async (): Promise<readonly string[]> =>
  (await readdir(output)).filter((name) => !/^[._]/u.test(name));

it.each<[string, RunOptions]>([
  ["inline", { mode: "inline" }],
  ["2 slots", { parallelism: 2 }],
])("files are whole and complete when the job has finished, %s", async (_, options) => {
  await run(toFiles, { ...options, args: { output, count: COUNT } });
  const texts = await Promise.all((await visible()).map((name) => readFile(join(output, name), "utf8")));
  const numbers = texts.flatMap((text) =>
    text
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { i: number }).i),
  );
  expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: COUNT }, (_item, i) => i));
});

it.each<[string, RunOptions]>([
  ["inline", { mode: "inline" }],
  ["2 slots", { parallelism: 2 }],
])(
  "nothing half-written is to be seen when the job has failed, and what was there before stays, %s",
  async (_, options) => {
    await run(toFiles, { ...options, args: { output, count: 100 } });
    const before = await visible();
    expect(before.length).toBeGreaterThan(0);
    await expect(
      run(toFiles, { ...options, args: { output, count: 5_000_000, failAt: 1000 } }),
    ).rejects.toThrow(/enough/u);
    expect(await visible()).toEqual(before);
  },
);

it.each<[string, RunOptions]>([
  ["inline", { mode: "inline" }],
  ["2 slots", { parallelism: 2 }],
])(
  "an endless job's files appear while it runs, and what it has written is kept when it is cancelled, %s",
  async (_, options) => {
    const client = await start(new URL("./jobs/endless-files.ts", import.meta.url), {
      ...options,
      args: { output },
    });
    const result = client.result().catch(() => undefined);
    while ((await visible()).length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    await client.cancel();
    await result;
    const texts = await Promise.all((await visible()).map((name) => readFile(join(output, name), "utf8")));
    const numbers = texts.flatMap((text) =>
      text
        .trimEnd()
        .split("\n")
        .map((line) => (JSON.parse(line) as { i: number }).i),
    );
    const written = (await client.metrics()).reduce(
      (sum, { values }) => sum + Number(values["numRecordsToSinks"] ?? 0),
      0,
    );
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers).toHaveLength(written);
    expect((await readdir(output)).filter((name) => name.startsWith("."))).toEqual([]);
  },
);
