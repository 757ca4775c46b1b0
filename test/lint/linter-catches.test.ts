import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MAY_IMPORT } from "../../scripts/lint/ranks.ts";

const repository = join(import.meta.dirname, "../..");
const src = "packages/millrace/src";

interface Planted {
  readonly title: string;
  readonly rule: string;
  readonly file: string;
  readonly source: string;
}

const planted: readonly Planted[] = [
  {
    title: "a folder that imports a higher rank",
    rule: "millrace(import-rank)",
    file: `${src}/common/planted/rank.ts`,
    source: 'import { slot } from "../../runtime/task/allowed.ts";\nexport const planted = slot;\n',
  },
  {
    title: "a higher rank imported for its types alone",
    rule: "millrace(import-rank)",
    file: `${src}/graph/planted-type.ts`,
    source: 'export type Planted = import("../runtime/task/allowed.ts").Slot;\n',
  },
  {
    title: "a higher rank imported dynamically",
    rule: "millrace(import-rank)",
    file: `${src}/connectors/planted-dynamic.ts`,
    source: 'export const planted = async () => await import("../runtime/task/allowed.ts");\n',
  },
  {
    title: "a higher rank exported onward",
    rule: "millrace(import-rank)",
    file: `${src}/api/planted-export.ts`,
    source: 'export { slot } from "../runtime/task/allowed.ts";\n',
  },
  {
    title: "the package's entry imported from inside",
    rule: "millrace(import-rank)",
    file: `${src}/cluster/planted-entry.ts`,
    source: 'import { root } from "../index.ts";\nexport const planted = root;\n',
  },
  {
    title: "a folder without a rank",
    rule: "millrace(import-rank)",
    file: `${src}/nowhere/planted.ts`,
    source: 'import { named } from "../common/allowed.ts";\nexport const planted = named;\n',
  },
  {
    title: "another package reached through its files",
    rule: "millrace(import-rank)",
    file: "packages/connector-planted/src/index.ts",
    source: 'import { named } from "../../millrace/src/common/allowed.ts";\nexport const planted = named;\n',
  },
  {
    title: "an import cycle of types",
    rule: "import(no-cycle)",
    file: `${src}/graph/planted-cycle-a.ts`,
    source: 'import type { B } from "./planted-cycle-b.ts";\nexport interface A {\n  readonly b: B;\n}\n',
  },
  {
    title: "a bare throw",
    rule: "millrace(no-bare-error)",
    file: `${src}/runtime/task/planted-throw.ts`,
    source: 'export function planted(): never {\n  throw new RangeError("out of range");\n}\n',
  },
  {
    title: "a bare rejection",
    rule: "millrace(no-bare-error)",
    file: `${src}/runtime/task/planted-reject.ts`,
    source: 'export const planted = Promise.reject(new Error("closed"));\n',
  },
  {
    title: "Date.now() in the runtime",
    rule: "eslint(no-restricted-properties)",
    file: `${src}/runtime/task/planted-now.ts`,
    source: "export const planted = Date.now();\n",
  },
  {
    title: "new Date() in the runtime",
    rule: "millrace(no-ambient-date)",
    file: `${src}/runtime/task/planted-date.ts`,
    source: "export const planted = new Date();\n",
  },
  {
    title: "Math.random() in a connector",
    rule: "eslint(no-restricted-properties)",
    file: `${src}/connectors/planted-random.ts`,
    source: "export const planted = Math.random();\n",
  },
  {
    title: "setTimeout in an operator",
    rule: "eslint(no-restricted-globals)",
    file: `${src}/runtime/operators/planted-timer.ts`,
    source: "export const planted = setTimeout(() => {}, 1);\n",
  },
  {
    title: "the file system in the runtime",
    rule: "eslint(no-restricted-imports)",
    file: `${src}/runtime/task/planted-fs.ts`,
    source: 'import { readFileSync } from "node:fs";\nexport const planted = readFileSync;\n',
  },
  {
    title: "a floating promise",
    rule: "typescript(no-floating-promises)",
    file: `${src}/runtime/task/planted-promise.ts`,
    source: "async function work(): Promise<void> {}\nexport function planted(): void {\n  work();\n}\n",
  },
  {
    title: "a switch that forgets a kind",
    rule: "typescript(switch-exhaustiveness-check)",
    file: `${src}/runtime/task/planted-switch.ts`,
    source:
      'export function planted(kind: "map" | "filter"): void {\n  switch (kind) {\n    case "map":\n      break;\n  }\n}\n',
  },
  {
    title: "an unexplained any",
    rule: "millrace(explain-any)",
    file: `${src}/runtime/task/planted-any.ts`,
    source: "// This speaks of any other thing.\nexport type Other = 1;\n\nexport type Planted = any[];\n",
  },
  {
    title: "a rule switched off without a reason",
    rule: "millrace(explain-disable)",
    file: `${src}/runtime/task/planted-disable.ts`,
    source: "// oxlint-disable-next-line no-console\nconsole.log(1);\nexport const planted = 1;\n",
  },
];

