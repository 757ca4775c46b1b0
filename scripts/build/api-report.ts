import { mkdir, mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Extractor, ExtractorConfig, ExtractorLogLevel, type IConfigFile } from "@microsoft/api-extractor";
import type { Manifest } from "./stage.ts";

/** The public surface of one entry of a package. */
export interface ApiReport {
  /** The entry's name in the snapshot's file name: `index` for the package's root. */
  readonly entry: string;
  /** All that a user can reach by its types; what isn't exported by name stands without `export`. */
  readonly text: string;
}

/** Where the snapshot of an entry's surface is kept, relative to its package's folder. */
export function snapshotPath(entry: string): string {
  return join("api", `${entry}.api.md`);
}

/**
 * Reports the surface of every typed entry of a package, from its declarations.
 *
 * @param home - a folder with the package's `package.json` and built declarations: the package's own folder after a
 *   build, or an installed package
 */
export async function apiReports(home: string): Promise<ApiReport[]> {
  const manifest = JSON.parse(await readFile(join(home, "package.json"), "utf8")) as Manifest;
  const reports: ApiReport[] = [];
  for (const [path, target] of Object.entries(manifest.exports)) {
    const types = (target as { types?: string }).types;
    // Internal entries change with the engine: only packages of this repository import them.
    if (types === undefined || path.startsWith("./internal/")) continue;
    const entry = path === "." ? "index" : path.slice(2).replaceAll("/", "-");
    reports.push({ entry, text: await report(home, join(home, types)) });
  }
  return reports;
}

async function report(home: string, declarations: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-api-"));
  try {
    await mkdir(join(folder, "report"));
    const problems: string[] = [];
    const result = Extractor.invoke(
      ExtractorConfig.prepare({
        configObject: configuration(home, declarations, folder),
        configObjectFullPath: undefined,
        packageJsonFullPath: join(home, "package.json"),
      }),
      {
        localBuild: true,
        messageCallback: (message) => {
          if (message.logLevel === ExtractorLogLevel.Error) problems.push(message.text);
          message.handled = true;
        },
      },
    );
    if (result.errorCount > 0) throw new Error(`${declarations}: ${problems.join("\n")}`);
    const [name] = await readdir(join(folder, "report"));
    return readFile(join(folder, "report", name ?? ""), "utf8");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function configuration(home: string, declarations: string, folder: string): IConfigFile {
  const off = { logLevel: ExtractorLogLevel.None };
  return {
    projectFolder: home,
    mainEntryPointFilePath: declarations,
    newlineKind: "lf",
    compiler: {
      overrideTsconfig: {
        compilerOptions: {
          module: "nodenext",
          moduleResolution: "nodenext",
          target: "es2024",
          lib: ["es2024", "esnext.disposable"],
          types: ["node"],
          strict: true,
          skipLibCheck: true,
        },
        files: [declarations],
      },
    },
    apiReport: {
      enabled: true,
      reportFileName: "report.api.md",
      reportFolder: join(folder, "report"),
      reportTempFolder: join(folder, "work"),
      includeForgottenExports: true,
    },
    docModel: { enabled: false },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
    messages: {
      compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
      extractorMessageReporting: { default: off },
      tsdocMessageReporting: { default: off },
    },
  };
}
