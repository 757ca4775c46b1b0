import type { CommitResult, Committer } from "../../common/connector/sink.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { shownPath } from "../files/file-problem.ts";
import type { FileCommittable } from "./file-committable.ts";
import { removePart, renamePart, sizeOf, syncDirectories } from "./part-storage.ts";

/** Codes of errors that pass by themselves. */
const TRANSIENT = new Set(["EMFILE", "ENFILE", "EAGAIN", "EBUSY", "EINTR", "ETIMEDOUT"]);

/**
 * Makes parts visible by renaming them. A part that is there under its final name already was committed before; one that is
 * nowhere is lost, and fails the job.
 */
export class FileCommitter implements Committer<FileCommittable> {
  async commit(committables: readonly FileCommittable[]): Promise<readonly CommitResult[]> {
    const results: CommitResult[] = [];
    const renamed: string[] = [];
    for (const committable of committables) {
      try {
        if (committable.kind === "part") {
          await commitPart(committable);
          renamed.push(committable.path);
        } else {
          await removePart(committable.path);
        }
        results.push({ kind: "committed" });
      } catch (error) {
        if (!isTransient(error)) throw error;
        results.push({ kind: "retry", cause: error });
      }
    }
    await syncDirectories(renamed);
    return results;
  }

  close(): void {
    // Nothing is held.
  }
}

async function commitPart({
  temporary,
  path,
  size,
}: FileCommittable & { readonly kind: "part" }): Promise<void> {
  const [from, to] = [await sizeOf(temporary), await sizeOf(path)];
  if (from === undefined && to !== undefined) return;
  if (from === undefined) {
    throw lost(
      temporary,
      "it is gone, and so is the finished file",
      "Was the directory cleared while the job ran?",
    );
  }
  if (from !== size) {
    throw lost(temporary, `it should have ${size} bytes, but has ${from}`, "It was changed from outside.");
  }
  if (to !== undefined) {
    throw lost(temporary, `another file took its final name, ${shownPath(path)}`, "Move that file away.");
  }
  await renamePart(temporary, path);
}

function lost(path: string, reason: string, help: string): MillraceError {
  return new MillraceError("SINK_FAILED", `file sink: can't commit ${shownPath(path)}: ${reason}`, {
    help,
    details: { path },
  });
}

function isTransient(error: unknown): boolean {
  return MillraceError.is(error, "SINK_FAILED") && TRANSIENT.has(String(error.details["errno"]));
}
