import type { TaskSettings } from "../../runtime/task/create-task.ts";

/** The settings of tasks from a job's configuration, whose values were parsed and given their defaults at submission. */
export function taskSettings(config: Readonly<Record<string, unknown>>): TaskSettings {
  return {
    compiledChains: config["pipeline.compiled-chains"] !== false,
    freeze: config["pipeline.object-freeze"] === true,
    autoWatermarkInterval: number(config["pipeline.auto-watermark-interval"], 200),
    checkpointing: typeof config["execution.checkpointing.interval"] === "number",
    bufferTimeout: number(config["execution.buffer-timeout.interval"], 100),
  };
}

function number(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}
