import { existsSync } from "node:fs";
import { open } from "node:fs/promises";
import { createRequire } from "node:module";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { EXTERNAL_PACKAGES } from "../../common/config/options.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import {
  hasArtifactHeader,
  MAX_ARTIFACT_HEADER_BYTES,
  readArtifactHeader,
} from "../../protocol/cluster/artifact-header.ts";
import type { JobArtifact } from "./bundle-job.ts";
import { packagePlaces } from "./package-places.ts";

/**
 * Sees that the packages that an artifact needs and does not hold are installed where this process finds them, before anything of the job is
 * loaded. Bundles of this machine's own jobs are no artifacts, and need no check.
 *
 * @throws JOB_MODULE_INVALID, naming all that are missing, this machine, and where they were looked for
 */
export async function checkExternals({
  url,
  originalUrl,
}: Pick<JobArtifact, "url" | "originalUrl">): Promise<void> {
  const missing = (await externalsOf(fileURLToPath(url))).filter((name) => !isInstalled(name, originalUrl));
  if (missing.length === 0) return;
  const names = missing.join(", ");
  throw new MillraceError(
    "JOB_MODULE_INVALID",
    `${missing.length === 1 ? `package ${names} is` : `packages ${names} are`} not installed on ${hostname()}, for process ${process.pid}, and the job was bundled without`,
    {
      help: `Install ${missing.length === 1 ? "it" : "them"} on the JobManager's machine and on every TaskManager's, beside millrace (${dirname(fileURLToPath(import.meta.url))}) or in the folder where the process was started (${process.cwd()}). A package without compiled code may also travel with the job: leave it out of --external and ${EXTERNAL_PACKAGES.key}.`,
      details: { packages: missing, host: hostname() },
    },
  );
}

async function externalsOf(path: string): Promise<readonly string[]> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(
      Buffer.allocUnsafe(MAX_ARTIFACT_HEADER_BYTES),
      0,
      MAX_ARTIFACT_HEADER_BYTES,
      0,
    );
    const start = buffer.subarray(0, bytesRead);
    return hasArtifactHeader(start) ? (readArtifactHeader(start).externals ?? []) : [];
  } finally {
    await file.close();
  }
}

/** Folders of NODE_PATH and the like count for `require` alone: they are left out. */
const isInstalled = (name: string, originalUrl: string): boolean =>
  packagePlaces(originalUrl).some((place) =>
    (createRequire(place).resolve.paths(name) ?? []).some(
      (folder) => basename(folder) === "node_modules" && existsSync(join(folder, name, "package.json")),
    ),
  );
