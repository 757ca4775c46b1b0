import { access, constants, readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { closest } from "../common/errors/did-you-mean.ts";
import { MillraceError } from "../common/errors/millrace-error.ts";
import { countOf } from "./format/numbers.ts";

/** The most files that are named in place of one that isn't there. */
const MAX_SHOWN = 8;

/**
 * The address of the module that a command line names.
 *
 * @param path as it was written: relative to `cwd`, or absolute
 * @throws MillraceError JOB_MODULE_INVALID when there is no such file or it may not be read
 */
export async function jobModuleUrl(path: string, cwd: string): Promise<string> {
  const full = resolve(cwd, path);
  const refuse = async (what: string, help: string, cause?: unknown): Promise<never> => {
    throw new MillraceError("JOB_MODULE_INVALID", `the job module ${path} ${what}`, {
      cause,
      help,
      details: { path: full },
    });
  };
  try {
    if ((await stat(full)).isDirectory()) {
      return await refuse(
        "is a folder, and a file was expected",
        "Name the file whose default export is made by job(...).",
      );
    }
    await access(full, constants.R_OK);
  } catch (error) {
    if (MillraceError.is(error)) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return refuse("doesn't exist", await otherFiles(path, full));
    return refuse(
      `can't be read: ${(error as Error).message}`,
      "Check the permissions of the file and its folders.",
      error,
    );
  }
  return pathToFileURL(full).href;
}

/** What the folder has instead. */
async function otherFiles(path: string, full: string): Promise<string> {
  try {
    const files = (await readdir(dirname(full))).filter((name) => /\.[cm]?[jt]sx?$/u.test(name));
    if (files.length > 0) {
      const meant = closest(basename(full), files);
      if (meant !== undefined) return `Did you mean ${join(dirname(path), meant)}?`;
      const more = files.length - MAX_SHOWN;
      const others = more > 0 ? ` and ${countOf(more, "more module")}` : "";
      return `The folder ${dirname(full)} has ${files.slice(0, MAX_SHOWN).join(", ")}${others}.`;
    }
  } catch {
    return `There is no folder ${dirname(full)}.`;
  }
  return `Paths are relative to the current folder; ${dirname(full)} has no modules.`;
}
