import { EXECUTION_STATES } from "../../graph/execution/execution-state.ts";
import { JOB_STATUSES } from "../../graph/execution/job-status.ts";
import { Type, type Static, type TProperties } from "typebox";

/*
 * What the schemas of the REST API are made of. Names, fields and words are those of Flink's monitoring API v1, so that scripts and
 * dashboards made for it work. Times are ms since the epoch, durations ms, sizes bytes; -1 stands for what has not happened.
 *
 * The modules of this folder load the schema library. Who needs the types alone, as clients do, imports them by `import type`.
 */

/** An object with these fields and no others. @param title its name in the OpenAPI document */
export const named = <P extends TProperties>(title: string, properties: P) =>
  Type.Object(properties, { title, additionalProperties: false });

/** One of a few words. */
export const words = <const T extends readonly string[]>(list: T, description?: string) =>
  Type.Unsafe<T[number]>({
    type: "string",
    enum: [...list],
    ...(description === undefined ? {} : { description }),
  });

/** The same, told once in the OpenAPI document. */
export const namedWords = <const T extends readonly string[]>(title: string, list: T) =>
  Type.Unsafe<T[number]>({ title, type: "string", enum: [...list] });

/** A value, or null where there is none. */
export const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);

/** A whole number. */
export const Integer = Type.Integer();

/** An id of a job, vertex or trigger. */
export const HexId = Type.String({ pattern: "^[0-9a-f]{32}$", description: "32 lowercase hex digits" });

/** Counts by name. */
export const Counts = Type.Record(Type.String(), Integer);

/** Texts by name. */
export const Texts = Type.Record(Type.String(), Type.String());

/** States of a job. */
export const JobStatusName = namedWords("JobStatus", JOB_STATUSES);

/** States of a subtask's attempt. */
export const ExecutionStateName = namedWords("ExecutionState", EXECUTION_STATES);

/** The answer to what has nothing to tell. */
export const Empty = named("Empty", {});

/**
 * What every refusal and failure answers, with a status of 4xx or 5xx. The header `x-millrace-code` tells the error's stable code.
 *
 * @example `{"errors": ["no job 6f9619ff8b86d011b42d00c04fc964ff"]}`
 */
export const ErrorResponse = named("ErrorResponse", {
  errors: Type.Array(Type.String()),
  stack: Type.Optional(Type.String({ description: "where in a job's code, when that has failed" })),
});
export type ErrorResponse = Static<typeof ErrorResponse>;

/** Smallest, largest, mean and percentiles. Flink writes "NaN" for percentiles of nothing. */
const Percentile = Type.Union([Type.Number(), Type.Literal("NaN")]);
export const StatsSummary = named("StatsSummary", {
  min: Integer,
  max: Integer,
  avg: Integer,
  p50: Percentile,
  p90: Percentile,
  p95: Percentile,
  p99: Percentile,
  p999: Percentile,
});
export type StatsSummary = Static<typeof StatsSummary>;
