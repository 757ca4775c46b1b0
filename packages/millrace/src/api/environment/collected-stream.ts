import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { JobClient } from "../executor.ts";
import type { CollectedRecords } from "../streams/collected-records.ts";

/** The records of one collect sink. */
export class CollectedStream implements CollectedRecords<unknown> {
  readonly #channel: string;
  /** Whether the job was started for this stream alone, and ends with it. */
  readonly #ownsJob: boolean;
  #client: Promise<JobClient> | undefined;
  #taken = false;

  constructor(channel: string, ownsJob: boolean) {
    this.#channel = channel;
    this.#ownsJob = ownsJob;
  }

  /** Tells which job brings the records. */
  started(client: Promise<JobClient>): void {
    this.#client = client;
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    if (this.#client === undefined) {
      throw new MillraceError("STATE_MISUSE", "the records are collected by a job that was not started yet", {
        help: "Call await env.executeAsync() first, or use executeAndCollect().",
      });
    }
    if (this.#taken) {
      throw new MillraceError("STATE_MISUSE", "the records of a collected stream can be walked only once", {
        help: "Keep them: const records = await collected.toArray().",
      });
    }
    this.#taken = true;
    return this.#walk(this.#client);
  }

  async toArray(limit: number = Infinity): Promise<unknown[]> {
    const records: unknown[] = [];
    if (limit <= 0) {
      await this[Symbol.asyncDispose]();
      return records;
    }
    for await (const record of this) {
      records.push(record);
      if (records.length >= limit) break;
    }
    return records;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#taken || this.#client === undefined) return;
    await this[Symbol.asyncIterator]().return?.();
    if (this.#ownsJob) await stop(await this.#client);
  }

  async *#walk(starting: Promise<JobClient>): AsyncGenerator<unknown, void, undefined> {
    const client = await starting;
    let ended = false;
    try {
      for await (const batch of client.collected(this.#channel)) yield* batch;
      ended = true;
    } finally {
      if (!ended && this.#ownsJob) await stop(client);
    }
    // The records are complete only when the job has ended well.
    if (this.#ownsJob) await client.result();
  }
}

/** Cancels a job and waits for its end. A failure was told already, or nobody asked for it. */
async function stop(client: JobClient): Promise<void> {
  await client.cancel();
  await client.result().catch(() => undefined);
}
