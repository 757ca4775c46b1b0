import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileSource, Types, WatermarkStrategy } from "millrace";
import type { DataStream, StreamExecutionEnvironment } from "millrace";
import { miniCluster } from "millrace/testing";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-input-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Reads a few numbers and stops with a savepoint; answers its folder. */
async function stopped(numbers: (env: StreamExecutionEnvironment) => DataStream<unknown>, from?: string) {
  const cluster = await miniCluster({ parallelism: 1 });
  const env = cluster.environment(from === undefined ? {} : { restore: { path: from } });
  numbers(env).print();
  const client = await env.executeAsync();
  await cluster.advance(500);
  const stopping = client.stopWithSavepoint({ directory: join(folder, "savepoints") });
  await cluster.advance(500);
  const savepoint = await stopping;
  await cluster[Symbol.asyncDispose]();
  return { savepoint, log: cluster.stderr, read: cluster.stdout.split("\n").length - 1 };
}

describe("a source whose input was changed after the savepoint", () => {
  const counted = (count: number) => (env: StreamExecutionEnvironment) =>
    env.generate({ generate: (i) => i, count, ratePerSecond: 10 }).uid("numbers");

  it("goes on with what it was started with, and says so each time", async () => {
    const first = await stopped(counted(100));
    expect(first.log).not.toMatch(/continues with/u);
    const second = await stopped(counted(200), first.savepoint);
    const said =
      /warn.* continues with the splits of the savepoint: count is "100" there, and "200" in the job, which changes nothing\. /u;
    expect(second.log).toMatch(said);
    expect((await stopped(counted(200), second.savepoint)).log).toMatch(said);
    expect((await stopped(counted(100), second.savepoint)).log).not.toMatch(/continues with/u);
  });

  it("says so of files", async () => {
    for (const name of ["a.txt", "b.txt"]) writeFileSync(join(folder, name), `${name}\n`);
    const lines =
      (path: string, watch = false) =>
      (env: StreamExecutionEnvironment) =>
        env
          .fromSource(
            fileSource({ path: join(folder, path), format: "lines", watch }),
            WatermarkStrategy.noWatermarks(),
            "lines",
          )
          .uid("lines")
          // Keeps the job from its end.
          .connect(counted(100)(env))
          .process({
            output: Types.string,
            onRecord1: (line, ctx) => ctx.collect(line),
            onRecord2: (n, ctx) => ctx.collect(String(n)),
          });
    const { savepoint } = await stopped(lines("a.txt"));
    const { log } = await stopped(lines("b.txt"), savepoint);
    expect(log).toMatch(/path is ".*a\.txt" there, and ".*b\.txt" in the job, which changes nothing/u);
    expect((await stopped(lines("b.txt", true), savepoint)).log).not.toMatch(/continues with/u);
  });
});
