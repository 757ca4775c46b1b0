import { Type, type Static } from "typebox";
import { AggregatedTasks, IoMetrics, UserAccumulators } from "./io-metrics.ts";
import { Counts, ExecutionStateName, Integer, named, nullable, words } from "./schema-parts.ts";

/** `GET .../subtasks/:index` and `.../attempts/:attempt`: one attempt of a subtask. `status-duration` tells ms by state. */
export const SubtaskAttempt = named("SubtaskAttempt", {
  subtask: Integer,
  status: ExecutionStateName,
  attempt: Integer,
  endpoint: Type.String({ description: '"(unassigned)" before it has a slot' }),
  "start-time": Integer,
  "end-time": Integer,
  duration: Integer,
  metrics: IoMetrics,
  "taskmanager-id": Type.String({ description: '"(unassigned)" before it has a slot' }),
  "status-duration": Counts,
});
export type SubtaskAttempt = Static<typeof SubtaskAttempt>;

/** `GET /jobs/:id/vertices/:vertex`. */
export const VertexDetails = named("VertexDetails", {
  id: Type.String(),
  name: Type.String(),
  parallelism: Integer,
  maxParallelism: Integer,
  now: Integer,
  subtasks: Type.Array(SubtaskAttempt),
  aggregated: AggregatedTasks,
});
export type VertexDetails = Static<typeof VertexDetails>;

/** `GET .../vertices/:vertex/accumulators`. */
export const VertexAccumulators = named("VertexAccumulators", {
  id: Type.String(),
  "user-accumulators": UserAccumulators,
});
export type VertexAccumulators = Static<typeof VertexAccumulators>;

/** `GET .../vertices/:vertex/subtasks/accumulators`. */
export const SubtasksAccumulators = named("SubtasksAccumulators", {
  id: Type.String(),
  parallelism: Integer,
  subtasks: Type.Array(
    named("SubtaskAccumulators", {
      subtask: Integer,
      attempt: Integer,
      endpoint: Type.String(),
      "user-accumulators": UserAccumulators,
    }),
  ),
});
export type SubtasksAccumulators = Static<typeof SubtasksAccumulators>;

/** `GET .../attempts/:attempt/accumulators`. */
export const AttemptAccumulators = named("AttemptAccumulators", {
  subtask: Integer,
  attempt: Integer,
  id: Type.String(),
  "user-accumulators": UserAccumulators,
});
export type AttemptAccumulators = Static<typeof AttemptAccumulators>;

const Level = words(["ok", "low", "high"]);

/** `GET .../vertices/:vertex/backpressure`. Ratios are shares of time, 0 to 1; up to 0.1 is ok, up to 0.5 low. */
export const BackPressure = named("BackPressure", {
  status: words(["deprecated", "ok"], "deprecated: no subtask has told yet"),
  backpressureLevel: nullable(Level),
  "end-timestamp": nullable(Integer),
  subtasks: nullable(
    Type.Array(
      named("SubtaskBackPressure", {
        subtask: Integer,
        "attempt-number": Integer,
        backpressureLevel: Level,
        ratio: Type.Number(),
        idleRatio: Type.Number(),
        busyRatio: Type.Number(),
      }),
    ),
  ),
});
export type BackPressure = Static<typeof BackPressure>;

/** A frame of a flame graph; `value` counts samples, those of its children among them. */
export interface FlameNode {
  name: string;
  value: number;
  children: FlameNode[];
}

/** Nesting that the schema does not check: the graph is made here, from numbers. */
const FlameNodes = Type.Unsafe<FlameNode>({
  title: "FlameNode",
  type: "object",
  required: ["name", "value", "children"],
  properties: {
    name: { type: "string" },
    value: { type: "integer" },
    children: { type: "array", items: { type: "object" } },
  },
});

/** `GET .../vertices/:vertex/flamegraph`. Without data, no subtask runs at the moment. */
export const FlameGraph = named("FlameGraph", { endTimestamp: Integer, data: nullable(FlameNodes) });
export type FlameGraph = Static<typeof FlameGraph>;

/** `GET .../vertices/:vertex/subtasktimes`. When each subtask came into each state. */
export const SubtaskTimes = named("SubtaskTimes", {
  id: Type.String(),
  name: Type.String(),
  now: Integer,
  subtasks: Type.Array(
    named("SubtaskTime", {
      subtask: Integer,
      endpoint: Type.String(),
      duration: Integer,
      timestamps: Counts,
    }),
  ),
});
export type SubtaskTimes = Static<typeof SubtaskTimes>;

/** `GET .../vertices/:vertex/taskmanagers`: its subtasks by TaskManager. */
export const VertexTaskManagers = named("VertexTaskManagers", {
  id: Type.String(),
  name: Type.String(),
  now: Integer,
  taskmanagers: Type.Array(
    named("VertexTaskManager", {
      endpoint: Type.String(),
      status: ExecutionStateName,
      "start-time": Integer,
      "end-time": Integer,
      duration: Integer,
      metrics: IoMetrics,
      "status-counts": Counts,
      "taskmanager-id": Type.String(),
      aggregated: AggregatedTasks,
    }),
  ),
});
export type VertexTaskManagers = Static<typeof VertexTaskManagers>;
