/**
 * Writes the snapshots of the packages' public surface from their built declarations. Build first.
 *
 *     npm run build && npm run api
 *
 * The package test fails when the surface is not what the snapshots say, so that a change of it is always seen.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { apiReports, snapshotPath } from "./build/api-report.ts";
import { PACKAGES } from "./build/entries.ts";

const root = dirname(import.meta.dirname);
for (const { folder } of PACKAGES) {
  const home = join(root, "packages", folder);
  for (const { entry, text } of await apiReports(home)) {
    const path = join(home, snapshotPath(entry));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    console.log(`packages/${folder}/${snapshotPath(entry)}: ${text.split("\n").length} lines`);
  }
}
