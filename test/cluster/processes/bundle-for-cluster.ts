import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { engineVersion } from "../../../packages/millrace/src/cluster/engine-version.ts";
import { artifactHeaderLine } from "../../../packages/millrace/src/protocol/cluster/artifact-header.ts";

/** A job module as an artifact: all but `millrace` in one file. */
export async function bundleForCluster(
  module: URL,
): Promise<{ readonly name: string; readonly text: string }> {
  const path = fileURLToPath(module);
  const { outputFiles } = await build({
    entryPoints: [path],
    bundle: true,
    write: false,
    external: ["millrace"],
    format: "esm",
    platform: "node",
    target: "node24",
    define: { "import.meta": "__meta" },
    banner: {
      js: `const __meta = ${JSON.stringify({ url: module.href, filename: path, main: false })};`,
    },
  });
  const header = artifactHeaderLine({ engineVersion: engineVersion(), originalUrl: module.href });
  return { name: `${basename(path, ".ts")}.mjs`, text: header + (outputFiles[0]?.text ?? "") };
}
