import { MillraceError } from "../../../common/errors/millrace-error.ts";

interface Reason {
  readonly what: string;
  readonly help: string;
  /** Whether the same may work later. */
  readonly passing?: boolean;
}

const PERMISSION =
  "Give the user that runs the job the right to read and write there, or choose another folder.";
const SPACE =
  "Free some space, keep fewer checkpoints (execution.checkpointing.num-retained), or choose another disk.";

/** What the system's error codes mean for the storage of checkpoints, and what to do. */
const REASONS: Readonly<Record<string, Reason>> = {
  ENOENT: { what: "it does not exist", help: "Someone else removed it, or the disk is not mounted here." },
  EACCES: { what: "permission denied", help: PERMISSION },
  EPERM: { what: "the operation is not permitted", help: PERMISSION },
  EROFS: { what: "the file system is read-only", help: "Choose a folder that can be written." },
  ENOSPC: { what: "the disk is full", help: SPACE, passing: true },
  EDQUOT: { what: "the disk quota is used up", help: SPACE, passing: true },
  EFBIG: { what: "the file is larger than the file system allows", help: "Choose another file system." },
  EIO: { what: "the disk reported an input/output error", help: "Check the disk.", passing: true },
  ENOTDIR: { what: "a part of the path is a file, not a folder", help: "Choose another folder." },
  EISDIR: { what: "it is a folder, not a file", help: "Check the path." },
  EEXIST: {
    what: "something stands there already",
    help: "Choose another folder, or move what stands there.",
  },
  EMFILE: {
    what: "too many files are open in this process",
    help: "Raise the limit of open files (ulimit -n).",
    passing: true,
  },
  ENFILE: {
    what: "too many files are open on this machine",
    help: "Raise the system's limit of open files.",
    passing: true,
  },
  ENAMETOOLONG: { what: "the name is too long", help: "Choose a shorter path." },
  ESTALE: {
    what: "the network file system lost the file",
    help: "Check the network file system.",
    passing: true,
  },
};

/**
 * The error for something that storage of checkpoints could not do. Errors of Millrace stay as they are.
 *
 * @param doing what was tried, as in "can't write /checkpoints/..."
 * @example `throw storageProblem("write", path, error)`
 */
export function storageProblem(doing: string, path: string, error: unknown): MillraceError {
  if (MillraceError.is(error)) return error;
  const errno = errorCode(error);
  const reason = errno === undefined ? undefined : REASONS[errno];
  const what = reason?.what ?? (error instanceof Error ? error.message : String(error));
  const suffix = reason === undefined ? "" : ` (${errno})`;
  return new MillraceError(
    "CHECKPOINT_STORAGE_FAILED",
    `checkpoint storage: can't ${doing} ${path}: ${what}${suffix}`,
    {
      cause: error,
      retryable: reason?.passing === true,
      ...(reason === undefined ? {} : { help: reason.help }),
      details: { path, ...(errno === undefined ? {} : { errno }) },
    },
  );
}

/** The system's code of an error: "ENOENT", ... */
export function errorCode(error: unknown): string | undefined {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}

/**
 * The error for a file of a checkpoint that is not as it was written. `where` names the file, and the block in it where that is known.
 *
 * @example `corruptFile("/checkpoints/.../count-0-5f..", "it has 10 bytes, expected 4096")`
 */
export function corruptFile(where: string, what: string, cause?: unknown): MillraceError {
  return new MillraceError("CHECKPOINT_CORRUPT", `damaged checkpoint: ${where}: ${what}`, {
    cause,
    help: "The file was changed, cut or removed after it was written. Restore it from a copy; starting from an older checkpoint instead is possible, but gives up what was committed since.",
    details: { file: where },
  });
}
