import { expect, it } from "vitest";
import { MillraceError, start } from "millrace";
import type { RunOptions } from "millrace";
import { CapturedStreams } from "./captured-streams.ts";
import "../testing/built-threads.ts";

const endless = new URL("./jobs/endless.ts", import.meta.url);

it.each<[string, RunOptions]>([
  ["inline", { mode: "inline" }],
  ["2 slots", { parallelism: 2 }],
])("a job that never ends is cancelled, %s", async (_, options) => {
  const streams = new CapturedStreams();
  const controller = new AbortController();
  const client = await start(endless, { ...options, streams, signal: controller.signal });
  const result = client.result().catch((error: unknown) => error);
  while (streams.stdout.length < 100) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(client.status()).toBe("RUNNING");
  controller.abort();
  expect(MillraceError.is(await result, "JOB_CANCELED")).toBe(true);
  expect(client.status()).toBe("CANCELED");
  // What was printed came out whole: every line is a record.
  const lines = streams.stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/^\S*> /u, ""));
  for (const line of lines) expect(JSON.parse(line)).toMatchObject({ n: expect.any(Number) as number });
});

it("a job whose function never returns is cancelled all the same: its threads are ended", async () => {
  const logged: string[] = [];
  const streams = new CapturedStreams();
  const client = await start(new URL("./jobs/stuck.ts", import.meta.url), {
    parallelism: 1,
    streams,
    config: { "task.cancellation.timeout": "300 ms" },
    log: (_, message) => logged.push(message),
  });
  const result = client.result().catch((error: unknown) => error);
  // The function says so right before it hangs; the job may have been RUNNING long before.
  while (!streams.stdout.includes("stuck at 0")) await new Promise((resolve) => setTimeout(resolve, 10));
  await client.cancel();
  expect(MillraceError.is(await result, "JOB_CANCELED")).toBe(true);
  expect(logged).toEqual([expect.stringMatching(/slot 0 did not let go of its tasks within 300 ms/u)]);
});
