import { availableParallelism } from "node:os";
import { configValue } from "../../common/config/configuration.ts";
import type { Config } from "../../common/config/configuration.ts";
import { MAX_PARALLELISM, PARALLELISM } from "../../common/config/options.ts";
import { MAX_MAX_PARALLELISM } from "../../common/keys/key-groups.ts";

/** Threads that start in the time in which a module is bundled. More than that only delay it. */
const MOST = 16;

/**
 * How many threads to start before a job's graph is known: those that its parallelism asks for, as far as that is worth while. None where
 * the job will be refused.
 *
 * @param parallelism wins over the settings
 * @example `threadsAhead(4, {})` // 4
 */
export function threadsAhead(parallelism: number | undefined, config: Config): number {
  const asked = parallelism ?? configValue(config, PARALLELISM) ?? availableParallelism();
  const limit = configValue(config, MAX_PARALLELISM) ?? MAX_MAX_PARALLELISM;
  return asked > limit ? 0 : Math.min(asked, MOST);
}
