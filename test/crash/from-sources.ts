import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { builtEngine } from "../testing/built-engine.ts";
import type { CrashRun } from "./crash-run.ts";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

const engine = await builtEngine();

/** Runs a job of this folder by the command line, built from the sources as they are. */
export function fromSources(job: string): Pick<CrashRun, "command" | "cwd" | "env" | "job"> {
  return {
    command: [process.execPath, "--conditions=millrace-source", join(engine, "dist/cli.js")],
    cwd: path("../.."),
    env: {
      ...process.env,
      NODE_OPTIONS: "",
      NODE_COMPILE_CACHE: path("../../node_modules/.cache/millrace-compile"),
    },
    job: path(`./jobs/${job}.ts`),
  };
}
