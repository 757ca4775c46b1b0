import { createHash } from "node:crypto";
import { describeType } from "../../common/types/describe-type.ts";
import type { StreamGraph } from "../stream/stream-graph.ts";
import type { JobGraph } from "./job-graph.ts";

/**
 * A hash of all that a job graph's structure is made of: kinds, names, uids, types, edges, parallelisms. Two builds of one program have the
 * same; functions and captured values can't be seen by it (correctness rule 25).
 */
export function fingerprintOf(graph: StreamGraph, job: Pick<JobGraph, "vertices" | "edges">): string {
  return createHash("sha256")
    .update(JSON.stringify([describeNodes(graph), job.vertices, job.edges]))
    .digest("hex");
}

/** What of each node goes into the fingerprint. */
export function describeNodes(graph: StreamGraph): readonly string[] {
  return graph.nodes.map((node) =>
    JSON.stringify({
      id: node.id,
      name: node.name,
      uid: node.uid,
      kind: node.spec.kind,
      type: node.outputType === undefined ? undefined : describeType(node.outputType.description),
      sides: [...node.sideOutputTypes].map(([tag, type]) => [
        tag,
        type === undefined ? null : describeType(type.description),
      ]),
      inputs: node.inputs.map(({ source, input, sideOutput, partitioner }) => [
        source,
        input,
        sideOutput ?? null,
        partitioner.kind,
      ]),
      parallelism: node.parallelism,
      maxParallelism: node.maxParallelism,
      chaining: node.chaining,
      group: node.slotSharingGroup,
      poison: node.poison.kind,
    }),
  );
}

/**
 * Where two builds of a program part, as a sentence; undefined where they don't.
 *
 * @param expected the descriptions of the build at submission, @param actual those of a later one
 */
export function firstDifference(expected: readonly string[], actual: readonly string[]): string | undefined {
  for (let i = 0; i < Math.max(expected.length, actual.length); i++) {
    if (expected[i] === actual[i]) continue;
    const [before, after] = [fieldsOf(expected[i]), fieldsOf(actual[i])];
    if (before === undefined) return `node ${i} is new: ${after?.name} (${after?.kind})`;
    if (after === undefined) return `node ${i} is missing: ${before.name} (${before.kind})`;
    return `node ${i} differs: ${differingFields(before, after).join("; ")}`;
  }
  return undefined;
}

type Fields = Readonly<Record<string, unknown>> & { readonly name: string; readonly kind: string };

const fieldsOf = (description: string | undefined): Fields | undefined =>
  description === undefined ? undefined : (JSON.parse(description) as Fields);

/** The rest of two descriptions says nothing, and types are long. */
function differingFields(expected: Fields, actual: Fields): string[] {
  return [...new Set([...Object.keys(expected), ...Object.keys(actual)])]
    .map((field) => [field, shown(expected[field]), shown(actual[field])] as const)
    .filter(([, before, after]) => before !== after)
    .map(([field, before, after]) => `expected ${field} ${before}, got ${after}`);
}

const shown = (value: unknown): string => JSON.stringify(value) ?? "undefined";
