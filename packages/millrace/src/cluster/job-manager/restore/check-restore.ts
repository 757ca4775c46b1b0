import { KEY_HASH_VERSION } from "../../../common/keys/hash-key.ts";
import type { StreamNode } from "../../../graph/stream/stream-graph.ts";
import type {
  CheckpointMetadata,
  OperatorMetadata,
} from "../../../runtime/checkpoint/format/checkpoint-metadata.ts";
import { streamNode } from "../../../runtime/task/chain-layout.ts";
import { checkChannels } from "./check-channels.ts";
import { checkOperator } from "./check-operator.ts";
import { missingOperator } from "./missing-operator.ts";
import { RestoreFindings, type RestoreCheck } from "./restore-check.ts";
import type { RestoringJob } from "./restoring-job.ts";
import { canHaveState, hasState } from "./stateful-operators.ts";
import type { StoredStatesByUid } from "./stored-states.ts";

/** How a job and a savepoint are compared. */
export interface RestoreCheckOptions {
  /** Whether state of operators that the job no longer has is left behind. Default false: it is a mismatch. */
  readonly allowNonRestoredState?: boolean | undefined;
  /** What the savepoint's parts say of themselves (`readStoredStates`). Without it, states are compared when operators start. */
  readonly states?: StoredStatesByUid | undefined;
}

/**
 * Compares a job with a savepoint or checkpoint that it is to start from, and reports everything that keeps it from that, at once. Pure:
 * nothing is read, nothing is run. States that functions ask for when they start can't be seen from here; their stores check them then.
 *
 * @example
 * ```ts
 * const check = checkRestore(metadata, { streamGraph, jobGraph }, { states });
 * if (check.mismatches.length > 0) throw restoreRefused(jobGraph.jobName, path, check);
 * ```
 */
export function checkRestore(
  metadata: CheckpointMetadata,
  job: RestoringJob,
  options: RestoreCheckOptions = {},
): RestoreCheck {
  const findings = new RestoreFindings();
  checkWhole(metadata, findings);
  const nodes = new Map(job.streamGraph.nodes.map((node) => [node.uid, node]));
  const { states } = options;
  const finished = finishedOperators(metadata);
  for (const operator of metadata.operators) {
    const stored = states?.get(operator.uid);
    if (!hasState(operator, states === undefined ? undefined : (stored ?? { keyed: [], operator: [] })))
      continue;
    const node = nodes.get(operator.uid);
    if (node === undefined)
      missingOperator(operator, metadata, job, options.allowNonRestoredState ?? false, findings);
    else checkOperator({ operator, node, job, stored, over: taskIsOver(node, job, finished) }, findings);
  }
  checkChannels(metadata, job, findings);
  checkFinished(finished, job, findings);
  tellNewOperators(metadata.operators, job.streamGraph.nodes, findings);
  return findings.result;
}

function checkWhole(metadata: CheckpointMetadata, findings: RestoreFindings): void {
  const whole = { operator: undefined, uid: undefined, state: undefined, path: undefined };
  if (metadata.stop === "drain") {
    findings.mismatch({
      ...whole,
      kind: "drained",
      found: "was taken when its job was drained, so that its input counts as ended for good",
      expected: "nothing more can come of it",
      remedy:
        "Start the job without it, or from a savepoint that was taken without drain. Its state can be looked at by `millrace savepoint inspect`.",
    });
  }
  const keyed = metadata.operators.some(({ subtasks }) => subtasks.some(({ keyed }) => keyed !== undefined));
  if (keyed && metadata.keyHashVersion !== KEY_HASH_VERSION) {
    findings.mismatch({
      ...whole,
      kind: "key-hash",
      found: `maps keys to key groups by version ${metadata.keyHashVersion} of the hash`,
      expected: `this Millrace does by version ${KEY_HASH_VERSION}`,
      remedy: `Start the job with the version that wrote the savepoint: ${metadata.writer}.`,
    });
  }
}

/** The uids of operators of which all subtasks had finished. */
const finishedOperators = ({ operators }: CheckpointMetadata): ReadonlySet<string> =>
  new Set(
    operators
      .filter(({ subtasks }) => subtasks.length > 0 && subtasks.every((subtask) => subtask.finished))
      .map(({ uid }) => uid),
  );

function taskIsOver(
  node: StreamNode,
  { jobGraph, streamGraph }: RestoringJob,
  finished: ReadonlySet<string>,
): boolean {
  const vertex = jobGraph.vertices.find(({ nodes }) => nodes.includes(node.id));
  return vertex?.nodes.every((id) => finished.has(streamNode(streamGraph, id).uid)) === true;
}

/** What had finished can't be fed again: it says that its data has ended as soon as it starts (correctness rule 21). */
function checkFinished(finished: ReadonlySet<string>, job: RestoringJob, findings: RestoreFindings): void {
  for (const node of job.streamGraph.nodes) {
    if (!finished.has(node.uid)) continue;
    for (const source of new Set(node.inputs.map((edge) => edge.source))) {
      const input = job.streamGraph.nodes[source] as StreamNode;
      if (finished.has(input.uid)) continue;
      findings.mismatch({
        kind: "finished-operator",
        operator: node.name,
        uid: node.uid,
        state: undefined,
        path: undefined,
        found: "it as finished, with all its input processed",
        expected: `in the job it is fed by "${input.name}", which has not finished`,
        remedy: "Give it another uid, so that it starts anew, or take back the change of its input.",
      });
    }
  }
}

function tellNewOperators(
  operators: readonly OperatorMetadata[],
  nodes: readonly StreamNode[],
  findings: RestoreFindings,
): void {
  const known = new Set(operators.map(({ uid }) => uid));
  for (const { name, uid, spec } of nodes) {
    if (known.has(uid) || !canHaveState(spec)) continue;
    const text =
      spec.kind === "source"
        ? "is new: it reads its input from the beginning"
        : "is new: it starts without state";
    findings.notice({ kind: "starts-empty", operator: name, uid, state: undefined, text });
  }
}
