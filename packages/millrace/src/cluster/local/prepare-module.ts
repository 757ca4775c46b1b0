import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { BuiltJob } from "../artifact/build-job.ts";
import { bundleJob } from "../artifact/bundle-job.ts";
import { loadJob } from "../artifact/load-job.ts";
import type { LocalJob } from "./local-job.ts";
import { buildModule, startArtifact } from "./start-module.ts";
import type { ModuleOptions, PlanOptions } from "./start-module.ts";

/** A job module that was bundled and built, ready to be started once, for nobody who would take what collect sinks hand over. */
export interface PreparedModule extends BuiltJob {
  /** The files that it was made from, absolute. */
  readonly inputs: readonly string[];
  /** Equal for bundles of equal contents. */
  readonly hash: string;
  /** Its bundle belongs to the job from now on. */
  start(options: PreparedStart): Promise<LocalJob>;
  /** It won't be started. */
  dispose(): Promise<void>;
}

/** How a prepared module is started. */
export type PreparedStart = Pick<ModuleOptions, "streams" | "restoreFrom" | "log">;

/**
 * Bundles, imports and builds a job's module as its files are now.
 *
 * @throws MillraceError for a module that isn't a job's, for wrong arguments, and for what the program refuses itself
 */
export async function prepareModule(moduleUrl: string, options: PlanOptions): Promise<PreparedModule> {
  const artifact = await bundleJob(moduleUrl);
  try {
    const program = await loadJob(artifact);
    const bundle = await readFile(fileURLToPath(artifact.url));
    return {
      ...buildModule(program, options),
      inputs: artifact.inputs,
      hash: createHash("sha256").update(bundle).digest("hex"),
      start: (how) => startArtifact(artifact, program, { ...options, ...how, unattended: true }),
      dispose: () => artifact.dispose(),
    };
  } catch (error) {
    await artifact.dispose();
    throw error;
  }
}
