/**
 * The import ranks of `packages/millrace/src`: which folder may import which.
 *
 * Imports go leftward along common < graph < protocol < runtime < cluster < cli; `api`, `connectors`, `client` and
 * `testing` stand beside that line with rights of their own. A folder may always import itself. Files that stand
 * directly in `src/` (the package's entries) wire everything together and may import everything.
 *
 * `root` holds what the package's entry offers by wiring the others together: environments, jobs, running them.
 *
 * The table is the only place that says so: the linter's rule `millrace/import-rank` and CONTRIBUTING.md follow it.
 */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  common: [],
  graph: ["common"],
  protocol: ["common", "graph"],
  runtime: ["common", "graph", "protocol"],
  cluster: ["common", "graph", "protocol", "runtime"],
  cli: ["common", "graph", "protocol", "runtime", "cluster", "api", "connectors", "client"],
  api: ["common", "graph"],
  connectors: ["common"],
  client: ["common", "graph", "protocol"],
  root: ["common", "graph", "protocol", "runtime", "cluster", "cli", "api", "connectors", "client"],
  testing: ["common", "graph", "protocol", "runtime", "cluster", "api", "connectors", "client", "root"],
};

const PACKAGE_SOURCES = /^(.*\/packages\/[^/]+\/src)\/(.+)$/;
const CORE_SOURCES = /\/packages\/millrace\/src$/;
const FREE_FILES = /\.(test|test-d|bench)\.ts$/;

/**
 * Judges one import.
 *
 * @param file - absolute path of the importing file, with forward slashes
 * @param specifier - what the import names, as it is written
 * @returns a sentence that says what is wrong, or `undefined` for an import that is allowed
 */
export function rankViolation(file: string, specifier: string): string | undefined {
  const [, sources, inner] = PACKAGE_SOURCES.exec(file) ?? [];
  if (sources === undefined || inner === undefined || FREE_FILES.test(file)) return undefined;
  const core = CORE_SOURCES.test(sources);

  if (core && (specifier === "millrace" || specifier.startsWith("millrace/"))) {
    return `The engine does not import itself by name ("${specifier}"): name the file that declares what you need.`;
  }
  if (!specifier.startsWith(".")) return undefined;

  const target = new URL(specifier, `file://${file}`).pathname;
  if (!target.startsWith(`${sources}/`)) {
    return `"${specifier}" leaves the package's sources: import another package by its name.`;
  }
  if (!core || !inner.includes("/")) return undefined;

  const from = firstSegment(inner);
  const targetInner = target.slice(sources.length + 1);
  if (!targetInner.includes("/")) {
    return `${from}/ may not import the entry file ${targetInner}, which imports everything itself: name the file that declares what you need.`;
  }
  const to = firstSegment(targetInner);
  const allowed = MAY_IMPORT[from];
  if (allowed === undefined) {
    return `Folder ${from}/ has no rank: give it one in scripts/lint/ranks.ts.`;
  }
  if (from === to || allowed.includes(to)) return undefined;
  return `${from}/ may not import ${to}/: it may import ${allowed.length === 0 ? "only itself" : allowed.map((name) => `${name}/`).join(", ")}.`;
}

function firstSegment(path: string): string {
  return path.slice(0, path.indexOf("/"));
}
