import type { JobView, VertexView } from "../../../../protocol/cluster/job-view.ts";
import type { TaskManagerView } from "../../dispatcher/dispatcher-gateway.ts";
import { jobMetrics } from "./job-metrics.ts";
import type { MetricValues } from "./metric-value.ts";
import { PrometheusText, type Labels } from "./prometheus-text.ts";

/** All that a scrape tells. */
export interface ScrapedCluster {
  readonly jobManager: MetricValues;
  readonly taskManagers: readonly { readonly view: TaskManagerView; readonly metrics: MetricValues }[];
  /** Those that have not ended. */
  readonly jobs: readonly JobView[];
}

/** Metrics with the names and labels of Flink's Prometheus reporter, `millrace_` in place of `flink_`. */
export function prometheusMetrics({ jobManager, taskManagers, jobs }: ScrapedCluster, now: number): string {
  const text = new PrometheusText();
  addAll(text, "jobmanager", {}, jobManager);
  for (const { view, metrics } of taskManagers) {
    addAll(text, "taskmanager", { host: view.host, tm_id: view.taskManagerId }, metrics);
  }
  for (const job of jobs) {
    addAll(text, "jobmanager_job", { job_id: job.jobId, job_name: job.name }, jobMetrics(job, now));
    for (const vertex of job.vertices) addVertex(text, job, vertex);
  }
  return text.toString();
}

function addAll(text: PrometheusText, scope: string, labels: Labels, values: MetricValues): void {
  for (const [name, value] of Object.entries(values)) text.add(scope, name, labels, value);
}

function addVertex(text: PrometheusText, job: JobView, vertex: VertexView): void {
  const operators = vertex.operators.map(({ name }) => name).sort((a, b) => b.length - a.length);
  for (const { subtask, current } of vertex.subtasks) {
    const labels = {
      job_id: job.jobId,
      job_name: job.name,
      task_id: vertex.id,
      task_name: vertex.name,
      subtask_index: subtask,
      task_attempt_num: current.attempt,
      host: current.endpoint?.replace(/:\d+$/u, "") ?? "",
      tm_id: current.taskManagerId ?? "",
    };
    for (const [name, value] of Object.entries(current.metrics)) {
      const operator = operators.find((each) => name.startsWith(`${each}.`));
      if (operator === undefined) text.add("taskmanager_job_task", name, labels, value);
      else {
        const own = { ...labels, operator_name: operator };
        text.add("taskmanager_job_task_operator", name.slice(operator.length + 1), own, value);
      }
    }
  }
}
