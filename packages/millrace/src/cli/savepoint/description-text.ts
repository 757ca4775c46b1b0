import { describeType } from "../../common/types/describe-type.ts";
import { showPath } from "../errors/user-frames.ts";
import { formatDuration } from "../format/durations.ts";
import { countOf, formatBytes, formatCount } from "../format/numbers.ts";
import { table } from "../format/table.ts";
import { oneLine, truncate } from "../format/text-width.ts";
import { formatTime } from "../format/times.ts";
import type { Style } from "../terminal/style.ts";
import type { OperatorDescription, SavepointDescription, StateDescription } from "./savepoint-description.ts";

/** The most columns of a name, and of a type: the whole ones stand in the JSON. */
const NAME_WIDTH = 36;
const TYPE_WIDTH = 60;

/**
 * What a savepoint holds, for people: what it is, its operators, their states. What stands first in the line of a state is what `--read`
 * takes.
 */
export function descriptionText(description: SavepointDescription, cwd: string, style: Style): string {
  const { operators } = description;
  return [
    ...head(description, cwd, style),
    "",
    ...titled(operatorTable(operators), style),
    ...stateLines(operators, style),
  ].join("\n");
}

function head(description: SavepointDescription, cwd: string, style: Style): string[] {
  const { kind, job, checkpointId, stop, inFlight } = description;
  const took = formatDuration(description.completedAt - description.triggeredAt);
  return [
    `${style.bold(`${kind} ${checkpointId} of "${oneLine(job)}"`)}${STOPS[stop]}`,
    `  ${showPath(description.path, cwd)}`,
    `  taken ${formatTime(description.triggeredAt)} UTC in ${took}, by ${description.writer}`,
    `  ${formatBytes(description.bytes)} of state, ${countOf(description.files, "file")} besides _metadata; job ${description.jobId}`,
    ...(inFlight === null
      ? []
      : [
          `  ${countOf(inFlight.records, "record")} in flight on ${countOf(inFlight.channels, "channel")}, ${formatBytes(inFlight.bytes)}`,
        ]),
  ];
}

const STOPS: Readonly<Record<SavepointDescription["stop"], string>> = {
  no: "",
  stop: ", stopped with it",
  drain: ", drained: no job can go on from it",
};

function operatorTable(operators: readonly OperatorDescription[]): string[] {
  const sources = operators.some(({ splits }) => splits !== null);
  const ended = operators.some(({ finished }) => finished > 0);
  return table(
    [
      { title: "operator", align: "left" },
      { title: "uid", align: "left" },
      { title: "kind", align: "left" },
      { title: "tasks", align: "right" },
      ...(ended ? [{ title: "finished", align: "right" } as const] : []),
      ...(sources ? [{ title: "splits", align: "right" } as const] : []),
      { title: "key groups", align: "right" },
      { title: "keys", align: "left" },
      { title: "size", align: "right" },
    ],
    operators.map((operator) => [
      truncate(oneLine(operator.name), NAME_WIDTH),
      operator.uidExplicit ? operator.uid : `${operator.uid} (generated)`,
      operator.kind,
      String(operator.parallelism),
      ...(ended ? [operator.finished === 0 ? "-" : String(operator.finished)] : []),
      ...(sources ? [operator.splits === null ? "-" : formatCount(operator.splits)] : []),
      isKeyed(operator) ? formatCount(operator.maxParallelism) : "-",
      operator.keyKinds.length === 0 ? "-" : operator.keyKinds.join(", "),
      operator.bytes === 0 ? "-" : formatBytes(operator.bytes),
    ]),
  );
}

const isKeyed = ({ states, nativeBackend }: OperatorDescription): boolean =>
  nativeBackend !== null || states.some(({ scope }) => scope === "keyed");

function stateLines(operators: readonly OperatorDescription[], style: Style): string[] {
  const rows = operators.flatMap((operator) => operator.states.map((state) => stateRow(operator, state)));
  if (rows.length === 0) return [];
  const lines = table(
    [
      { title: "state", align: "left" },
      { title: "kind", align: "left" },
      { title: "rows", align: "right" },
      { title: "size", align: "right" },
      { title: "key groups", align: "right" },
      { title: "type", align: "left" },
    ],
    rows,
  );
  return ["", ...titled(lines, style)];
}

function stateRow({ uid, nativeBackend }: OperatorDescription, state: StateDescription): string[] {
  const { rows, bytes, keyGroups } = state;
  const count = rows === null ? "-" : `${state.rowsExact ? "" : "<= "}${formatCount(rows)}`;
  return [
    `${uid}/${oneLine(state.name)}`,
    kindText(state),
    count,
    bytes === null ? (nativeBackend ?? "-") : formatBytes(bytes),
    keyGroups === null ? "-" : formatCount(keyGroups),
    truncate(typeText(state), TYPE_WIDTH),
  ];
}

function kindText({ kind, layout, mode, ttl }: StateDescription): string {
  const word = mode !== null ? `${mode} ${kind}` : (LAYOUTS[layout ?? ""] ?? kind);
  const windowed = layout === "namespaced" ? " by window" : "";
  return `${word}${windowed}${ttl ? ", ttl" : ""}`;
}

const LAYOUTS: Readonly<Record<string, string>> = {
  "event-timers": "event timers",
  "processing-timers": "processing timers",
};

function typeText({ keyType, type, kind }: StateDescription): string {
  if (kind === "timers") return "";
  const values = type === null ? "undeclared" : describeType(type);
  return keyType === null ? values : `${describeType(keyType)} to ${values}`;
}

function titled([title = "", ...rows]: readonly string[], style: Style): string[] {
  return [style.dim(title), ...rows];
}
