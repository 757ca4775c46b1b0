import type { Sink } from "millrace";

/** Where in a commit something goes wrong. */
export type Moment = "before" | "in the middle of" | "after";

/** Some lines that become visible together. */
export interface Entry {
  readonly id: string;
  readonly lines: readonly string[];
}

/** A commit that is about to be done. */
export interface CommitAttempt {
  readonly subtask: number;
  /** 0 for the first attempt of the job. */
  readonly attempt: number;
  /** Commits of this subtask before it, of all attempts. */
  readonly before: number;
  readonly entries: readonly Entry[];
}

/**
 * The world outside of a job, as a two-phase sink writes to it: entries, each once, whoever commits them and how often. Lives longer
 * than the attempts, and the jobs, that write to it.
 */
export class Ledger {
  readonly #entries = new Map<string, readonly string[]>();
  readonly #commits = new Map<number, number>();
  #writers = 0;
  /** What goes wrong with a commit, and where; undefined: nothing. */
  fault: (commit: CommitAttempt) => Moment | undefined = () => undefined;
  /** What a commit waits for. */
  slow: (commit: CommitAttempt) => Promise<unknown> | undefined = () => undefined;
  /** How often something went wrong. */
  failures = 0;

  /** Everything that is visible, sorted. */
  get lines(): readonly string[] {
    return [...this.#entries.values()].flat().sort();
  }

  /** A sink that writes here: each checkpoint's lines in up to three entries. */
  sink(): Sink<string, Entry> {
    return {
      name: "ledger",
      guarantee: "exactly-once",
      createWriter: ({ runtime }) => {
        const prefix = `${runtime.subtaskIndex}-${++this.#writers}`;
        let lines: string[] = [];
        let n = 0;
        return {
          ready: true,
          write(line) {
            lines.push(line);
          },
          flush() {},
          prepareCommit() {
            const third = Math.ceil(lines.length / 3);
            const parts = [lines.slice(0, third), lines.slice(third, 2 * third), lines.slice(2 * third)];
            lines = [];
            return parts
              .filter((part) => part.length > 0)
              .map((part) => ({ id: `${prefix}-${n++}`, lines: part }));
          },
          close() {},
        };
      },
      createCommitter: ({ runtime: { subtaskIndex: subtask, attempt } }) => ({
        commit: async (entries) => {
          const before = this.#commits.get(subtask) ?? 0;
          this.#commits.set(subtask, before + 1);
          const commit = { subtask, attempt, before, entries };
          await this.slow(commit);
          const fault = this.fault(commit);
          if (fault === "before") this.#fail();
          for (const [at, { id, lines }] of entries.entries()) {
            if (fault === "in the middle of" && at === Math.max(1, entries.length - 1)) this.#fail();
            this.#entries.set(id, lines);
          }
          if (fault !== undefined) this.#fail();
          return entries.map(() => ({ kind: "committed" as const }));
        },
        close() {},
      }),
    };
  }

  #fail(): never {
    this.failures++;
    throw new RangeError("the ledger is closed");
  }
}
