import { copyFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Plugin } from "esbuild";

/**
 * Packages that are bundled, although dependencies stay external: those of hundreds of small files, which take longer to find than to run.
 * They stay dependencies, because declarations name their types.
 */
const INLINED = ["typebox"] as const;

const FILTER = new RegExp(`^(?:${INLINED.join("|")})(?:/|$)`);

/** Bundles these packages; anything else is left to esbuild. */
export const inlinePackages: Plugin = {
  name: "inline-packages",
  setup(build) {
    build.onResolve({ filter: FILTER }, ({ path, resolveDir }) => ({
      path: createRequire(join(resolveDir, "importer.js")).resolve(path),
    }));
  },
};

/**
 * Puts the licenses of the packages that a bundle holds beside it, as they ask for.
 *
 * @param inputs the files that it was made from, relative to `home`
 */
export async function writeLicenses(home: string, inputs: readonly string[]): Promise<void> {
  for (const name of INLINED) {
    const folder = `node_modules/${name}/`;
    const input = inputs.find((each) => each.includes(folder));
    if (input === undefined) continue;
    const installed = join(home, input.slice(0, input.indexOf(folder) + folder.length));
    await copyFile(join(installed, "license"), join(home, "dist", `LICENSE-${name}.txt`));
  }
}
