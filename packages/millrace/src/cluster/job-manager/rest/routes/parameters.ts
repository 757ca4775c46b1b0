import { Type } from "typebox";
import { HexId, words } from "../../../../protocol/rest/schema-parts.ts";
import { AGGREGATIONS } from "../metrics/select-metrics.ts";

/*
 * What stands in paths and queries. Nothing else may stand in a query: a word that is not known is refused, not ignored.
 */

const exact = { additionalProperties: false } as const;
const Index = Type.Integer({ minimum: 0, maximum: 32_767 });

/** A vertex's id: 32 hex digits, checked loosely since only what is there is found. */
const VertexId = Type.String({ minLength: 1, maxLength: 100 });

export const JobPath = Type.Object({ jobid: HexId });
export const TriggerPath = Type.Object({ triggerid: HexId });
export const JobTriggerPath = Type.Object({ jobid: HexId, triggerid: HexId });
export const VertexPath = Type.Object({ jobid: HexId, vertexid: VertexId });
export const SubtaskPath = Type.Object({ jobid: HexId, vertexid: VertexId, subtaskindex: Index });
export const AttemptPath = Type.Object({
  jobid: HexId,
  vertexid: VertexId,
  subtaskindex: Index,
  attempt: Type.Integer({ minimum: 0 }),
});
export const CheckpointPath = Type.Object({ jobid: HexId, checkpointid: Type.Integer({ minimum: 0 }) });
export const CheckpointVertexPath = Type.Object({
  jobid: HexId,
  checkpointid: Type.Integer({ minimum: 0 }),
  vertexid: VertexId,
});
export const RescalePath = Type.Object({ jobid: HexId, rescaleuuid: Type.String({ maxLength: 100 }) });
export const JarPath = Type.Object({ jarid: Type.String({ minLength: 1, maxLength: 300 }) });
export const TaskManagerPath = Type.Object({
  taskmanagerid: Type.String({ minLength: 1, maxLength: 300 }),
});
export const FilePath = Type.Object({ filename: Type.String({ minLength: 1, maxLength: 300 }) });
export const TaskManagerFilePath = Type.Object({
  taskmanagerid: Type.String({ minLength: 1, maxLength: 300 }),
  filename: Type.String({ minLength: 1, maxLength: 300 }),
});

/** For routes that take none. */
export const NoQuery = Type.Object({}, exact);

const get = Type.Optional(
  Type.Array(Type.String(), {
    description: "names, divided by commas: their values are told",
    maxItems: 10_000,
  }),
);
const agg = Type.Optional(
  Type.Array(words(AGGREGATIONS), { description: "divided by commas; default: all", maxItems: 10 }),
);

export const MetricsQuery = Type.Object({ get }, exact);
export const JobsMetricsQuery = Type.Object(
  { get, agg, jobs: Type.Optional(Type.Array(HexId, { maxItems: 1000 })) },
  exact,
);
export const TaskManagersMetricsQuery = Type.Object(
  { get, agg, taskmanagers: Type.Optional(Type.Array(Type.String(), { maxItems: 1000 })) },
  exact,
);
export const SubtasksMetricsQuery = Type.Object(
  {
    get,
    agg,
    subtasks: Type.Optional(
      Type.Array(Type.String({ pattern: "^\\d{1,5}(-\\d{1,5})?$" }), {
        description: 'numbers and ranges, divided by commas: "0-3,7"',
        maxItems: 1000,
      }),
    ),
  },
  exact,
);
