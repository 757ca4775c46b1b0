import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "vitest";
import { expectedTotals } from "./jobs/totals.ts";
import type { ClusterRun, ProcessCluster } from "./process-cluster.ts";

const TOTALS = new URL("./jobs/totals.ts", import.meta.url);

/** What was committed to a folder, sorted. */
export const linesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => !name.split("/").some((part) => part.startsWith(".") || part.startsWith("_")))
    .filter((name) => name.includes("part"))
    .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n"))
    .filter((line) => line !== "")
    .sort();

const checkpoints = (folder: string): Record<string, string> => ({
  "execution.checkpointing.interval": "200 ms",
  "execution.checkpointing.dir": join(folder, "checkpoints"),
  "restart-strategy.type": "fixed-delay",
  "restart-strategy.fixed-delay.attempts": "1000",
  "restart-strategy.fixed-delay.delay": "100 ms",
});

const hurryFile = (output: string): string => `${output}.hurry`;

/** Totals that are counted in a cluster. They don't come to their end before they are asked for. */
export class TotalsRun {
  readonly job: string;
  readonly output: string;
  readonly #cluster: ProcessCluster;
  readonly #checkpoints: string;
  readonly #count: number;

  private constructor(
    cluster: ProcessCluster,
    job: string,
    output: string,
    checkpointFolder: string,
    count: number,
  ) {
    this.#cluster = cluster;
    this.#checkpoints = checkpointFolder;
    this.job = job;
    this.output = output;
    this.#count = count;
  }

  /** Runs the totals with checkpoints, and waits until one is complete. */
  static async start(
    cluster: ProcessCluster,
    count: number,
    {
      name = "out",
      module = TOTALS,
      args = [],
      config,
      checkpointFolder = join(cluster.folder, "checkpoints"),
      ...run
    }: ClusterRun & {
      readonly name?: string;
      readonly module?: URL;
      /** Where its checkpoints are found. */
      readonly checkpointFolder?: string;
    } = {},
  ): Promise<TotalsRun> {
    const output = join(cluster.folder, name);
    const job = await cluster.run(module, {
      args: [`--output=${output}`, `--count=${count}`, `--hurry=${hurryFile(output)}`, ...args],
      config: { ...checkpoints(cluster.folder), ...config },
      ...run,
    });
    const totals = new TotalsRun(cluster, job, output, checkpointFolder, count);
    await totals.checkpointed();
    return totals;
  }

  /** Waits until so many more checkpoints are complete than when it was asked. */
  async checkpointed(more = 1): Promise<void> {
    const before = this.newestCheckpoint();
    await this.#cluster.until(
      async () => this.newestCheckpoint() >= before + more,
      `${more} more checkpoints of ${this.job}`,
    );
  }

  /** Waits until it has ended, and all is there once. */
  async expectAll(): Promise<void> {
    assert.deepEqual(await this.finished(), expectedTotals(this.#count));
  }

  /** Lets it come to its end. */
  hurry(): void {
    writeFileSync(hurryFile(this.output), "");
  }

  /** Waits until it has ended well. @returns what it has written, sorted */
  async finished(): Promise<readonly string[]> {
    this.hurry();
    const status = await this.#cluster.reaches(this.job, "FINISHED", "FAILED");
    assert.strictEqual(status, "FINISHED", status === "FAILED" ? this.#cluster.logs() : undefined);
    return linesIn(this.output);
  }

  /** Whether it has ended, in whatever way; false while nobody can tell. */
  async over(): Promise<boolean> {
    const status = await this.#cluster.status(this.job).catch(() => "unknown");
    return ["FINISHED", "FAILED", "CANCELED"].includes(status);
  }

  /** How many subtasks run for the vertex that counts. */
  async parallelism(): Promise<number> {
    const { vertices } = await this.#describe();
    return vertices.at(-1)?.parallelism ?? 0;
  }

  /** Asks for another parallelism of the vertex that counts, or of all. */
  async rescale(parallelism: number, all = false): Promise<void> {
    const { vertices } = await this.#describe();
    const requirements = vertices
      .slice(all ? 0 : -1)
      .map(({ id }) => [id, { parallelism: { lowerBound: 1, upperBound: parallelism } }]);
    await this.#cluster.request(
      "PUT",
      `/jobs/${this.job}/resource-requirements`,
      Object.fromEntries(requirements),
    );
  }

  /** Stops it with a savepoint. @returns the savepoint's folder */
  async stop(directory: string): Promise<string> {
    const { "request-id": trigger } = (await this.#cluster.request("POST", `/jobs/${this.job}/stop`, {
      targetDirectory: directory,
      drain: false,
    })) as { "request-id": string };
    let operation: { location?: string } | undefined;
    await this.#cluster.until(async () => {
      const answer = (await this.#cluster.get(`/jobs/${this.job}/savepoints/${trigger}`)) as {
        status: { id: string };
        operation: { location?: string };
      };
      operation = answer.operation;
      return answer.status.id === "COMPLETED";
    }, "a savepoint");
    assert.isString(operation?.location, JSON.stringify(operation));
    return operation?.location as string;
  }

  #describe(): Promise<{ vertices: { id: string; parallelism: number }[] }> {
    return this.#cluster.get(`/jobs/${this.job}`) as Promise<{
      vertices: { id: string; parallelism: number }[];
    }>;
  }

  /** Number of the last checkpoint that is complete, whoever leads; 0 before the first. */
  newestCheckpoint(): number {
    const folder = join(this.#checkpoints, this.job);
    if (!existsSync(folder)) return 0;
    const complete = readdirSync(folder)
      .filter((name) => existsSync(join(folder, name, "_metadata")))
      .map((name) => Number(/^chk-(\d+)/u.exec(name)?.[1] ?? 0));
    return Math.max(0, ...complete);
  }
}
