import { readFileSync } from "node:fs";

/** The package's manifest, seen from the sources and from the bundle. */
const MANIFEST = import.meta.url.endsWith(".ts") ? "../../package.json" : "../package.json";

/** What this engine calls itself in what it writes: "millrace 0.1.0". */
export function engineVersion(): string {
  const { name, version } = JSON.parse(readFileSync(new URL(MANIFEST, import.meta.url), "utf8")) as {
    readonly name: string;
    readonly version: string;
  };
  return `${name} ${version}`;
}
