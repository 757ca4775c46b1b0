import { basename, dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { artifactHeaderLine, type ArtifactHeader } from "../../protocol/cluster/artifact-header.ts";
import { engineVersion } from "../engine-version.ts";
import { explainBundling } from "./explain-bundling.ts";
import { KEPT_ADDRESSES, keepMeta } from "./keep-import-meta.ts";
import { refuseNative } from "./refuse-native.ts";

/** A job's module with everything that it imports, as one file for a cluster. */
export interface BundledArtifact {
  /** "delays.mjs" */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** What its first line says. */
  readonly header: ArtifactHeader;
}

/** How a module is bundled. */
export interface BundleOptions {
  /** Packages that stay outside: they must be installed wherever the job runs. Default: none. */
  readonly externals?: readonly string[];
  /** What the job is called, where that is known. */
  readonly jobName?: string;
  readonly description?: string;
}

/** Packages that are the cluster's own: one instance of each in a process. */
const OWN_PACKAGES = ["millrace", "millrace/*", "@millrace/*"];

/** For packages of CommonJS that ask for modules of Node.js, or for what is external. */
const REQUIRE =
  'import { createRequire as __millrace_createRequire } from "node:module"; const require = __millrace_createRequire(import.meta.url);';

/**
 * Bundles a job's module whole: its own files and all packages but `millrace`, its satellites and `externals`. Stack traces name the user's
 * files; `import.meta.url` of each file stays what it was. Nothing of the job is run.
 *
 * @throws MillraceError JOB_MODULE_INVALID when the module or what it imports can't be read, doesn't parse, isn't installed, or has
 *   compiled code, naming package and importer
 * @example `const { name, bytes } = await bundleArtifact(pathToFileURL("delays.ts").href);`
 */
export async function bundleArtifact(
  moduleUrl: string,
  options: BundleOptions = {},
): Promise<BundledArtifact> {
  const { externals = [], jobName, description } = options;
  const path = fileURLToPath(moduleUrl);
  const name = `${basename(path).replace(/\.[cm]?[jt]sx?$/u, "")}.mjs`;
  const header: ArtifactHeader = {
    engineVersion: engineVersion(),
    originalUrl: moduleUrl,
    ...(jobName === undefined ? {} : { jobName }),
    ...(description === undefined ? {} : { description }),
    ...(externals.length === 0 ? {} : { externals: [...externals] }),
  };
  const esbuild = await import("esbuild");
  try {
    const { outputFiles } = await esbuild.build({
      entryPoints: [path],
      outfile: `${path}.artifact.mjs`,
      write: false,
      bundle: true,
      external: [...OWN_PACKAGES, ...externals.flatMap((each) => [each, `${each}/*`])],
      format: "esm",
      platform: "node",
      target: "node24",
      charset: "utf8",
      sourcemap: "external",
      sourcesContent: false,
      logLevel: "silent",
      define: { ...KEPT_ADDRESSES },
      banner: { js: `${artifactHeaderLine(header)}${REQUIRE}` },
      plugins: [refuseNative(new Set(externals)), keepMeta],
    });
    const code = outputFiles.find((file) => file.path.endsWith(".mjs"))?.text ?? "";
    const map = outputFiles.find((file) => file.path.endsWith(".map"))?.text ?? "{}";
    return { name, header, bytes: Buffer.from(`${code}${mapComment(map, dirname(path))}`) };
  } catch (error) {
    throw explainBundling(error, path);
  }
}

/** The source map as a comment. Its paths are relative to where the module was: elsewhere they must be whole. */
function mapComment(map: string, folder: string): string {
  const parsed = JSON.parse(map) as { sources?: readonly string[] };
  // Not encoded: Node shows them as they stand here.
  const sources = (parsed.sources ?? []).map((source) => `file://${resolve(folder, source)}`);
  const text = Buffer.from(JSON.stringify({ ...parsed, sources })).toString("base64");
  return `//# sourceMappingURL=data:application/json;base64,${text}\n`;
}
