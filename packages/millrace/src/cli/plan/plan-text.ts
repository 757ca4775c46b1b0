import { formatCount } from "../format/numbers.ts";
import { oneLine, textWidth, truncate } from "../format/text-width.ts";
import type { Style } from "../terminal/style.ts";
import type { JobPlan, PlanEdge, PlanOperator, PlanVertex } from "../../cluster/artifact/job-plan.ts";

/** The most columns of an operator's type: the whole one stands in the JSON. */
const TYPE_WIDTH = 90;

/**
 * A plan for people: each vertex with what it reads, and its operators as a tree.
 *
 * @example
 * ```text
 * delays: The worst airports of each day
 * 2 vertices, 4 tasks in 2 slots
 *
 * 1 Source: flights -> Filter (2 tasks)
 *     Source: flights  uid 5c1f0a
 *       emits { date: timestamp, delay: int }
 *     +- Filter        uid "late"
 *
 * 2 Window(tumbling, aggregate) -> Sink: print (2 tasks, 128 key groups)
 *     <- hash from 1 (Filter)
 *     Window(tumbling, aggregate)  uid 77ab01
 *     +- Sink: print               uid 90cc23
 * ```
 */
export function planText(plan: JobPlan, style: Style): string {
  const tasks = plan.vertices.reduce((sum, { parallelism }) => sum + parallelism, 0);
  const title = plan.description === null ? "" : `: ${plan.description}`;
  const head = [
    `${style.bold(oneLine(plan.job))}${title}`,
    style.dim(
      `${count(plan.vertices.length, "vertex", "vertices")}, ${count(tasks, "task")} in ${count(plan.slots, "slot")}`,
    ),
  ];
  return [
    ...head,
    ...plan.vertices.flatMap((vertex, index) => ["", ...vertexText(plan, vertex, index, style)]),
  ].join("\n");
}

function vertexText(plan: JobPlan, vertex: PlanVertex, index: number, style: Style): string[] {
  const inputs = plan.edges.filter(({ to }) => to === vertex.id);
  const facts = [count(vertex.parallelism, "task")];
  if (inputs.some(({ partitioner }) => partitioner === "hash")) {
    facts.push(`${formatCount(vertex.maxParallelism)} key groups`);
  }
  if (vertex.slotSharingGroup !== "default")
    facts.push(`slot sharing group "${oneLine(vertex.slotSharingGroup)}"`);
  const labels = vertex.operators.map(operatorLabel);
  const width = Math.max(...labels.map(textWidth));
  return [
    `${style.cyan(String(index + 1))} ${style.bold(oneLine(vertex.name))} ${style.dim(`(${facts.join(", ")})`)}`,
    ...inputs.map((edge) => `    ${style.yellow("<-")} ${inputText(plan, edge, inputs)}`),
    ...vertex.operators.flatMap((operator, position) =>
      operatorText(operator, labels[position] as string, width, style),
    ),
  ];
}

function inputText(plan: JobPlan, edge: PlanEdge, all: readonly PlanEdge[]): string {
  const index = plan.vertices.findIndex(({ id }) => id === edge.from);
  const from = plan.vertices[index]?.operators.find(({ id }) => id === edge.fromOperator);
  const side = edge.sideOutput === null ? "" : `, side output "${oneLine(edge.sideOutput)}"`;
  const input = all.some((other) => other.input !== edge.input) ? `, input ${edge.input + 1}` : "";
  return `${edge.partitioner} from ${index + 1} (${oneLine(from?.name ?? "?")}${side})${input}`;
}

function operatorLabel({ name, depth }: PlanOperator): string {
  return `${depth === 0 ? "" : `${"   ".repeat(depth - 1)}+- `}${oneLine(name)}`;
}

function operatorText(operator: PlanOperator, label: string, width: number, style: Style): string[] {
  const { uid, uidExplicit, depth, outputType } = operator;
  const shownUid = uidExplicit ? `"${oneLine(uid)}"` : oneLine(uid);
  const line = `    ${label}${" ".repeat(width - textWidth(label))}  ${style.dim(`uid ${shownUid}`)}`;
  const indent = `    ${"   ".repeat(depth)}  `;
  const types = [
    ...(outputType === null ? [] : [`emits ${outputType}`]),
    ...Object.entries(operator.sideOutputs).map(
      ([tag, type]) => `side output "${oneLine(tag)}"${type === null ? "" : ` emits ${type}`}`,
    ),
  ];
  return [line, ...types.map((text) => `${indent}${style.dim(truncate(oneLine(text), TYPE_WIDTH))}`)];
}

function count(n: number, one: string, many = `${one}s`): string {
  return `${formatCount(n)} ${n === 1 ? one : many}`;
}
