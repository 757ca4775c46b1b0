import { MillraceError } from "../errors/millrace-error.ts";
import { preview } from "../errors/preview.ts";

/** Makes a function object for each subtask and attempt. Made by `perSubtask`. */
export interface PerSubtask<F> {
  readonly "~millrace": "perSubtask";
  create(): F;
}

/**
 * Gives each subtask and each attempt a function object of its own. Needed where the object keeps something in its fields
 * and the program is built in place (`createEnvironment()`): there all subtasks would share one object, and what it had
 * counted before a failure would count twice. In a job module (`job(import.meta, ...)`) the whole program is built anew for
 * each subtask, and plain objects are as good.
 *
 * @param create makes a fresh object each time; must not hand out the same one twice
 * @throws MillraceError INVALID_ARGUMENT when it is no function
 * @example
 * ```ts
 * stream.map(perSubtask(() => new Deduplicate(1000)));
 * ```
 */
export function perSubtask<F extends object>(create: () => F): PerSubtask<F> {
  if (typeof create !== "function") {
    throw new MillraceError(
      "INVALID_ARGUMENT",
      `perSubtask takes a function that makes the object, got ${preview(create)}`,
      {
        help: "Write perSubtask(() => new MyFunction()).",
      },
    );
  }
  return Object.freeze({ "~millrace": "perSubtask", create });
}

/** Whether an argument came as a factory. */
export const isPerSubtask = <F>(value: F | PerSubtask<F>): value is PerSubtask<F> =>
  typeof value === "object" && value !== null && "~millrace" in value && value["~millrace"] === "perSubtask";
