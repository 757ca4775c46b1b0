import { glob, readdir, realpath, stat } from "node:fs/promises";
import type { Stats } from "node:fs";
import { basename, join, resolve, sep } from "node:path";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { compareText } from "../base/static-enumerator.ts";
import { fileProblem, shownPath } from "./file-problem.ts";

/** A file to read. */
export interface FoundFile {
  /** Absolute. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** When it was last changed, ms since the epoch. */
  readonly modified: number;
}

/** How files are looked for. */
export interface ListOptions {
  /** For messages. */
  readonly connector: string;
  /** Whether directories are read with those below them. */
  readonly recursive: boolean;
  /** Whether a glob that matches nothing is an error. */
  readonly mustMatch: boolean;
}

const MAGIC = /[*?[\]{}]/u;

/**
 * The files at `paths`, each once, sorted by path. A path is a file, a directory (its files), or a glob. Names that begin
 * with `.` or `_` are left out, as files that are being written, except where a path names them outright.
 *
 * @throws MillraceError SOURCE_FAILED naming the path, what is wrong with it, and what to do
 * @example `await listFiles(["in/*.avro"], { connector: "Avro source", recursive: true, mustMatch: true })`
 */
export async function listFiles(
  paths: readonly string[],
  options: ListOptions,
): Promise<readonly FoundFile[]> {
  const found = new Map<string, FoundFile>();
  for (const path of paths) {
    for (const file of await listPath(path, options)) found.set(file.path, file);
  }
  return [...found.values()].sort((a, b) => compareText(a.path, b.path));
}

async function listPath(path: string, options: ListOptions): Promise<readonly FoundFile[]> {
  const absolute = resolve(path);
  let stats: Stats;
  try {
    stats = await stat(absolute);
  } catch (error) {
    // A file may be named like a glob; it comes first.
    if (MAGIC.test(path) && isMissing(error)) return listGlob(path, options);
    throw fileProblem("SOURCE_FAILED", options.connector, "read", absolute, error);
  }
  if (stats.isDirectory()) return listDirectory(absolute, options, new Set());
  if (stats.isFile()) return [fileOf(absolute, stats)];
  throw new MillraceError(
    "SOURCE_FAILED",
    `${options.connector}: can't read ${shownPath(absolute)}: it is neither a file nor a directory`,
    { help: "Read pipes by way of standard input (stdinSource).", details: { path: absolute } },
  );
}

async function listGlob(pattern: string, options: ListOptions): Promise<readonly FoundFile[]> {
  const fixed = fixedPart(pattern);
  const files: FoundFile[] = [];
  for await (const match of glob(pattern)) {
    const path = resolve(match);
    const open = path
      .slice(fixed.length)
      .split(sep)
      .filter((name) => name !== "");
    if (open.some(isHidden)) continue;
    const stats = await statUnlessGone(path, options);
    if (stats?.isFile() === true) files.push(fileOf(path, stats));
  }
  if (files.length === 0 && options.mustMatch) {
    throw new MillraceError("SOURCE_FAILED", `${options.connector}: no file matches ${pattern}`, {
      help: `Relative patterns start at the working directory, ${process.cwd()}.`,
      details: { path: pattern },
    });
  }
  return files;
}

/** The directories before the first part of a pattern that is not a plain name, absolute. */
function fixedPart(pattern: string): string {
  const parts = pattern.split(/[\\/]/u);
  const first = parts.findIndex((part) => MAGIC.test(part));
  return resolve(parts.slice(0, first).join("/") || (pattern.startsWith("/") ? "/" : "."));
}

async function listDirectory(
  directory: string,
  options: ListOptions,
  above: ReadonlySet<string>,
): Promise<readonly FoundFile[]> {
  let names: string[];
  let real: string;
  try {
    names = await readdir(directory);
    real = await realpath(directory);
  } catch (error) {
    if (above.size > 0 && isMissing(error)) return [];
    throw fileProblem("SOURCE_FAILED", options.connector, "list", directory, error);
  }
  // A link that leads back up would go round for ever.
  if (above.has(real)) return [];
  const around = new Set(above).add(real);
  const files: FoundFile[] = [];
  for (const name of names.filter((name) => !isHidden(name))) {
    const path = join(directory, name);
    const stats = await statUnlessGone(path, options);
    if (stats?.isFile() === true) files.push(fileOf(path, stats));
    else if (stats?.isDirectory() === true && options.recursive) {
      files.push(...(await listDirectory(path, options, around)));
    }
  }
  return files;
}

/** Undefined for what vanished since it was listed, and for links that lead nowhere. */
async function statUnlessGone(path: string, options: ListOptions): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw fileProblem("SOURCE_FAILED", options.connector, "read", path, error);
  }
}

function fileOf(path: string, stats: Stats): FoundFile {
  return { path, size: stats.size, modified: stats.mtimeMs };
}

function isHidden(name: string): boolean {
  const first = basename(name)[0];
  return first === "." || first === "_";
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
