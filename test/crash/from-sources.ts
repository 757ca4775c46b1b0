import { fileURLToPath } from "node:url";
import type { CrashRun } from "./crash-run.ts";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** Runs a job of this folder by the command line's sources, as they are. */
export function fromSources(job: string): Pick<CrashRun, "command" | "cwd" | "env" | "job"> {
  return {
    command: [
      process.execPath,
      "--conditions=millrace-source",
      path("../../packages/millrace/src/cli/main.ts"),
    ],
    cwd: path("../.."),
    env: {
      ...process.env,
      NODE_OPTIONS: "",
      NODE_COMPILE_CACHE: path("../../node_modules/.cache/millrace-compile"),
    },
    job: path(`./jobs/${job}.ts`),
  };
}
