import { formatMemory } from "../../common/config/parse-value.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";

/** What bounds a thread's heap. */
export interface HeapLimit {
  /** undefined: as Node.js has it. */
  readonly bytes: number | undefined;
  /** What to change: "taskmanager.memory.task.heap.size, which all its slots share". */
  readonly setting: string;
}

/**
 * Why a thread that runs user code has ended, in words that go on after "has ended: ".
 *
 * @param error what came of it; undefined: nothing
 * @example `threadEnd(error, { bytes: 80 * 2 ** 20, setting: "jobmanager.memory.job.heap.size" })`
 */
export function threadEnd(error: Error | undefined, heap: HeapLimit): string {
  if (error === undefined) return "it has stopped by itself";
  if (MillraceError.is(error)) return error.message;
  if ((error as NodeJS.ErrnoException).code === "ERR_WORKER_OUT_OF_MEMORY") return outOfMemory(heap);
  return `something was thrown in it where nobody catches it, as in a timer or a promise: ${error.name}: ${error.message}`;
}

/** What a thread comes to that has ended without an error. @param code as of its `exit` event */
export const threadExit = (code: number): MillraceError =>
  new MillraceError("SLOT_LOST", `process.exit(${code}) was called in it`, { retryable: true });

function outOfMemory({ bytes, setting }: HeapLimit): string {
  const limit =
    bytes === undefined
      ? ", which is as large as Node.js makes it"
      : ` of ${formatMemory(bytes)}, which is set by ${setting}`;
  return `it has used up its heap${limit}`;
}
