import type { TaskMetrics } from "../../../../runtime/task/task-metrics.ts";

/** The last metrics of each subtask that were seen, those of its latest attempt. */
export class TaskMetricsBook {
  /** By execution id, `<vertex>/<subtask>#<attempt>`. */
  readonly all = new Map<string, TaskMetrics>();
  /** The execution that stands for a subtask. */
  readonly #latest = new Map<string, string>();

  remember(seen: ReadonlyMap<string, TaskMetrics>): void {
    for (const [execution, metrics] of seen) {
      const subtask = execution.slice(0, execution.lastIndexOf("#"));
      const known = this.#latest.get(subtask);
      if (known !== undefined && known !== execution) {
        // What an earlier attempt says last may come after the first of a later one.
        if (attemptOf(known) > attemptOf(execution)) continue;
        this.all.delete(known);
      }
      this.#latest.set(subtask, execution);
      this.all.set(execution, metrics);
    }
  }
}

const attemptOf = (execution: string): number => Number(execution.slice(execution.lastIndexOf("#") + 1));
