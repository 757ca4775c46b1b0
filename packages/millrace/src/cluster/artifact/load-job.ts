import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import { isJobProgram } from "../../graph/stream/job-program.ts";
import type { JobProgram } from "../../graph/stream/job-program.ts";
import type { JobArtifact } from "./bundle-job.ts";
import { checkExternals } from "./check-externals.ts";
import { preloadRuntime, resolveFromOrigin } from "./runtime-modules.ts";

/**
 * Imports a job's bundle in this thread and answers the job that it exports.
 *
 * @throws MillraceError JOB_MODULE_INVALID when it fails while it is loaded, needs packages that are not installed, or exports no job
 */
export async function loadJob(artifact: Pick<JobArtifact, "url" | "originalUrl">): Promise<JobProgram> {
  const { url, originalUrl } = artifact;
  await checkExternals(artifact);
  await preloadRuntime();
  process.setSourceMapsEnabled(true);
  resolveFromOrigin(url, originalUrl);
  let exported: Readonly<Record<string, unknown>>;
  try {
    exported = (await import(url)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    if (MillraceError.is(error)) throw error;
    const text = error instanceof Error ? `${error.name}: ${error.message}` : preview(error);
    throw new MillraceError(
      "JOB_MODULE_INVALID",
      `the job module ${originalUrl} failed while it was loaded: ${text}`,
      {
        cause: error,
        help: "A module's top level runs when the job is built, in every slot: it must not fail, and must not do the job's work itself.",
      },
    );
  }
  const candidate = exported["default"];
  if (isJobProgram(candidate)) return candidate;
  throw notAJob(originalUrl, exported);
}

function notAJob(url: string, exported: Readonly<Record<string, unknown>>): MillraceError {
  const help = 'Write export default job(import.meta, "name", { args: { ... } }, (env, args) => { ... }).';
  const names = Object.keys(exported).filter((name) => name !== "default");
  if (!("default" in exported)) {
    const others = names.length === 0 ? "it exports nothing" : `it exports ${names.join(", ")}`;
    return new MillraceError(
      "JOB_MODULE_INVALID",
      `the job module ${url} has no default export: expected a job made by job(...), ${others}`,
      { help },
    );
  }
  return new MillraceError(
    "JOB_MODULE_INVALID",
    `the default export of the job module ${url} is no job: expected what job(...) answers, got ${preview(exported["default"])}`,
    { help },
  );
}
