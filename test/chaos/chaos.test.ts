import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { chaosRun } from "./chaos-run.ts";

it("loses and doubles nothing, whatever happens to the processes and between them", async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-chaos-"));
  try {
    const notes: string[] = [];
    const report = await chaosRun({
      folder,
      duration: 12_000,
      faults: 5,
      seed: 7,
      rate: 1000,
      log: (line) => notes.push(line),
    });
    expect(report.differences, notes.join("\n")).toEqual([]);
    expect(report.lines).toBeGreaterThan(9600);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 300_000);
