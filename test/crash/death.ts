/** The environment variable that tells a process when to die: a `Death` as JSON. */
export const DIE_AT = "MILLRACE_TEST_DIE_AT";

/** A step at which a process kills itself. */
export interface Death {
  readonly moment: "before" | "after";
  readonly step: "rename" | "unlink";
  /** A pattern; of the new path of what is renamed. */
  readonly path: string;
  /** At which of them, from 1; each thread counts its own. */
  readonly nth: number;
}
