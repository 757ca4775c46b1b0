import type { RunRequest } from "./dispatcher-gateway.ts";

/** A run of an artifact of which nothing else is said. */
export const bareRun = (artifactId: string): RunRequest => ({
  artifactId,
  jobId: undefined,
  args: {},
  config: {},
  parallelism: undefined,
  restore: undefined,
});
