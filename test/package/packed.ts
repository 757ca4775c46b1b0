import { spawnSync } from "node:child_process";
import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PACKAGES } from "../../scripts/build/entries.ts";
import type { Manifest } from "../../scripts/build/stage.ts";

/** The repository's root. */
export const repository = join(import.meta.dirname, "../..");

/** A package that was packed, and unpacked again into a project that depends on it. */
export interface PackedPackage {
  readonly manifest: Manifest;
  readonly tarball: string;
  /** Where it is installed in the project. */
  readonly home: string;
  /** Paths of its files, relative to `home`. */
  readonly files: readonly string[];
}

/** What {@link packAll} made; the caller removes `folder`. */
export interface Packed {
  readonly folder: string;
  /** A project whose `node_modules` holds the unpacked packages and links to their dependencies. */
  readonly project: string;
  /** The folders that were packed, by the package's folder; they lie outside any `node_modules`, but see them. */
  readonly staging: string;
  readonly packages: readonly PackedPackage[];
}

/** Packs every package, built as it is now, and installs the tarballs, without the network, into a project of their own. */
export function packAll(): Packed {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "millrace-packed-")));
  const project = join(folder, "project");
  if (!isBuilt()) run(process.execPath, ["scripts/build.ts"], repository);
  run(process.execPath, ["scripts/pack.ts", "--out", folder], repository);

  const packages = PACKAGES.map(({ folder: name }): PackedPackage => {
    const manifest = JSON.parse(
      readFileSync(join(folder, "staging", name, "package.json"), "utf8"),
    ) as Manifest;
    const tarball = join(
      folder,
      `${manifest.name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`,
    );
    const home = join(project, "node_modules", manifest.name);
    mkdirSync(home, { recursive: true });
    run("tar", ["-xzf", tarball, "-C", home, "--strip-components=1"], folder);
    const files = run("tar", ["-tzf", tarball], folder)
      .split("\n")
      .filter((path) => path !== "")
      .map((path) => path.replace(/^package\//, ""));
    return { manifest, tarball, home, files };
  });

  const installed = new Set(packages.map(({ manifest }) => manifest.name));
  for (const [index, { manifest }] of packages.entries()) {
    const from = createRequire(join(repository, "packages", PACKAGES[index]?.folder ?? "", "package.json"));
    for (const name of Object.keys(manifest.dependencies ?? {})) {
      if (!installed.has(name)) link(project, name, from);
    }
  }
  link(project, "@types/node", createRequire(join(repository, "package.json")));
  symlinkSync(join(project, "node_modules"), join(folder, "node_modules"), "dir");
  return { folder, project, staging: join(folder, "staging"), packages };
}

/** Whether modules and declarations of all packages are newer than everything that they are made of: `npm test` has built them. */
function isBuilt(): boolean {
  const inputs = PACKAGES.flatMap(({ folder }) => [
    `packages/${folder}/src`,
    `packages/${folder}/package.json`,
  ])
    .concat("scripts/build", "scripts/build.ts", globSync("tsconfig*.json", { cwd: repository }))
    .map((path) => join(repository, path));
  const outputs = PACKAGES.flatMap(({ folder }) =>
    ["index.js", "index.d.ts"].map((name) => join(repository, "packages", folder, "dist", name)),
  );
  const changed = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const below = (path: string): readonly string[] =>
    statSync(path).isDirectory()
      ? [path, ...readdirSync(path, { recursive: true, encoding: "utf8" }).map((name) => join(path, name))]
      : [path];
  return Math.min(...outputs.map(changed)) > Math.max(...inputs.flatMap(below).map(changed));
}

function link(project: string, name: string, from: NodeJS.Require): void {
  const path = join(project, "node_modules", name);
  const search = from.resolve.paths(name) ?? [];
  const found = search.map((folder) => join(folder, name)).find((candidate) => isFolder(candidate));
  if (found === undefined) throw new Error(`${name} is not installed in the repository`);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(found, path, "dir");
}

function isFolder(path: string): boolean {
  try {
    return realpathSync(path) !== "";
  } catch {
    return false;
  }
}

/** Runs a program to its end and returns what it printed; throws, with all its output, when it fails. */
export function run(program: string, args: readonly string[], cwd: string): string {
  const { NODE_OPTIONS: _options, ...env } = process.env;
  const result = spawnSync(program, args, { cwd, env, encoding: "utf8", maxBuffer: 64 << 20 });
  if (result.status === 0) return result.stdout;
  throw new Error(`${program} ${args.join(" ")} failed:\n${result.stdout}\n${result.stderr}`);
}
