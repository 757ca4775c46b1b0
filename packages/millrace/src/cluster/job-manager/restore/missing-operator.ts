import { closest } from "../../../common/errors/did-you-mean.ts";
import type { StreamNode } from "../../../graph/stream/stream-graph.ts";
import type {
  CheckpointMetadata,
  OperatorMetadata,
} from "../../../runtime/checkpoint/format/checkpoint-metadata.ts";
import type { RestoringJob } from "./restoring-job.ts";
import type { RestoreFindings } from "./restore-check.ts";
import { kindText } from "./kind-text.ts";

/** Reports the state of an operator that the job doesn't have, and which of the job's operators it may be. */
export function missingOperator(
  operator: OperatorMetadata,
  metadata: CheckpointMetadata,
  job: RestoringJob,
  allowed: boolean,
  findings: RestoreFindings,
): void {
  const { name, uid, kind } = operator;
  const meant = candidate(operator, metadata, job);
  if (allowed) {
    const perhaps =
      meant === undefined ? "" : `; the job's operator "${meant.name}" (uid "${meant.uid}") looks like it`;
    const text = `its state is left behind${perhaps}`;
    findings.notice({ kind: "dropped", operator: name, uid, state: undefined, text });
    return;
  }
  const drop = "Or leave its state behind: -n, --allow-non-restored-state.";
  findings.mismatch({
    kind: "operator-missing",
    operator: name,
    uid,
    state: undefined,
    path: undefined,
    found: `state of it, ${kindText(kind)}`,
    expected: "the job has no operator of this uid",
    remedy: [
      meant === undefined
        ? `If it has another uid in the job, give it this one: .uid("${uid}").`
        : `The job's operator "${meant.name}" (uid "${meant.uid}") looks like it: if it is, give it .uid("${uid}").`,
      drop,
      ...(kind === "sink" ? ["Output that it had written and not yet committed is then lost."] : []),
    ].join(" "),
  });
}

/** The operator of the job that this one may have become: one of its kind that the savepoint doesn't know, of a like uid or name. */
function candidate(
  { uid, name, kind, uidExplicit }: OperatorMetadata,
  metadata: CheckpointMetadata,
  job: RestoringJob,
): StreamNode | undefined {
  const known = new Set(metadata.operators.map((operator) => operator.uid));
  const unknown = job.streamGraph.nodes.filter((node) => node.spec.kind === kind && !known.has(node.uid));
  const explicit = unknown.filter((node) => node.uidExplicit);
  const alike = uidExplicit
    ? closest(
        uid,
        explicit.map((node) => node.uid),
      )
    : undefined;
  return (
    explicit.find((node) => node.uid === alike) ??
    unknown.find((node) => node.name === name) ??
    (unknown.length === 1 && missingOfKind(metadata, job, kind) === 1 ? unknown[0] : undefined)
  );
}

/** How many of the savepoint's operators of a kind the job doesn't have. */
function missingOfKind(metadata: CheckpointMetadata, job: RestoringJob, kind: string): number {
  const has = new Set(job.streamGraph.nodes.map((node) => node.uid));
  return metadata.operators.filter((operator) => operator.kind === kind && !has.has(operator.uid)).length;
}
