import { isMerging } from "../../../runtime/operators/window/merging-shapes.ts";
import { windowLayout, type WindowLayout } from "../../../runtime/operators/window/window-layout.ts";
import type { WindowSpec } from "../../../graph/stream/operator-spec.ts";
import type { OperatorPair } from "./restoring-job.ts";
import type { RestoreFindings } from "./restore-check.ts";
import type { StoredStates } from "./stored-states.ts";

/**
 * Whether the windows of an operator, if it has some, are laid out as their state is. A trigger or evictor that was added, a merge that
 * was removed change the layout; what is said tells why.
 */
export function checkWindowLayout(
  { operator, node }: OperatorPair,
  stored: StoredStates,
  findings: RestoreFindings,
): boolean {
  if (node.spec.kind !== "window") return true;
  const was = layoutOf(stored);
  const now = windowLayout(node.spec).kind;
  const about = { operator: operator.name, uid: operator.uid, state: undefined, path: undefined };
  if (was !== undefined && was !== now) {
    findings.mismatch({
      ...about,
      kind: "state-layout",
      found: `windows kept ${LAYOUTS[was]}`,
      expected: `the job keeps them ${LAYOUTS[now]}: ${reasonOf(node.spec, was, now)}`,
      remedy: REMEDY,
    });
    return false;
  }
  const merged = stored.keyed.some(({ name }) => name === "merging-windows");
  const merges = isMerging(node.spec.assigner.shape);
  if (was !== "key-first" || merged === merges) return true;
  findings.mismatch({
    ...about,
    kind: "state-layout",
    found: merged ? "windows that merge" : "windows that don't merge",
    expected: merges ? "the job's windows merge" : "the job's windows don't",
    remedy: REMEDY,
  });
  return false;
}

const REMEDY =
  "Open windows can't move from one layout to another: take back the change; or give the operator another uid and leave them behind (-n, --allow-non-restored-state), which loses what they hold.";

const LAYOUTS: Readonly<Record<WindowLayout["kind"], string>> = {
  windows: "by window, then key",
  slices: "by slice, which sliding windows share",
  sessions: "as sessions of each key",
  "key-first": "by key, then window",
};

/** undefined where there are no windows at the time. */
function layoutOf({ keyed }: StoredStates): WindowLayout["kind"] | undefined {
  const names = new Set(keyed.map(({ name }) => name));
  if (names.has("contents")) return "key-first";
  return (["windows", "slices", "sessions"] as const).find((name) =>
    keyed.some((state) => state.name === name && state.layout === "tables"),
  );
}

/** What in the program chose the layout. */
function reasonOf(
  { evictor, trigger, assigner, contents }: WindowSpec,
  was: WindowLayout["kind"],
  now: WindowLayout["kind"],
): string {
  const { kind } = assigner.shape;
  if (now === "key-first") {
    if (evictor !== undefined) return `its windows have the evictor ${evictor.name} now`;
    if (trigger !== undefined) return `its windows have the trigger ${trigger.name} now`;
    return `its windows are ${kind} windows now`;
  }
  if (was === "key-first") return `its ${kind} windows have their default trigger and no evictor now`;
  if (now === "slices") return "its sliding windows can share slices now";
  if (was === "slices" && kind === "sliding") {
    return contents.kind === "process"
      ? "its function sees all records of a window now, which slices don't keep"
      : "its aggregate can't be joined any more, or a function's clear must be called for each window";
  }
  return `its windows are ${kind} windows now`;
}
