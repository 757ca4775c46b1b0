import module from "node:module";
import { dirname } from "node:path";

/** Threads don't take over the compile cache of their process by themselves. Its secrets are no business of a job's. */
export function workerEnvironment(): NodeJS.ProcessEnv {
  const { MILLRACE_PROPERTIES: _, ...environment } = process.env;
  const directory = module.getCompileCacheDir();
  // Node appends a folder of its version's to what it is given.
  return directory === undefined ? environment : { ...environment, NODE_COMPILE_CACHE: dirname(directory) };
}
