import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { bundle } from "../../scripts/build/bundle.ts";
import { PACKAGES } from "../../scripts/build/entries.ts";

const repository = join(import.meta.dirname, "../..");
const SOURCE = join(repository, "packages/millrace");
const CLUSTER_PROCESS = join(repository, "test/cluster/processes/cluster-process.ts");
/** Builds, each in a folder named for the sources that it was made of. */
const BUILDS = join(repository, "node_modules/.cache/millrace-built");
/** A build that nobody has used for so long is removed, ms. */
const UNUSED = 3_600_000;

let built: Promise<string> | undefined;

/**
 * The package `millrace`, built from the sources as they are now: its folder, with `bin`, `dist`, `src` and `package.json`. Threads and
 * processes load the bundle in a third of the time of the sources, and tests start hundreds of them. Made once for all test files, in
 * whatever process, that find the same sources; besides what is published, `dist` has the entry `cluster-process`.
 */
export function builtEngine(): Promise<string> {
  return (built ??= build());
}

async function build(): Promise<string> {
  const root = join(BUILDS, fingerprint());
  if (existsSync(root)) {
    utimesSync(root, new Date(), new Date());
    return join(root, "packages/millrace");
  }
  mkdirSync(BUILDS, { recursive: true });
  removeUnused();
  // Another process may build the same at this moment: the first to be ready gives its build the name.
  const own = mkdtempSync(join(BUILDS, "own-"));
  const home = join(own, "packages/millrace");
  mkdirSync(home, { recursive: true });
  for (const part of ["src", "bin", "package.json"])
    cpSync(join(SOURCE, part), join(home, part), { recursive: true });
  // Dependencies are found here, and above in the repository's own folder.
  symlinkSync(join(SOURCE, "node_modules"), join(home, "node_modules"), "dir");
  const process = readFileSync(CLUSTER_PROCESS, "utf8").replaceAll("../../../packages/millrace/src/", "./");
  writeFileSync(join(home, "src/cluster-process.ts"), process);
  const [core] = PACKAGES;
  if (core?.folder !== "millrace") throw new Error("the core package is not the first that is built");
  const clusterProcess = { name: "cluster-process", source: "src/cluster-process.ts", required: true };
  await bundle(own, { ...core, entries: [...core.entries, clusterProcess] });
  try {
    renameSync(own, root);
  } catch (error) {
    rmSync(own, { recursive: true, force: true });
    if (!existsSync(root)) throw error;
  }
  return join(root, "packages/millrace");
}

/** Of everything that a build is made of: names, sizes and times of change. */
function fingerprint(): string {
  const hash = createHash("sha256");
  for (const path of [
    join(SOURCE, "src"),
    join(SOURCE, "bin"),
    join(SOURCE, "package.json"),
    join(repository, "scripts/build"),
    CLUSTER_PROCESS,
  ]) {
    const files = statSync(path).isDirectory()
      ? readdirSync(path, { recursive: true, encoding: "utf8" }).sort()
      : [""];
    for (const file of files) {
      const { size, mtimeMs } = statSync(join(path, file));
      hash.update(`${path} ${file} ${size} ${mtimeMs}\n`);
    }
  }
  return hash.digest("hex").slice(0, 24);
}

function removeUnused(): void {
  for (const name of readdirSync(BUILDS)) {
    const path = join(BUILDS, name);
    const used = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
    if (Date.now() - used > UNUSED) rmSync(path, { recursive: true, force: true });
  }
}
