import type { Clock } from "../../../../common/clock/clock.ts";
import type { Log } from "../../../logging/log.ts";
import type { ArtifactView } from "../dispatcher-gateway.ts";

/** What a job's module says of itself. */
export interface JobDescription {
  readonly jobName: string;
  readonly description: string | undefined;
}

/** What descriptions are found out with. */
export interface JobDescriptionsOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Loads an artifact's module, in a thread of its own. Rejects where that fails or takes too long. */
  readonly describe: (artifact: ArtifactView) => Promise<JobDescription>;
}

/**
 * What is in artifacts whose first line does not tell. Their modules must be loaded for it, which takes some 150 ms each: that is done when
 * somebody looks at the list, once for the same bytes, and never for jobs that are just run.
 */
export class JobDescriptions {
  readonly #options: JobDescriptionsOptions;
  /** By the SHA-256 of their bytes; undefined: the module can't be loaded. */
  readonly #known = new Map<string, Promise<JobDescription | undefined>>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: JobDescriptionsOptions) {
    this.#options = options;
  }

  /**
   * These artifacts, which are all that there are, with what can be found out of them.
   *
   * @param patience ms; what is not known by then is left out, and there the next time
   */
  async complete(artifacts: readonly ArtifactView[], patience: number): Promise<readonly ArtifactView[]> {
    const there = new Set(artifacts.map(({ sha256 }) => sha256));
    for (const sha256 of this.#known.keys()) if (!there.has(sha256)) this.#known.delete(sha256);
    const late = Promise.withResolvers<undefined>();
    const timer = this.#options.clock.schedule(patience, () => late.resolve(undefined));
    const all = await Promise.all(
      artifacts.map(async (artifact) =>
        artifact.jobName === undefined
          ? { ...artifact, ...(await Promise.race([this.#of(artifact), late.promise])) }
          : artifact,
      ),
    );
    timer.cancel();
    return all;
  }

  /** One after the other: each takes a thread. */
  #of(artifact: ArtifactView): Promise<JobDescription | undefined> {
    const known = this.#known.get(artifact.sha256);
    if (known !== undefined) return known;
    const found = this.#last.then(() => this.#describe(artifact));
    this.#last = found;
    this.#known.set(artifact.sha256, found);
    return found;
  }

  /** Never rejects. */
  async #describe(artifact: ArtifactView): Promise<JobDescription | undefined> {
    try {
      return await this.#options.describe(artifact);
    } catch (error) {
      this.#options.log("warn", `what job is in the artifact ${artifact.id} can't be told`, error);
      return undefined;
    }
  }
}
