import { relative } from "node:path";
import { MillraceError, type ErrorCode } from "../../common/errors/millrace-error.ts";

/** What the system's error codes mean, and what to do. */
const REASONS: Readonly<Record<string, readonly [reason: string, help: string]>> = {
  ENOENT: [
    "there is no such file or directory",
    "Check the path; relative ones start at the working directory.",
  ],
  EACCES: ["permission denied", "Give the user that runs the job access to it."],
  EPERM: ["the operation is not permitted", "Give the user that runs the job access to it."],
  EISDIR: ["it is a directory", "Name a file, or leave the choice of files to a glob."],
  ENOTDIR: ["a part of the path is a file, not a directory", "Check the path."],
  EEXIST: ["it exists already", "Choose another path, or move what stands there."],
  ENOSPC: ["the disk is full", "Free some space and start the job again."],
  EDQUOT: ["the disk quota is used up", "Free some space and start the job again."],
  EROFS: ["the file system is read-only", "Choose a path that can be written."],
  EMFILE: ["too many files are open in this process", "Raise the limit of open files (ulimit -n)."],
  ENFILE: ["too many files are open on this machine", "Raise the system's limit of open files."],
  ELOOP: ["too many symbolic links", "Check where the links lead."],
  ENAMETOOLONG: ["the name is too long", "Choose a shorter path."],
  EIO: ["the disk reported an input/output error", "Check the disk."],
};

/**
 * The error for something that could not be done with a file.
 *
 * Errors of Millrace stay as they are.
 *
 * @param doing "read", "list", "write" ...
 * @example `throw fileProblem("SOURCE_FAILED", "Avro source", "read", path, error)`
 */
export function fileProblem(
  code: ErrorCode,
  connector: string,
  doing: string,
  path: string,
  error: unknown,
): MillraceError {
  if (MillraceError.is(error)) return error;
  const errno = (error as NodeJS.ErrnoException | undefined)?.code;
  const known = errno === undefined ? undefined : REASONS[errno];
  const reason = known?.[0] ?? (error instanceof Error ? error.message : String(error));
  const suffix = known === undefined || errno === undefined ? "" : ` (${errno})`;
  return new MillraceError(code, `${connector}: can't ${doing} ${shownPath(path)}: ${reason}${suffix}`, {
    cause: error,
    ...(known === undefined ? {} : { help: known[1] }),
    details: { path, ...(errno === undefined ? {} : { errno }) },
  });
}

/** A path as it reads best in messages: from the working directory where it lies below it. */
export function shownPath(path: string): string {
  const below = relative(process.cwd(), path);
  return below === "" || below.startsWith("..") ? path : below;
}
