import { join } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * From where packages are looked for that a job's bundle leaves outside, as URLs of files, in this order: the job's module (where it was
 * bundled, which other machines rarely have), the engine's own installation, the folder where the process was started.
 */
export const packagePlaces = (originalUrl: string): readonly [string, string, string] => [
  originalUrl,
  import.meta.url,
  pathToFileURL(join(process.cwd(), "package.json")).href,
];
