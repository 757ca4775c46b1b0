import { expect, it } from "vitest";
import { CLUSTER_VERSION } from "../../../protocol/cluster/resource-messages.ts";
import type { TaskManagerDescription } from "../../../protocol/cluster/resource-messages.ts";
import { checkRegistration } from "./check-registration.ts";

const DESCRIPTION: TaskManagerDescription = {
  taskManagerId: "tm-1",
  host: "10.0.0.7",
  dataPort: 6122,
  slots: 2,
  exclusiveJobs: false,
  hardware: { cpuCores: 2, physicalMemory: 1, slotHeap: undefined, networkMemory: 1 },
  engineVersion: "millrace 1",
  pid: 7,
  startedAt: 0,
};
const check = (more: Partial<Record<keyof TaskManagerDescription, unknown>> = {}): TaskManagerDescription =>
  checkRegistration(
    { type: "register", version: CLUSTER_VERSION, description: { ...DESCRIPTION, ...more } as never },
    "millrace 1",
  );

it("takes TaskManagers by name or address, and none whose description can't be right", () => {
  for (const host of ["10.0.0.7", "::1", "fe80::1%eth0", "tm-1.cluster_a.local", "münchen.example"])
    expect(check({ host }).host).toBe(host);
  for (const wrong of [
    { host: "" },
    // Others could not even try to connect.
    { host: "a\0b" },
    { host: "a\nERROR all is lost" },
    { host: "a b" },
    { host: "a/../b" },
    { host: "x".repeat(256) },
    { host: 7 },
    { taskManagerId: "../tm" },
    { dataPort: 0 },
    { slots: 1e9 },
  ])
    expect(() => check(wrong), JSON.stringify(wrong)).toThrow(/describes itself/u);
  expect(() => check({ engineVersion: "millrace 2" })).toThrow(/the JobManager runs millrace 1/u);
});