/** Files that break no rule; some lie on the seams, where effects are at home. */
const allowed: Readonly<Record<string, string>> = {
  [`${src}/index.ts`]: 'export { slot } from "./runtime/task/allowed.ts";\nexport const root = 1;\n',
  [`${src}/common/allowed.ts`]: "export const named = 1;\n",
  [`${src}/common/clock/allowed.ts`]: "export const now = () => Date.now();\n",
  [`${src}/connectors/allowed.ts`]:
    'import { readFileSync } from "node:fs";\nimport { named } from "../common/allowed.ts";\nexport const all = [readFileSync, named];\n',
  [`${src}/runtime/task/allowed.ts`]:
    'import { named } from "../../common/allowed.ts";\nexport interface Slot {\n  readonly named: number;\n}\nexport const slot: Slot = { named };\n',
  [`${src}/runtime/task/allowed-any.ts`]:
    "// Every record type fits here, which only any expresses.\nexport type Allowed =\n  | 1\n  | 2\n  | 3\n  | 4\n  | any[];\n",
  [`${src}/runtime/task/allowed-disable.ts`]:
    "// oxlint-disable-next-line no-console -- the last words of a dying process\nconsole.log(1);\n// So are these.\n// oxlint-disable-next-line no-console\nconsole.log(2);\nexport const words = 2;\n",
  [`${src}/runtime/task/allowed.test.ts`]:
    'import { now } from "../../common/clock/allowed.ts";\nimport { root } from "../../index.ts";\nimport { all } from "../../connectors/allowed.ts";\nexport const together = [now, root, all, Date.now];\n',
  [`${src}/graph/planted-cycle-b.ts`]:
    'import type { A } from "./planted-cycle-a.ts";\nexport interface B {\n  readonly a: A;\n}\n',
};

describe("the linter", () => {
  let folder: string;
  let findings: { readonly code: string; readonly filename: string; readonly message: string }[];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "millrace-lint-"));
    for (const path of ["oxlint.config.ts", "tsconfig.base.json", "tsconfig.json", "scripts/lint"]) {
      cpSync(join(repository, path), join(folder, path), { recursive: true });
    }
    symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"), "dir");
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
    for (const { file, source } of planted) write(file, source);
    for (const [file, source] of Object.entries(allowed)) write(file, source);

    const linter = join(repository, "node_modules/oxlint/bin/oxlint");
    const run = spawnSync(process.execPath, [linter, "--format=json", "packages"], {
      cwd: folder,
      encoding: "utf8",
    });
    findings = (JSON.parse(run.stdout) as { diagnostics: typeof findings }).diagnostics;
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function write(file: string, source: string): void {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), source);
  }

  it.each(planted)("catches $title", ({ file, rule }) => {
    expect(findings.filter((finding) => finding.filename === file).map(({ code }) => code)).toContain(rule);
  });

  it("finds nothing where nothing is wrong", () => {
    const clean = new Set(Object.keys(allowed).filter((file) => !file.includes("planted")));
    expect(findings.filter((finding) => clean.has(finding.filename))).toEqual([]);
  });

  it("says who may import whom", () => {
    const finding = findings.find(({ filename }) => filename.endsWith("planted-export.ts"));
    expect(finding?.message).toBe("api/ may not import runtime/: it may import common/, graph/.");
  });
});

describe("the table of ranks", () => {
  it("has no cycle, so that folders can be put in one line", () => {
    const placed = new Set<string>();
    const waiting = new Map(Object.entries(MAY_IMPORT));
    for (;;) {
      const ready = [...waiting].filter(([, imports]) => imports.every((name) => placed.has(name)));
      if (ready.length === 0) break;
      for (const [name] of ready) {
        placed.add(name);
        waiting.delete(name);
      }
    }
    expect([...waiting.keys()]).toEqual([]);
  });
});
