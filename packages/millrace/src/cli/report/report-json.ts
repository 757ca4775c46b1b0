import type { ProgressReport, VertexShare } from "../progress/job-progress.ts";
import type { VertexTotals } from "../progress/job-totals.ts";
import type { CheckpointProgress } from "../progress/checkpoint-progress.ts";
import type { JobSummary } from "./job-summary.ts";

/*
 * What `--json` prints: one object a line, told apart by `type`. Times in ms; a watermark is null before there is one, and "complete" after
 * the last; rates are records a second.
 */

/** @example `{"type":"progress","job":"delays","time":1710000000000,"elapsed":5000,"recordsIn":1226000, ... }` */
export function progressJson(report: ProgressReport): string {
  return JSON.stringify({
    type: "progress",
    job: report.jobName,
    time: report.now,
    elapsed: Math.round(report.elapsed),
    recordsIn: report.recordsIn,
    recordsInPerSecond: Math.round(report.recordsInPerSecond),
    recordsOut: report.recordsOut,
    recordsOutPerSecond: Math.round(report.recordsOutPerSecond),
    recordsSkipped: report.recordsSkipped,
    watermark: watermarkJson(report.watermark),
    busiest: shareJson(report.busiest),
    backPressured: shareJson(report.heldBack),
    restarting: report.condition.restarting,
    restarts: report.condition.restarts,
    waiting: report.condition.waiting ?? null,
    checkpoints: checkpointsJson(report.condition.checkpoints),
  });
}

/** @example `{"type":"savepoint","job":"delays","path":"/srv/savepoints/savepoint-1a2b3c"}` */
export function savepointJson(jobName: string, path: string): string {
  return JSON.stringify({ type: "savepoint", job: jobName, path });
}

/** @example `{"type":"summary","job":"delays","status":"FINISHED","duration":12300, ... , "vertices":[ ... ]}` */
export function summaryJson({
  jobId,
  jobName,
  status,
  duration,
  totals,
  restarts,
  checkpoints,
  kept,
}: JobSummary): string {
  return JSON.stringify({
    type: "summary",
    job: jobName,
    jobId,
    status,
    duration: Math.round(duration),
    recordsIn: totals.recordsIn,
    recordsOut: totals.recordsOut,
    recordsSkipped: totals.recordsSkipped,
    recordsLate: totals.recordsLate,
    watermark: watermarkJson(totals.watermark),
    restarts,
    checkpoints: checkpoints === undefined ? null : { ...checkpoints },
    ...(kept === undefined ? {} : { kept }),
    vertices: totals.vertices.map(vertexJson),
  });
}

function vertexJson(vertex: VertexTotals): Record<string, unknown> {
  return {
    id: vertex.id,
    name: vertex.name,
    parallelism: vertex.parallelism,
    recordsIn: vertex.recordsIn,
    recordsOut: vertex.recordsOut,
    recordsToSinks: vertex.recordsToSinks,
    recordsSkipped: vertex.recordsSkipped,
    busyTime: Math.round(vertex.busyTime),
    idleTime: Math.round(vertex.idleTime),
    backPressuredTime: Math.round(vertex.backPressuredTime),
    watermark: watermarkJson(vertex.watermark),
  };
}

function checkpointsJson(checkpoints: CheckpointProgress | undefined): Record<string, unknown> | null {
  if (checkpoints === undefined) return null;
  const { last, failed } = checkpoints;
  const newest =
    last === undefined ? null : { ...last, age: Math.round(last.age), duration: Math.round(last.duration) };
  return { last: newest, failed };
}

function shareJson(vertex: VertexShare | undefined): { name: string; share: number } | null {
  return vertex === undefined ? null : { name: vertex.name, share: Math.round(vertex.share * 1000) / 1000 };
}

function watermarkJson(watermark: number): number | "complete" | null {
  if (watermark === Infinity) return "complete";
  return Number.isFinite(watermark) ? watermark : null;
}
