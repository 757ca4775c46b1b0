import { EXTERNAL_PACKAGES } from "../common/config/options.ts";
import type { ArtifactHeader } from "../protocol/cluster/artifact-header.ts";

/** How a job is run in a cluster. */
export interface RunOptions {
  /** The job's arguments: by name, or as on a command line. Paths are those of the cluster's machines. */
  readonly args?: Readonly<Record<string, unknown>> | readonly string[];
  /** Subtasks of each operator that has no parallelism of its own. Default: what settings say, or 1. */
  readonly parallelism?: number;
  /** Settings by option key; they win over the job's and the cluster's. */
  readonly config?: Readonly<Record<string, string | number | boolean>>;
  /** What the job starts from. Default: nothing. */
  readonly restore?: ClusterRestore;
  /**
   * 32 hex digits. The same request under the same id, also after the job has ended, is answered by the job that there is, as long as the cluster
   * remembers it (`jobstore.expiration-time`). Default: a fresh one.
   */
  readonly jobId?: string;
  readonly signal?: AbortSignal;
}

/** The savepoint or checkpoint that a job starts from. */
export interface ClusterRestore {
  /** Its folder, as the cluster's machines see it. */
  readonly path: string;
  /** `NO_CLAIM` (default) leaves it alone; `CLAIM` makes it the job's own. */
  readonly claimMode?: "NO_CLAIM" | "CLAIM";
  /** Whether state of operators that the job no longer has is dropped; else it is refused. Default: false. */
  readonly allowNonRestoredState?: boolean;
}

/** How a job's module is submitted. */
export interface SubmitOptions extends RunOptions {
  /**
   * Packages that stay outside of the artifact, because they have compiled code or must not be bundled: they must be installed on the
   * JobManager's machine and on every TaskManager's. Beside those that `pipeline.external-packages` names in `config`. Default: none.
   */
  readonly externals?: readonly string[];
}

/** All packages that stay outside of a job's artifact. */
export function externalPackages({
  externals = [],
  config = {},
}: Pick<SubmitOptions, "externals" | "config">): readonly string[] {
  const configured = String(config[EXTERNAL_PACKAGES.key] ?? "").split(",");
  return [...new Set([...externals, ...configured.map((name) => name.trim())])].filter((name) => name !== "");
}

/** A job's module as one file, made by a client of this version. */
export interface JobArtifact {
  /** "delays.mjs" */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** What its first line says. */
  readonly header: ArtifactHeader;
}

/** Makes an artifact of a module. */
export type BundleModule = (
  moduleUrl: string,
  options: { readonly externals?: readonly string[] },
) => Promise<JobArtifact>;
