import { chmod, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { SOURCE_CONDITION } from "./entries.ts";

/** The part of a `package.json` that staging changes; the rest passes through. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly files: readonly string[];
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/**
 * Copies what is published of a package into an empty folder: its built files, the repository's LICENSE and
 * README.md, and a `package.json` without the private condition, whose targets are not published. (npm has no
 * setting for that: `publishConfig.exports` is ignored.) The package must have been built.
 */
export async function stage(root: string, folder: string, into: string): Promise<Manifest> {
  const home = join(root, "packages", folder);
  await rm(into, { recursive: true, force: true });
  await mkdir(into, { recursive: true });

  const manifest = published(JSON.parse(await readFile(join(home, "package.json"), "utf8")) as Manifest);
  await writeFile(join(into, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const name of manifest.files) await cp(join(home, name), join(into, name), { recursive: true });
  for (const name of ["LICENSE", "README.md"]) {
    const own = join(home, name);
    const source = existsSync(own) ? own : join(root, name);
    if (existsSync(source)) await cp(source, join(into, name));
  }
  if (existsSync(join(into, "bin/millrace.js"))) await chmod(join(into, "bin/millrace.js"), 0o755);
  return manifest;
}

/** The manifest as it is published: no private condition, at any depth of `exports`. */
export function published(manifest: Manifest): Manifest {
  return { ...manifest, exports: withoutCondition(manifest.exports) as Manifest["exports"] };
}

function withoutCondition(target: unknown): unknown {
  if (typeof target !== "object" || target === null) return target;
  return Object.fromEntries(
    Object.entries(target)
      .filter(([condition]) => condition !== SOURCE_CONDITION)
      .map(([condition, inner]) => [condition, withoutCondition(inner)]),
  );
}
