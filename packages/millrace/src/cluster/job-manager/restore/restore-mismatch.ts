import type { OperatorUid } from "../../../common/ids/ids.ts";

/** What keeps a job from starting from a savepoint. */
export type MismatchKind =
  /** It has state of an operator that the job doesn't have. */
  | "operator-missing"
  /** Another kind of operator has the uid now. */
  | "operator-kind"
  /** A setting that the state depends on is another: the source, the geometry of windows. */
  | "operator-settings"
  /** Another number of key groups, or a parallelism above it. */
  | "max-parallelism"
  /** Keys are mapped to key groups in another way. */
  | "key-hash"
  /** The state stands in files of a state backend that the job doesn't use. */
  | "state-backend"
  | "state-layout"
  | "state-kind"
  | "state-type"
  /** Records were on their way over an edge that the job doesn't have. */
  | "in-flight-records"
  /** An operator had ended; what feeds it now has not. */
  | "finished-operator"
  /** The savepoint's job was drained. */
  | "drained";

/** One reason why a job can't start from a savepoint. Plain data. */
export interface RestoreMismatch {
  readonly kind: MismatchKind;
  /** The operator's name and uid, in the savepoint; undefined where the savepoint as a whole is meant. */
  readonly operator: string | undefined;
  readonly uid: OperatorUid | undefined;
  /** The state, where one is meant. */
  readonly state: string | undefined;
  /** The field of the state's type that doesn't fit: "address.zip"; "" for the type as a whole. */
  readonly path: string | undefined;
  /** What the savepoint has, and what the job has: parts of a sentence. */
  readonly found: string;
  readonly expected: string;
  /** What can be done, in sentences. */
  readonly remedy: string;
}

/**
 * Whom a mismatch, or a notice, is about.
 * @example `operator "count" (uid "count"), state "n"`
 */
export function subjectOf(of: Pick<RestoreMismatch, "operator" | "uid" | "state">): string {
  if (of.operator === undefined) return "the savepoint";
  const state = of.state === undefined ? "" : `, state "${of.state}"`;
  return `operator "${of.operator}" (uid "${of.uid ?? ""}")${state}`;
}

/** A mismatch as one sentence; what can be done is apart. */
export function describeMismatch(mismatch: RestoreMismatch): string {
  const whole = mismatch.operator === undefined;
  const { found, expected } = mismatch;
  return whole
    ? `the savepoint ${found}; ${expected}`
    : `${subjectOf(mismatch)}: the savepoint has ${found}; ${expected}`;
}
