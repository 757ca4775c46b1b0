import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PACKAGES } from "../../scripts/build/entries.ts";
import { apiReports, snapshotPath, type ApiReport } from "../../scripts/build/api-report.ts";
import { packAll, repository, run, type Packed, type PackedPackage } from "./packed.ts";

const NAMES = ["millrace", "@millrace/connector-parquet", "@millrace/state-rocksdb"];

describe("the packages as they are published", () => {
  let packed: Packed;

  beforeAll(() => {
    packed = packAll();
  });

  afterAll(() => rmSync(packed.folder, { recursive: true, force: true }));

  function find(name: string): PackedPackage {
    const found = packed.packages.find(({ manifest }) => manifest.name === name);
    if (found === undefined) throw new Error(`${name} was not packed`);
    return found;
  }

  /** What users import: every entry with types. */
  function specifiers(): string[] {
    return packed.packages.flatMap(({ manifest }) =>
      Object.entries(manifest.exports)
        .filter(([, target]) => typeof target === "object")
        .map(([path]) => join(manifest.name, path)),
    );
  }

  it("are all there", () => {
    expect(packed.packages.map(({ manifest }) => manifest.name)).toEqual(NAMES);
  });

  describe.each(NAMES)("%s", (name) => {
    it("holds its built files, its licence and nothing of the repository", () => {
      const { files } = find(name);
      expect(files).toContain("LICENSE");
      const strange = files.filter(
        (path) =>
          !/^(package\.json|LICENSE|README\.md|bin\/millrace\.js|dist\/.+\.(js|js\.map|d\.ts)|dist\/LICENSE-[a-z]+\.txt)$/.test(
            path,
          ) || /\.(test|test-d|bench)\./.test(path),
      );
      expect(strange).toEqual([]);
    });

    it("says nothing of the private condition", () => {
      const text = readFileSync(join(find(name).home, "package.json"), "utf8");
      expect(text).not.toContain("millrace-source");
      expect(text).not.toContain("/src/");
    });

    it("has no declaration that imports a source file", () => {
      const { home, files } = find(name);
      const wrong = files
        .filter((path) => path.endsWith(".d.ts"))
        .filter((path) => /["']\.{1,2}\/[^"']*\.ts["']/.test(readFileSync(join(home, path), "utf8")));
      expect(wrong).toEqual([]);
    });

    it("has nothing that publint would change", async () => {
      const { tarball, manifest } = find(name);
      const bytes = readFileSync(tarball);
      const { messages } = await publint({
        pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
        strict: true,
      });
      expect(messages.map((message) => formatMessage(message, manifest))).toEqual([]);
    });

    it("has types that resolve as the modules do", () => {
      const cli = join(repository, "node_modules/@arethetypeswrong/cli/dist/index.js");
      const options = ["--profile", "esm-only", "--no-definitely-typed", "--format", "ascii"];
      const report = run(process.execPath, [cli, find(name).tarball, ...options], packed.folder);
      expect(report).toContain("node16 (from ESM): 🟢 (ESM)");
    });
  });

  describe.each(PACKAGES.map(({ folder }) => folder))("the public surface of %s", (folder) => {
    let reports: ApiReport[];

    beforeAll(async () => {
      reports = await apiReports(join(packed.staging, folder));
    });

    it("is what its snapshots say (after a wanted change: npm run build && npm run api)", () => {
      for (const { entry, text } of reports) {
        const snapshot = join(repository, "packages", folder, snapshotPath(entry));
        expect(text, snapshot).toBe(existsSync(snapshot) ? readFileSync(snapshot, "utf8") : "no snapshot");
      }
    });

    it("has a doc comment on every declaration that is exported by name", () => {
      // A type that only repeats the values of a documented constant of its name needs no second comment.
      const declaration =
        /^\/\/ @\w+( \(undocumented\))?\nexport (?:(?:declare|abstract|default) )*\w+ (\w+)/gm;
      const undocumented = reports.flatMap(({ text }) => {
        const found = [...text.matchAll(declaration)].map(([, mark, name]) => ({ mark, name }));
        const documented = new Set(found.filter(({ mark }) => mark === undefined).map(({ name }) => name));
        return found.map(({ name }) => name).filter((name) => !documented.has(name));
      });
      expect(undocumented).toEqual([]);
    });
  });

  it("export the names that the sources export", async () => {
    for (const specifier of specifiers()) {
      const script = `process.stdout.write(JSON.stringify(Object.keys(await import(${JSON.stringify(specifier)}))))`;
      const names = run(process.execPath, ["--input-type=module", "--eval", script], packed.project);
      const sources = (await import(specifier)) as object;
      expect([specifier, ...(JSON.parse(names) as string[]).toSorted()]).toEqual([
        specifier,
        ...Object.keys(sources).toSorted(),
      ]);
    }
  });

  it("run a job by their command, in threads of their own", () => {
    writeFileSync(
      join(packed.project, "squares.ts"),
      `import { job } from "millrace";
       export default job(import.meta, "squares", {}, (env) => {
         env.fromSequence(1, 3).map((n) => n * n).rebalance().map(String).print();
       });`,
    );
    const launcher = join(find("millrace").home, "bin/millrace.js");
    const lines = run(process.execPath, [launcher, "run", "squares.ts", "-q", "-p", "2"], packed.project);
    expect(lines.split("\n").toSorted()).toEqual(["", "1", "4", "9"]);
  });

  it("are one instance, whichever entry a name comes from", () => {
    writeFileSync(
      join(packed.project, "one-instance.mjs"),
      `import * as root from "millrace";
       import * as testing from "millrace/testing";
       const twice = Object.keys(root).filter((name) => name in testing && root[name] !== testing[name]);
       console.log(JSON.stringify(twice));`,
    );
    expect(JSON.parse(run(process.execPath, ["one-instance.mjs"], packed.project))).toEqual([]);
  });

  it.each([
    ["nodenext", "nodenext"],
    ["preserve", "bundler"],
  ])("are checked by the compiler in a project with module %s", (module, moduleResolution) => {
    const imports = specifiers().map((specifier, index) => `import * as m${index} from "${specifier}";`);
    const uses = specifiers().map((_, index) => `m${index}`);
    writeFileSync(
      join(packed.project, "consumer.ts"),
      `${imports.join("\n")}\nexport const all: readonly object[] = [${uses.join(", ")}];\n`,
    );
    writeFileSync(join(packed.project, "package.json"), '{ "name": "project", "type": "module" }\n');
    const options = {
      module,
      moduleResolution,
      target: "es2024",
      lib: ["es2024", "esnext.disposable"],
      types: ["node"],
      strict: true,
      skipLibCheck: false,
      noEmit: true,
    };
    writeFileSync(
      join(packed.project, "tsconfig.json"),
      JSON.stringify({ compilerOptions: options, files: ["consumer.ts"] }),
    );
    const compiler = join(repository, "node_modules/typescript/bin/tsc");
    expect(run(process.execPath, [compiler, "-p", "."], packed.project)).toBe("");
  });
});
