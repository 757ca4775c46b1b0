import { dirname } from "node:path";
import type { CommitResult, Committer } from "../../common/connector/sink.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { RuntimeContext } from "../../common/functions/runtime-context.ts";
import { shownPath } from "../files/file-problem.ts";
import type { FileCommittable } from "./file-committable.ts";
import { makerOf } from "./part-names.ts";
import type { PartStorage } from "./part-storage.ts";

type Of<K extends FileCommittable["kind"]> = Extract<FileCommittable, { readonly kind: K }>;

/** Codes of errors that pass by themselves. */
const TRANSIENT = new Set(["EMFILE", "ENFILE", "EAGAIN", "EBUSY", "EINTR", "ETIMEDOUT"]);

/**
 * Makes parts visible by renaming them. A part that is there under its final name already was committed before.
 *
 * One that is nowhere is lost, and fails the job, when this attempt made it. When it comes from a checkpoint it was committed before, by
 * who then failed or by the job that a savepoint was taken of, and its reader has moved it away since: nothing is left to do.
 */
export class FileCommitter implements Committer<FileCommittable> {
  readonly #storage: PartStorage;
  readonly #runtime: Pick<RuntimeContext, "jobId" | "attempt">;

  constructor(storage: PartStorage, runtime: Pick<RuntimeContext, "jobId" | "attempt">) {
    this.#storage = storage;
    this.#runtime = runtime;
  }

  async commit(committables: readonly FileCommittable[]): Promise<readonly CommitResult[]> {
    const results: CommitResult[] = [];
    const changed = new Set<string>();
    for (const committable of committables) {
      try {
        if (committable.kind === "part") {
          await this.#commitPart(committable);
          changed.add(dirname(committable.path));
        } else if (committable.kind === "remove") {
          await this.#storage.remove(committable.path);
        }
        results.push({ kind: "committed" });
      } catch (error) {
        if (!isTransient(error)) throw error;
        results.push({ kind: "retry", cause: error });
      }
    }
    await this.#storage.syncDirectories(changed);
    for (const committable of committables) if (committable.kind === "sweep") await this.#sweep(committable);
    return results;
  }

  close(): void {
    // Nothing is held.
  }

  async #commitPart(part: Of<"part">): Promise<void> {
    const { temporary, path, size } = part;
    const storage = this.#storage;
    const [from, to] = [await storage.sizeOf(temporary), await storage.sizeOf(path)];
    if (from === undefined) return this.#expectCommitted(part, to);
    if (from !== size) {
      throw lost(temporary, `it should have ${size} bytes, but has ${from}`, "It was changed from outside.");
    }
    // A predecessor that is still alive may do it at the same time: then the file is gone when it is looked for again.
    const ours = to === undefined ? await storage.rename(temporary, path) : false;
    if (ours) return;
    if ((await storage.sizeOf(temporary)) === undefined)
      return this.#expectCommitted(part, await storage.sizeOf(path));
    throw lost(temporary, `another file took its final name, ${shownPath(path)}`, "Move that file away.");
  }

  #expectCommitted({ temporary, job, attempt }: Of<"part">, size: number | undefined): void {
    const own = job === this.#runtime.jobId && attempt === this.#runtime.attempt;
    if (size !== undefined || !own) return;
    throw lost(
      temporary,
      "it is gone, and so is the finished file",
      "Was the directory cleared while the job ran?",
    );
  }

  /**
   * Removes what earlier attempts left behind. The checkpoint at hand is one of this attempt, so nothing of theirs is needed any more:
   * parts in progress stand in parts of this attempt, and complete ones were committed before anything was written.
   */
  async #sweep({ root, prefix, mark, attempt, subtask, parallelism }: Of<"sweep">): Promise<void> {
    try {
      for await (const path of this.#storage.hiddenFiles(root)) {
        const maker = makerOf(path, prefix, mark);
        if (maker === undefined || maker.attempt >= attempt) continue;
        if (maker.subtaskIndex % parallelism === subtask) await this.#storage.remove(path);
      }
    } catch (error) {
      // Nobody sees these files; the next attempt will try again.
      if (!MillraceError.is(error)) throw error;
    }
  }
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
