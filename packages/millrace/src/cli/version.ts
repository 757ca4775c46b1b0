import { readFileSync } from "node:fs";

/** The package's manifest, seen from the sources and from the bundle. */
const MANIFEST = import.meta.url.endsWith(".ts") ? "../../package.json" : "../package.json";

/** The version of the package. */
export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL(MANIFEST, import.meta.url), "utf8")) as {
    version: string;
  };
  return manifest.version;
}
