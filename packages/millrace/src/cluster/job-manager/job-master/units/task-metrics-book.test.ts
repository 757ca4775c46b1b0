import { expect, it } from "vitest";
import type { TaskMetrics } from "../../../../runtime/task/task-metrics.ts";
import { TaskMetricsBook } from "./task-metrics-book.ts";

const metrics = (numRecordsIn: number): TaskMetrics => ({ numRecordsIn }) as TaskMetrics;

it("keeps the metrics of each subtask's latest attempt, whichever is heard last", () => {
  const book = new TaskMetricsBook();
  book.remember(
    new Map([
      ["v/0#9", metrics(1)],
      ["v/1#9", metrics(2)],
    ]),
  );
  book.remember(new Map([["v/0#10", metrics(3)]]));
  book.remember(
    new Map([
      ["v/0#9", metrics(4)],
      ["v/1#9", metrics(5)],
    ]),
  );
  expect([...book.all].map(([execution, { numRecordsIn }]) => [execution, numRecordsIn])).toEqual([
    ["v/1#9", 5],
    ["v/0#10", 3],
  ]);
});
