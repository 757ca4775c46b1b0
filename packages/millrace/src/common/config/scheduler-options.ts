import { choiceOption, durationOption, integerOption } from "./config-option.ts";

/*
 * How a cluster schedules a job over its slots, and scales it. They have no meaning where a job runs in one process.
 */

/** Whether a job uses whatever slots there are. */
export const SCHEDULER_MODE = choiceOption("scheduler-mode", ["reactive"], {
  description:
    "reactive: the job uses all slots that there are, and is rescaled when TaskManagers come or go. Each operator runs at up to its max parallelism; one whose parallelism the program sets, at up to that one. Default: the job runs at the parallelism that it asks for.",
});

/** Which scheduler a job has. */
export const SCHEDULER = choiceOption("jobmanager.scheduler", ["default", "adaptive"], {
  defaultValue: "default",
  description:
    "default: a job runs at the parallelism that it asks for, or waits for slots. adaptive: it runs with fewer slots where there are not enough, and is rescaled when there are more.",
});

/** How long an adaptive job waits for slots. */
export const RESOURCE_WAIT_TIMEOUT = durationOption("jobmanager.adaptive-scheduler.resource-wait-timeout", {
  description:
    "How long an adaptive job waits for the fewest slots that it can run with before it fails with NO_SLOTS. 0: for ever. Default: 5 min; in reactive mode for ever.",
});

/** How long an adaptive job waits for more slots. */
export const RESOURCE_STABILIZATION_TIMEOUT = durationOption(
  "jobmanager.adaptive-scheduler.resource-stabilization-timeout",
  {
    description:
      "How long the number of slots must stay the same before an adaptive job starts with fewer than it asks for, or is rescaled to use more. Default: 10 s; in reactive mode 0.",
  },
);

/** The least increase worth a rescaling. */
export const MIN_PARALLELISM_INCREASE = integerOption(
  "jobmanager.adaptive-scheduler.min-parallelism-increase",
  {
    defaultValue: 1,
    description:
      "By how much the parallelism of some operator must be able to grow before new slots make an adaptive job rescale.",
    min: 1,
  },
);

/** Pause between rescalings. */
export const SCALING_INTERVAL_MIN = durationOption("jobmanager.adaptive-scheduler.scaling-interval.min", {
  defaultValue: 30_000,
  description:
    "Time between a start or rescaling of an adaptive job and the next rescaling that new slots cause. Requests and lost slots don't wait.",
});

/** All of them. */
export const SCHEDULER_OPTIONS = Object.freeze([
  SCHEDULER_MODE,
  SCHEDULER,
  RESOURCE_WAIT_TIMEOUT,
  RESOURCE_STABILIZATION_TIMEOUT,
  MIN_PARALLELISM_INCREASE,
  SCALING_INTERVAL_MIN,
] as const);
