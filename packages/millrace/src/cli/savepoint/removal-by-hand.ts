import { readdir } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { checkpointPlace, METADATA_FILE } from "../../runtime/checkpoint/storage/load-checkpoint.ts";
import { STATE_FILE_NAME } from "../../runtime/checkpoint/storage/unique-name.ts";

/** Names of others that are told. */
const MOST_NAMES = 5;

/**
 * The error for a savepoint that can't be removed because it can't be read: as it was, and with what can be done by hand. Only a whole
 * `_metadata` says which files are a savepoint's, so nothing is removed without.
 *
 * @param error why it can't be read
 * @param named as on the command line
 */
export async function removalByHand(error: unknown, named: string, cwd: string): Promise<unknown> {
  if (!MillraceError.is(error)) return error;
  const path = resolve(cwd, named);
  const folder = basename(path) === METADATA_FILE ? dirname(path) : path;
  if (checkpointPlace(basename(folder)) !== undefined) return error;
  const names = await namesIn(folder);
  const own = names.filter((name) => name === METADATA_FILE || STATE_FILE_NAME.test(name));
  const others = names.filter((name) => !own.includes(name));
  // It doesn't look like a savepoint, or what is left of one.
  if (own.length === 0) return error;
  return new MillraceError(error.code, error.message, {
    cause: error,
    help: `Nothing was removed: without a whole ${METADATA_FILE} nobody can tell which files are the savepoint's. ${advice(folder, own.length, others)}`,
    details: { ...error.details, folder, own: own.length, others },
  });
}

function advice(folder: string, own: number, others: readonly string[]): string {
  const files = own === 1 ? "one file has" : `${own} files have`;
  if (others.length === 0)
    return `By their names ${files} been written by Millrace, and nothing else is in the folder: if no job needs it, remove it by hand: rm -r '${folder}'`;
  const told = others.slice(0, MOST_NAMES).join(", ");
  const more = others.length > MOST_NAMES ? ` and ${others.length - MOST_NAMES} others` : "";
  return `By their names ${files} been written by Millrace: ${METADATA_FILE}, and those that end in a dash and 24 hexadecimal digits. Remove them by hand if no job needs them; ${told}${more} in ${folder} must be somebody else's.`;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}
