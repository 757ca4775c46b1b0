import { describe, expect, it } from "vitest";
import { start } from "millrace";
import type { RunOptions } from "millrace";
import { OUT } from "./collect.ts";
import "../testing/built-threads.ts";

/** Pipelines whose result depends neither on parallelism nor on the order in which subtasks run. */
const PIPELINES = [
  "stateless",
  "windows",
  "rolling",
  "timers",
  "joins",
  "connected",
  "asynchronous",
] as const;

/** Everywhere a job can run. Records are frozen in some, so that a function that changes them is found out. */
const MODES: readonly (readonly [string, RunOptions])[] = [
  ["inline", { mode: "inline", config: { "pipeline.object-freeze": true } }],
  [
    "inline, linked chains, 3 subtasks",
    { mode: "inline", parallelism: 3, config: { "pipeline.compiled-chains": false } },
  ],
  [
    "inline, nothing chained",
    { mode: "inline", parallelism: 2, config: { "pipeline.operator-chaining.enabled": false } },
  ],
  ["1 slot", { parallelism: 1 }],
  ["2 slots", { parallelism: 2 }],
  [
    "2 slots, linked chains, frozen",
    { parallelism: 2, config: { "pipeline.compiled-chains": false, "pipeline.object-freeze": true } },
  ],
  ["4 slots, nothing chained", { parallelism: 4, config: { "pipeline.operator-chaining.enabled": false } }],
];

const sorted = (lines: readonly string[]): readonly string[] =>
  [...lines].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));

describe.each(PIPELINES)("pipeline %s", (name) => {
  const url = new URL(`./jobs/${name}.ts`, import.meta.url);

  it.each(MODES)("gives what plain code computes: %s", async (_, options) => {
    const module = (await import(url.href)) as { expected(): readonly string[] };
    const client = await start(url, options);
    const results: string[] = [];
    for await (const batch of client.collected(OUT)) results.push(...(batch as readonly string[]));
    await client.result();
    expect(sorted(results)).toEqual(sorted(module.expected()));
  });
});
