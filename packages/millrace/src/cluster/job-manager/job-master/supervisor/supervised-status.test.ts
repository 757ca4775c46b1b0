import { describe, expect, it } from "vitest";
import type { JobStatus } from "../../../../graph/execution/job-status.ts";
import { SupervisedStatus } from "./supervised-status.ts";

function walk(...to: readonly JobStatus[]): readonly JobStatus[] {
  const seen: JobStatus[] = [];
  const status = new SupervisedStatus("walk", (now) => seen.push(now));
  for (const next of to) status.to(next);
  return seen;
}

describe("SupervisedStatus", () => {
  it("passes what lies between, and tells nothing twice", () => {
    expect(walk("CREATED", "CREATED", "FAILED")).toEqual(["CREATED", "FAILING", "FAILED"]);
    expect(walk("CREATED", "RUNNING", "RESTARTING", "RESTARTING", "CANCELED")).toEqual([
      "CREATED",
      "RUNNING",
      "RESTARTING",
      "CANCELLING",
      "CANCELED",
    ]);
  });

  it("does not start again what never ran", () => {
    expect(walk("CREATED", "RESTARTING", "RUNNING")).toEqual(["CREATED", "RUNNING"]);
  });

  it("leaves no end", () => {
    expect(() => walk("CREATED", "RUNNING", "FINISHED", "RUNNING")).toThrow(/can't go from FINISHED/u);
  });
});
