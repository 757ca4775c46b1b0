import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Writes a package's declarations into its `dist/`, beside the bundled modules, in the layout of its sources.
 * The compiler leaves `./x.ts` in relative imports of declarations; they are rewritten to `./x.js`, which every
 * resolver takes for `./x.d.ts`.
 *
 * @returns whether the compiler found no error
 */
export async function writeDeclarations(root: string, folder: string): Promise<boolean> {
  const home = join(root, "packages", folder);
  const dist = join(home, "dist");
  await removeOld(dist);
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const run = spawnSync(process.execPath, [compiler, "-p", join(home, "tsconfig.build.json")], {
    cwd: root,
    stdio: "inherit",
  });
  await Promise.all((await declarationsIn(dist)).map(rewriteImports));
  return run.status === 0;
}

async function declarationsIn(dist: string): Promise<string[]> {
  if (!existsSync(dist)) return [];
  const files = await readdir(dist, { recursive: true });
  return files.filter((name) => name.endsWith(".d.ts")).map((name) => join(dist, name));
}

async function removeOld(dist: string): Promise<void> {
  await Promise.all((await declarationsIn(dist)).map((path) => rm(path)));
}

async function rewriteImports(path: string): Promise<void> {
  const text = await readFile(path, "utf8");
  const rewritten = text.replace(
    /((?:\bfrom|\bimport)\s*\(?\s*)(["'])(\.{1,2}\/[^"']*)\.ts\2/g,
    "$1$2$3.js$2",
  );
  if (rewritten !== text) await writeFile(path, rewritten);
}
