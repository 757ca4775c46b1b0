import { describeType } from "../../../common/types/describe-type.ts";
import { migrationRule } from "../../../common/types/migration-rule.ts";
import type { TypeDescription } from "../../../common/types/type-description.ts";
import type { StateHeader } from "../../../runtime/checkpoint/format/keyed-part.ts";
import { withArticle } from "./kind-text.ts";
import type { OperatorPair } from "./restoring-job.ts";
import { checkWindowLayout } from "./check-window-layout.ts";
import { declaredStates, type DeclaredStates } from "./declared-states.ts";
import type { RestoreFindings } from "./restore-check.ts";
import type { StoredOperatorState } from "./stored-states.ts";

/** Compares the states of one operator with those that the job declares. */
export function checkStates(pair: OperatorPair, findings: RestoreFindings): void {
  const { node, stored } = pair;
  if (stored === undefined) {
    const keyed = pair.operator.subtasks.some((subtask) => subtask.keyed !== undefined);
    if (keyed) unchecked(pair, undefined, "its states were not read", findings);
    return;
  }
  if (!checkWindowLayout(pair, stored, findings)) return;
  const declared = declaredStates(node.spec);
  const keyed = new Map(declared.keyed.map((state) => [state.name, state]));
  for (const state of stored.keyed.filter(isOfFunctions)) {
    const now = keyed.get(state.name);
    if (now === undefined) undeclared(pair, state.name, declared, findings);
    else checkKeyed(pair, state, now, findings);
  }
  const operator = new Map(declared.operator.map((state) => [state.name, state]));
  for (const state of stored.operator) {
    const now = operator.get(state.name);
    if (now === undefined) undeclared(pair, state.name, declared, findings);
    else checkOperatorState(pair, state, now, findings);
  }
}

/** Timers are the operator's own. */
const isOfFunctions = ({ layout }: StateHeader): boolean =>
  layout !== "event-timers" && layout !== "processing-timers";

function undeclared(
  pair: OperatorPair,
  state: string,
  { more }: DeclaredStates,
  findings: RestoreFindings,
): void {
  // A sink's states are its connector's own.
  if (pair.node.spec.kind === "sink") return;
  if (more) {
    unchecked(
      pair,
      state,
      "the job doesn't declare it; its function may ask for it when it starts",
      findings,
    );
    return;
  }
  const { name: operator, uid } = pair.operator;
  const text = "is not used any more: it is carried along from savepoint to savepoint";
  findings.notice({ kind: "unused", operator, uid, state, text });
}

function checkKeyed(pair: OperatorPair, was: StateHeader, now: StateHeader, findings: RestoreFindings): void {
  const { name: operator, uid } = pair.operator;
  const about = { operator, uid, state: was.name, path: undefined };
  if (was.layout !== now.layout) {
    findings.mismatch({
      ...about,
      kind: "state-layout",
      found: `it ${LAYOUTS[was.layout]}`,
      expected: `the job keeps it ${LAYOUTS[now.layout]}`,
      remedy: CHANGED_STATE,
    });
    return;
  }
  if (was.kind !== now.kind) {
    const evicting =
      pair.node.spec.kind === "window" && pair.node.spec.evictor !== undefined && now.kind === "list"
        ? ", because its windows have an evictor"
        : "";
    findings.mismatch({
      ...about,
      kind: "state-kind",
      found: `${withArticle(was.kind ?? "table")} state`,
      expected: `the job declares ${withArticle(now.kind ?? "table")} state${evicting}`,
      remedy: CHANGED_STATE,
    });
    return;
  }
  checkTypes(pair, was, now, findings);
}

const LAYOUTS: Readonly<Record<StateHeader["layout"], string>> = {
  keyed: "by key",
  namespaced: "by key and window",
  tables: "by window, then key",
  "event-timers": "as event-time timers",
  "processing-timers": "as processing-time timers",
};

const CHANGED_STATE =
  "Give the new state another name: the old one is then carried along, unused. Or take back the change.";

function checkOperatorState(
  pair: OperatorPair,
  was: StoredOperatorState,
  now: StoredOperatorState,
  findings: RestoreFindings,
): void {
  if (was.mode === now.mode) {
    checkTypes(pair, was, now, findings);
    return;
  }
  const { name: operator, uid } = pair.operator;
  findings.mismatch({
    kind: "state-kind",
    operator,
    uid,
    state: was.name,
    path: undefined,
    found: MODES[was.mode],
    expected: `the job declares ${MODES[now.mode]}`,
    remedy: CHANGED_STATE,
  });
}

const MODES: Readonly<Record<StoredOperatorState["mode"], string>> = {
  split: "a list state",
  union: "a union list state",
  broadcast: "a broadcast state",
};

type Typed = {
  readonly name: string;
  readonly keyType: TypeDescription | undefined;
  readonly type: TypeDescription | undefined;
};

function checkTypes(pair: OperatorPair, was: Typed, now: Typed, findings: RestoreFindings): void {
  checkType(pair, was.name, "keys", was.keyType, now.keyType, findings);
  checkType(pair, was.name, "values", was.type, now.type, findings);
}

function checkType(
  pair: OperatorPair,
  state: string,
  what: "keys" | "values",
  was: TypeDescription | undefined,
  now: TypeDescription | undefined,
  findings: RestoreFindings,
): void {
  if (isAny(was)) {
    if (!isAny(now)) {
      unchecked(
        pair,
        state,
        `its ${what} had no declared type when they were written: each is looked at`,
        findings,
      );
    }
    return;
  }
  const { name: operator, uid } = pair.operator;
  const migration = migrationRule(was as TypeDescription, now ?? { kind: "any" });
  if (migration.kind === "incompatible") {
    const { path, problems } = migration;
    const why = problems.map((it) => `${it.path === "" ? "" : `at ${it.path}: `}${it.reason}`).join("; ");
    findings.mismatch({
      kind: "state-type",
      operator,
      uid,
      state,
      path,
      found: `${what} of type ${declaredType(was)}`,
      expected: `the job declares ${declaredType(now)}${path === "" ? ": " : "; "}${why}`,
      remedy:
        "Allowed are optional fields added, fields made optional, int to double, null and members added. Otherwise give the new state another name, or take back the change.",
    });
  } else if (migration.kind === "compatible") {
    const text = `its ${what} are read as another type: ${migration.changes.join(", ")}`;
    findings.notice({ kind: "migrated", operator, uid, state, text });
  }
}

const isAny = (type: TypeDescription | undefined): boolean => type === undefined || type.kind === "any";

const declaredType = (type: TypeDescription | undefined): string =>
  type === undefined ? "none" : describeType(type);

function unchecked(
  { operator: { name, uid } }: OperatorPair,
  state: string | undefined,
  text: string,
  findings: RestoreFindings,
): void {
  findings.notice({ kind: "unchecked", operator: name, uid, state, text });
}
