import { existsSync } from "node:fs";
import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import type { PackageBuild } from "./entries.ts";
import { inlinePackages, writeLicenses } from "./inline-packages.ts";

/** What a package's bundle holds, for the build's closing lines. */
export interface BundleReport {
  /** Names of the entries that were built. */
  readonly built: readonly string[];
  /** Sources that don't exist yet. */
  readonly missing: readonly string[];
  /** Bytes of JavaScript, source maps not counted. */
  readonly bytes: number;
}

/**
 * Bundles a package's entries into its `dist/`. What entries share goes into chunks, so that a module exists once in
 * a process whichever entries it loads (a second instance of an error class would break `instanceof`). Dependencies
 * stay external, but for those of `inlinePackages`. Files of an earlier build that this one did not write are removed.
 *
 * Fails when a required entry is missing, or when the code refers to a file beside it that is not in `dist/`.
 */
export async function bundle(root: string, { folder, entries }: PackageBuild): Promise<BundleReport> {
  const home = join(root, "packages", folder);
  const dist = join(home, "dist");
  const present = entries.filter(({ source }) => existsSync(join(home, source)));
  const missing = entries.filter((entry) => !present.includes(entry));
  const required = missing.filter((entry) => entry.required);
  if (required.length > 0) {
    throw new Error(`packages/${folder} lacks ${required.map(({ source }) => source).join(", ")}.`);
  }

  const { metafile } = await build({
    absWorkingDir: home,
    entryPoints: Object.fromEntries(present.map(({ name, source }) => [name, source])),
    outdir: dist,
    entryNames: "[name]",
    chunkNames: "chunk-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node24",
    packages: "external",
    plugins: [inlinePackages],
    sourcemap: "linked",
    sourcesContent: true,
    charset: "utf8",
    metafile: true,
    logLevel: "warning",
  });

  const written = new Set(Object.keys(metafile.outputs).map((path) => path.replace(/^dist\//, "")));
  await removeStale(dist, written);
  await checkReferences(dist, written);
  await writeLicenses(home, Object.keys(metafile.inputs));
  const bytes = Object.entries(metafile.outputs)
    .filter(([path]) => path.endsWith(".js"))
    .reduce((sum, [, output]) => sum + output.bytes, 0);
  return { built: present.map(({ name }) => name), missing: missing.map(({ source }) => source), bytes };
}

async function removeStale(dist: string, written: ReadonlySet<string>): Promise<void> {
  const stale = (await readdir(dist)).filter((name) => /\.js(\.map)?$/.test(name) && !written.has(name));
  await Promise.all(stale.map((name) => rm(join(dist, name), { force: true })));
}

/** Every `new URL(..., import.meta.url)` must name a module that was bundled: a worker's entry missing here would only show when the worker starts. */
async function checkReferences(dist: string, written: ReadonlySet<string>): Promise<void> {
  for (const name of written) {
    if (!name.endsWith(".js")) continue;
    const code = await readFile(join(dist, name), "utf8");
    for (const [expression] of code.matchAll(/new URL\([^;]{0,400}?import\.meta\.url\s*\)/g)) {
      const named = [...expression.matchAll(/["'`](\.{1,2}\/[^"'`]*\.(?:js|ts))["'`]/g)].map(
        ([, path]) => path ?? "",
      );
      if (named.length === 0 || named.some((path) => written.has(path.replace(/^\.\//, "")))) continue;
      throw new Error(
        `${expression} in dist/${name} names no bundled module. List it in scripts/build/entries.ts, and refer to it as "./<name>.js".`,
      );
    }
  }
}
