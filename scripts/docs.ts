/**
 * Rewrites the generated parts of the documentation: tables of settings, error codes and connectors. `npm run docs`; a test fails
 * while they are stale.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withGeneratedParts } from "./docs/generated-parts.ts";

const root = join(import.meta.dirname, "..");
for (const document of globSync("docs/**/*.md", { cwd: root })) {
  const path = join(root, document);
  const before = readFileSync(path, "utf8");
  const after = withGeneratedParts(before);
  if (after === before) continue;
  writeFileSync(path, after);
  console.log(`rewrote ${document}`);
}
