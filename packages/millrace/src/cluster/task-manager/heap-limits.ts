import type { ResourceLimits } from "node:worker_threads";

/** MiB, of which a third is used at a time. */
const MAX_YOUNG = 96;

/** What bounds a thread's heap to so many bytes. The youngest objects have their share of it, which V8 would add on top. */
export function heapLimits(bytes: number): ResourceLimits {
  const megabytes = bytes / 2 ** 20;
  const young = Math.min(MAX_YOUNG, megabytes / 4);
  return { maxYoungGenerationSizeMb: young, maxOldGenerationSizeMb: megabytes - young };
}
