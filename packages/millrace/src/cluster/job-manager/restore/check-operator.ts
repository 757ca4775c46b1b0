import { configValue } from "../../../common/config/configuration.ts";
import { MAX_PARALLELISM, STATE_BACKEND } from "../../../common/config/options.ts";
import { checkStates } from "./check-states.ts";
import { kindText } from "./kind-text.ts";
import type { RestoreFindings } from "./restore-check.ts";
import type { RestoreMismatch } from "./restore-mismatch.ts";
import type { OperatorPair } from "./restoring-job.ts";
import { stateSettings } from "./state-settings.ts";

/** Compares one operator with its state. */
export function checkOperator(pair: OperatorPair, findings: RestoreFindings): void {
  const { operator, node } = pair;
  const about = { operator: operator.name, uid: operator.uid, state: undefined, path: undefined };
  if (operator.kind !== node.spec.kind) {
    findings.mismatch({
      ...about,
      kind: "operator-kind",
      found: `state of ${kindText(operator.kind)}`,
      expected: `in the job it is ${kindText(node.spec.kind)}${node.name === operator.name ? "" : `, "${node.name}"`}`,
      remedy:
        "State of one kind of operator means nothing to another: give the new one another uid, and leave the old state behind (-n, --allow-non-restored-state).",
    });
    return;
  }
  if (!node.uidExplicit) {
    const text = `has no uid of its own: a new name, or another operator before it, parts it from its state; .uid("${operator.uid}") keeps them together`;
    findings.notice({ ...about, kind: "generated-uid", text });
  }
  if (operator.subtasks.some(({ keyed }) => keyed !== undefined)) checkKeyGroups(pair, about, findings);
  checkBackend(pair, about, findings);
  tellChangedInput(pair, findings);
  if (checkSettings(pair, about, findings)) checkStates(pair, findings);
}

/** See correctness rule 9: the savepoint's number of key groups holds, unless the program says another. */
function checkKeyGroups(
  { operator, node, job }: OperatorPair,
  about: Pick<RestoreMismatch, "operator" | "uid" | "state" | "path">,
  findings: RestoreFindings,
): void {
  const { maxParallelism } = operator;
  const set = job.streamGraph.config[MAX_PARALLELISM.key];
  const asked = node.maxParallelism ?? (typeof set === "number" ? set : undefined);
  const found = `its keys in ${maxParallelism} key groups`;
  if (asked !== undefined && asked !== maxParallelism) {
    const by = node.maxParallelism === undefined ? MAX_PARALLELISM.key : "setMaxParallelism";
    findings.mismatch({
      ...about,
      kind: "max-parallelism",
      found,
      expected: `the job asks for ${asked} by ${by}`,
      remedy: `The number of key groups is fixed for the life of the state: ask for ${maxParallelism}, or for none.`,
    });
    return;
  }
  const vertex = job.jobGraph.vertices.find(({ nodes }) => nodes.includes(node.id));
  if (vertex === undefined || vertex.parallelism <= maxParallelism) return;
  findings.mismatch({
    ...about,
    kind: "max-parallelism",
    found,
    expected: `the job runs it in ${vertex.parallelism} subtasks, of which some would have none`,
    remedy: `Run it with a parallelism of ${maxParallelism} or less.`,
  });
}

/** A checkpoint may be in a backend's own form, which only that backend reads. */
function checkBackend(
  { operator, job, over }: OperatorPair,
  about: Pick<RestoreMismatch, "operator" | "uid" | "state" | "path">,
  findings: RestoreFindings,
): void {
  // Also a savepoint has it in that form: it is what the last checkpoint held before the operator had finished.
  if (over) return;
  const asked = configValue(job.streamGraph.config, STATE_BACKEND);
  const native = operator.subtasks.filter(({ keyed }) => keyed?.kind === "native" && keyed.backend !== asked);
  const written = native[0]?.keyed?.kind === "native" ? native[0].keyed.backend : undefined;
  if (written === undefined) return;
  const change = native.every(({ finished }) => finished)
    ? "To change over, start from a savepoint that was taken before any of its subtasks, or after all of them had finished: what some that have finished leave stays in that form."
    : "To change over, take a savepoint with it, which every backend reads, and start from that.";
  findings.mismatch({
    ...about,
    kind: "state-backend",
    found: `its state in files of ${written}, which no other state backend reads`,
    expected: `the job keeps it in ${asked}`,
    remedy: `Start the job with ${STATE_BACKEND.key} ${written}. ${change}`,
  });
}

/** Splits were made once, for the first start. */
function tellChangedInput({ operator, node }: OperatorPair, findings: RestoreFindings): void {
  const { spec } = node;
  if (spec.kind !== "source" || operator.settings?.["source"] !== spec.source.name) return;
  const was = operator.input ?? {};
  const now = spec.source.input ?? {};
  const changed = Object.keys(was).filter((name) => now[name] !== undefined && now[name] !== was[name]);
  if (changed.length === 0) return;
  const changes = changed.map((name) => `${name} is "${was[name]}" there, and "${now[name]}" in the job`);
  const text = `continues with the splits of the savepoint: ${changes.join("; ")}, which changes nothing. To read the new input, give the source another uid, and leave the old one's positions behind (-n, --allow-non-restored-state)`;
  findings.notice({
    kind: "source-input",
    operator: operator.name,
    uid: operator.uid,
    state: undefined,
    text,
  });
}

/** Answers whether all settings that state depends on are the same. */
function checkSettings(
  { operator, node }: OperatorPair,
  about: Pick<RestoreMismatch, "operator" | "uid" | "state" | "path">,
  findings: RestoreFindings,
): boolean {
  const now = stateSettings(node.spec) ?? {};
  const changed = Object.entries(operator.settings ?? {}).filter(
    ([name, value]) => now[name] !== undefined && now[name] !== value,
  );
  for (const [name, value] of changed) {
    findings.mismatch({
      ...about,
      kind: "operator-settings",
      found: `state of ${name} "${value}"`,
      expected: `the job has ${name} "${now[name]}"`,
      remedy: settingRemedy(name),
    });
  }
  return changed.length === 0;
}

function settingRemedy(name: string): string {
  switch (name) {
    case "source":
      return "Positions in one source mean nothing in another: give the new source another uid, and leave the old one's behind (-n, --allow-non-restored-state).";
    case "sink":
      return "What one sink has written another can't commit: give the new sink another uid. Stop the old job with a savepoint first, so that nothing is left to commit, and leave its state behind (-n, --allow-non-restored-state).";
    case "windows":
      return "Windows that are open can't become windows of another size: take back the change; or give the operator another uid and leave them behind (-n, --allow-non-restored-state), which loses what they hold.";
    default:
      return "Take back the change, or give the operator another uid and leave its state behind (-n, --allow-non-restored-state).";
  }
}
