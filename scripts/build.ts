/**
 * Builds the packages: bundled modules by esbuild, declarations by the compiler.
 *
 *     npm run build                everything
 *     npm run build -- --js-only   the modules alone, in well under a second
 */
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { bundle } from "./build/bundle.ts";
import { writeDeclarations } from "./build/declarations.ts";
import { PACKAGES } from "./build/entries.ts";

const root = dirname(import.meta.dirname);
const { values } = parseArgs({ options: { "js-only": { type: "boolean", default: false } } });

const reports = await Promise.all(
  PACKAGES.map(async (part) => ({ folder: part.folder, ...(await bundle(root, part)) })),
);
for (const { folder, built, missing, bytes } of reports) {
  console.log(`packages/${folder}/dist: ${built.join(", ")} (${Math.ceil(bytes / 1024)} KiB)`);
  for (const source of missing) console.log(`packages/${folder}: ${source} does not exist yet, skipped`);
}

if (!values["js-only"]) {
  for (const { folder } of PACKAGES) {
    if (await writeDeclarations(root, folder)) continue;
    console.error(`packages/${folder}: the compiler found errors, see above`);
    process.exitCode = 1;
  }
}
