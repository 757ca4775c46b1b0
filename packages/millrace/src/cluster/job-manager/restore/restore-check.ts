import type { OperatorUid } from "../../../common/ids/ids.ts";
import type { RestoreMismatch } from "./restore-mismatch.ts";

/** What is to be known about a restore that would go well. */
export type NoticeKind =
  /** State of an operator that the job doesn't have is left behind, as was allowed. */
  | "dropped"
  /** State that the operator no longer declares: it is carried along, unused. */
  | "unused"
  /** Values are read as another type, by rule. */
  | "migrated"
  /** The operator's uid was generated: a new name, or another operator before it, changes it. */
  | "generated-uid"
  /** The operator may have state, and the savepoint has none of it. */
  | "starts-empty"
  /** A source was given another input, which does nothing: its splits are those of the savepoint. */
  | "source-input"
  /** Whether the state fits shows when the operator starts. */
  | "unchecked";

/** Something to be known about one operator, or one of its states. Plain data. */
export interface RestoreNotice {
  readonly kind: NoticeKind;
  readonly operator: string;
  readonly uid: OperatorUid;
  readonly state: string | undefined;
  /** What goes on, as part of a sentence. */
  readonly text: string;
}

/** How a job and a savepoint fit each other. Plain data. */
export interface RestoreCheck {
  /** Reasons why the job can't start from it: all there are. Without any, it can. */
  readonly mismatches: readonly RestoreMismatch[];
  readonly notices: readonly RestoreNotice[];
  /** What shows only when operators start: their stores refuse it then, naming the state. */
  readonly unchecked: readonly RestoreNotice[];
}

/** Gathers what a check finds. */
export class RestoreFindings {
  readonly mismatches: RestoreMismatch[] = [];
  readonly #notices: RestoreNotice[] = [];

  mismatch(found: RestoreMismatch): void {
    this.mismatches.push(found);
  }

  notice(found: RestoreNotice): void {
    this.#notices.push(found);
  }

  get result(): RestoreCheck {
    return {
      mismatches: this.mismatches,
      notices: this.#notices.filter(({ kind }) => kind !== "unchecked"),
      unchecked: this.#notices.filter(({ kind }) => kind === "unchecked"),
    };
  }
}
