import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { jobId } from "../../packages/millrace/src/common/ids/ids.ts";
import { ScriptedJobManager } from "../../packages/millrace/src/cluster/task-manager/process/testing/scripted-job-manager.ts";
import { referenceTo } from "../../packages/millrace/src/cluster/task-manager/process/testing/scripted-task-manager.ts";

let folder: string;
let jobManager: ScriptedJobManager;
let child: ChildProcess;
let printed: string;
let exited: Promise<number | string | null>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-tm-"));
  jobManager = await ScriptedJobManager.listen({ heartbeatTimeout: 60_000 });
});
afterEach(async () => {
  child.kill("SIGKILL");
  await exited;
  await jobManager.close();
  await rm(folder, { recursive: true });
});

function start(settings: Readonly<Record<string, string | number>> = {}): void {
  const all = {
    "jobmanager.rpc.port": jobManager.port,
    "taskmanager.resource-id": "child",
    "taskmanager.registration.initial-backoff": "10 ms",
    "env.log.dir": join(folder, "log"),
    "io.tmp.dirs": folder,
    ...settings,
  };
  const script = fileURLToPath(new URL("run-task-manager.ts", import.meta.url));
  child = spawn(
    process.execPath,
    ["--conditions=millrace-source", script, ...Object.entries(all).map(([key, value]) => `${key}=${value}`)],
    { env: { ...process.env, MILLRACE_PROPERTIES: "security.internal.token: hush-hush" } },
  );
  printed = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk) => (printed += String(chunk)));
  exited = new Promise((resolve) => child.on("exit", (code, signal) => resolve(code ?? signal)));
}

const ORDER = {
  token: { epoch: 0, jobId: jobId(new Uint8Array(16)), attempt: 1 },
  jobName: "nothing",
  channels: [],
  networkMemory: undefined,
  count: 1,
};
const MODULE = Buffer.from("export default 1;\n");

describe("a TaskManager's process", () => {
  it("ends in order on SIGTERM, leaves its log and nothing else, and tells no secret", async () => {
    start();
    const peer = await jobManager.registered();
    const artifact = referenceTo(MODULE);
    jobManager.artifacts.set(artifact.sha256, MODULE);
    expect(await peer.open(peer.order(ORDER, artifact))).toMatchObject({ type: "slotsOpened" });
    child.kill("SIGTERM");
    await peer.lost;
    expect(await exited).toBe(0);
    expect(await readdir(folder)).toEqual(["log"]);
    const log = await readFile(join(folder, "log", "millrace-taskmanager-child.log"), "utf8");
    for (const text of [log, printed]) {
      expect(text).toContain("registered with the JobManager");
      expect(text).toContain("got SIGTERM");
      expect(text).not.toContain("hush");
    }
  });

  it("ends with an error when nobody wants it", async () => {
    await jobManager.close();
    start({ "taskmanager.registration.timeout": "100 ms" });
    expect(await exited).toBe(1);
    expect(printed).toContain("longer than taskmanager.registration.timeout");
    jobManager = await ScriptedJobManager.listen();
  });

  it("frozen until it was given up, comes back without its slots", async () => {
    await jobManager.close();
    jobManager = await ScriptedJobManager.listen({ heartbeatTimeout: 4000 });
    start();
    const before = await jobManager.registered();
    const artifact = referenceTo(MODULE);
    jobManager.artifacts.set(artifact.sha256, MODULE);
    expect(await before.open(before.order(ORDER, artifact))).toMatchObject({ type: "slotsOpened" });
    const heard = (): number => before.received.filter(({ type }) => type !== "heartbeat").length;
    child.kill("SIGSTOP");
    const known = heard();
    // What the JobManager says meanwhile waits in the socket, and is obeyed by nobody.
    before.send({ type: "openSlots", request: 99, ...before.order(ORDER, artifact) });
    await new Promise((resolve) => setTimeout(resolve, 4200));
    child.kill("SIGCONT");
    await before.lost;
    expect(heard()).toBe(known);
    const after = await jobManager.registered();
    expect(await after.ask({ kind: "metrics" })).toMatchObject({ taskSlotsAvailable: 1, taskSlotsTotal: 1 });
    expect(await after.open(after.order(ORDER, artifact))).toMatchObject({ type: "slotsOpened" });
  });
});
