import { isAbsolute, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { StackFrame } from "./stack-frames.ts";

/** The package's folder: this file stands deeper in the sources than in the bundle. */
const PACKAGE = new URL(import.meta.url.endsWith(".ts") ? "../../../" : "../", import.meta.url);
/** Where the engine's code lies, as URLs and as paths. Frames of bundled code are traced back to its sources. */
const ENGINE = ["src/", "dist/"].flatMap((folder) => {
  const { href } = new URL(folder, PACKAGE);
  return [href, fileURLToPath(href)];
});

/** What the engine itself depends on, wherever the package manager has put it. */
const DEPENDENCIES = /[/\\]node_modules[/\\](?:commander|csv-parse|esbuild|fastify|pino|ws|yaml)[/\\]/u;

/** Whether a frame is of the user's code or of what it uses, rather than the engine's or Node's own. */
export function isUserFrame({ text, file }: StackFrame): boolean {
  if (ENGINE.some((folder) => text.includes(folder))) return false;
  if (DEPENDENCIES.test(file)) return false;
  return file.startsWith("file:") || isAbsolute(file);
}

/** A frame for people: the function, and the file as seen from `cwd`. @example "toUpper (jobs/words.ts:12:20)" */
export function showFrame({ text, functionName, file, line, column }: StackFrame, cwd: string): string {
  if (line === 0) return text;
  const place = `${showPath(file, cwd)}:${line}:${column}`;
  return functionName === "" || functionName === "<anonymous>" ? place : `${functionName} (${place})`;
}

/** A path or file URL, relative to `cwd` where it lies inside. */
export function showPath(file: string, cwd: string): string {
  const path = file.startsWith("file:") && URL.canParse(file) ? fileURLToPath(file) : file;
  if (!isAbsolute(path)) return path;
  const inside = relative(cwd, path);
  return inside === "" || inside.startsWith("..") || isAbsolute(inside) ? path : inside;
}
