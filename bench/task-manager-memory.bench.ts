/*
 * What a TaskManager with 4 slots takes while it has nothing to do: its resident memory some seconds after it has registered, with the
 * threads for its slots started. Bundled as the package is. Run it: `npx node bench/task-manager-memory.bench.ts`. The budget is 250 MB.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { WebSocketServer } from "ws";
import { printReport } from "./report.ts";

const root = dirname(import.meta.dirname);
const MB = 1024 * 1024;
const SLOTS = 4;
/** ms for threads to start, and for what they have loaded to settle. */
const SETTLE = 5000;

/** Runs the benchmark; `report` gets what was measured. */
export async function run(report: (name: string, value: number, unit: string) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-idle-"));
  // Beside dist, so that the package's manifest and dependencies are where the bundle looks for them.
  const bundle = mkdtempSync(join(root, "packages/millrace/temp-"));
  const source = (path: string): string => join(root, "packages/millrace/src", path);
  await build({
    entryPoints: {
      "task-manager": join(root, "test/cluster/run-task-manager.ts"),
      "slot-worker": source("cluster/task-manager/slot-worker.ts"),
      index: source("index.ts"),
    },
    outdir: bundle,
    bundle: true,
    splitting: true,
    packages: "external",
    conditions: ["millrace-source"],
    format: "esm",
    platform: "node",
    target: "node24",
    minify: true,
    logLevel: "warning",
  });
  const { port, register, close } = await listen();
  const child = spawn(
    process.execPath,
    [
      join(bundle, "task-manager.js"),
      `jobmanager.rpc.port=${port}`,
      `taskmanager.numberOfTaskSlots=${SLOTS}`,
      `env.log.dir=${folder}`,
      `io.tmp.dirs=${folder}`,
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  try {
    const began = performance.now();
    await register;
    report("from the start of the process to its registration", performance.now() - began, "ms");
    await new Promise((resolve) => setTimeout(resolve, SETTLE));
    const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
    const of = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "mu").exec(status)?.[1]);
    report(`resident memory of an idle TaskManager with ${SLOTS} slots`, (of("VmRSS") * 1024) / MB, "MB");
    report("threads", of("Threads"), "");
  } finally {
    child.kill("SIGTERM");
    await new Promise((resolve) => child.on("exit", resolve));
    close();
    rmSync(bundle, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A JobManager that does nothing but to register whoever comes. */
async function listen(): Promise<{ port: number; register: Promise<void>; close: () => void }> {
  const { encodeResourceFrame } =
    await import("../packages/millrace/src/cluster/transport/connection-frames.ts");
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  const register = new Promise<void>((resolve) => {
    sockets.on("connection", (socket) => {
      socket.send(
        encodeResourceFrame({
          type: "registered",
          epoch: 1,
          heartbeatInterval: 2000,
          heartbeatTimeout: 60_000,
        }),
      );
      resolve();
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    register,
    close() {
      sockets.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

if (import.meta.main) await run(printReport);
