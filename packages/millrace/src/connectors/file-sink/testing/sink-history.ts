import { jobId } from "../../../common/ids/ids.ts";
import { SinkRun } from "../../testing/sink-run.ts";
import type { FileCommittable, FilePartState } from "../file-committable.ts";
import type { FileSink } from "../file-sink.ts";
import { MortalParts, type Death } from "./mortal-parts.ts";

/** One attempt of a job. */
export interface Attempt {
  readonly parallelism: number;
  /** When each subtask's process dies; undefined for those that live. */
  readonly deaths: readonly (Death | undefined)[];
  /** Whether power is lost with it, and all that was not synced. */
  readonly powerLoss: boolean;
  /** Whether the job's other processes live on, and close their writers. Default false: they die, too. */
  readonly graceful?: boolean;
}

/** The last checkpoint that is recorded, as the JobMaster keeps it. */
interface Checkpoint {
  /** How many records came before it. */
  readonly position: number;
  readonly states: readonly FilePartState[];
  readonly committables: readonly FileCommittable[];
  /** Whether it is the one at the end of input. */
  readonly last: boolean;
}

type Run = SinkRun<string, FileCommittable, FilePartState>;

const JOB = jobId(new Uint8Array(16).fill(7));

/**
 * A job that writes records by a file sink, takes checkpoints, fails and is restored from the last one, as often as it is told to: the
 * writers and committers are called as a sink operator calls them.
 */
export class SinkHistory {
  readonly #sinkOn: (storage: MortalParts) => FileSink<string>;
  readonly #records: readonly string[];
  readonly #between: number;
  #checkpoint: Checkpoint = { position: 0, states: [], committables: [], last: false };
  #attempt = 0;
  /** The greatest number of steps that a process has taken. */
  steps = 0;

  /** @param between records between two checkpoints */
  constructor(
    sinkOn: (storage: MortalParts) => FileSink<string>,
    records: readonly string[],
    between: number,
  ) {
    this.#sinkOn = sinkOn;
    this.#records = records;
    this.#between = between;
  }

  /** Records that may be seen: those of the last checkpoint that was recorded. */
  get recorded(): readonly string[] {
    return this.#records.slice(0, this.#checkpoint.position);
  }

  /** Runs an attempt. @returns whether it came to the end */
  async run({ parallelism, deaths, powerLoss, graceful = false }: Attempt): Promise<boolean> {
    const storages = Array.from({ length: parallelism }, (_, i) => new MortalParts(deaths[i]));
    const runs: Run[] = [];
    try {
      await this.#restore(storages, runs);
      while (!this.#checkpoint.last) await this.#advance(runs);
      return true;
    } catch (error) {
      if (!storages.some(({ dead }) => dead)) throw error;
      return false;
    } finally {
      this.steps = Math.max(this.steps, ...storages.map(({ steps }) => steps));
      // Who dies has no chance to tidy up.
      const done = this.#checkpoint.last && !storages.some(({ dead }) => dead);
      for (const storage of storages) if (!done && !graceful) storage.dead = true;
      await Promise.all(runs.map((run) => run.close().catch(() => undefined)));
      await Promise.all(storages.map((storage) => storage.end()));
      if (powerLoss && !done) for (const storage of storages) storage.losePower();
      this.#attempt++;
    }
  }

  async #restore(storages: readonly MortalParts[], runs: Run[]): Promise<void> {
    const { states, committables } = this.#checkpoint;
    const { length } = storages;
    for (const [subtask, storage] of storages.entries()) {
      const run: Run = new SinkRun(this.#sinkOn(storage), {
        jobId: JOB,
        attempt: this.#attempt,
        subtask,
        parallelism: length,
        restore: share(states, subtask, length),
      });
      runs.push(run);
      await run.commit(share(committables, subtask, length));
    }
  }

  /** Writes some records, then takes a checkpoint and commits; at the end, the last one. */
  async #advance(runs: readonly Run[]): Promise<void> {
    const { position } = this.#checkpoint;
    const end = Math.min(position + this.#between, this.#records.length);
    for (let at = position; at < end; at++) await runs[at % runs.length]!.write([this.#records[at]!]);
    const last = end === this.#records.length;
    const prepared: (readonly FileCommittable[])[] = [];
    const states: FilePartState[] = [];
    for (const run of runs) {
      if (last) {
        prepared.push(await run.finish());
        continue;
      }
      const snapshot = await run.checkpoint();
      prepared.push(snapshot.committables);
      states.push(...snapshot.states);
    }
    this.#checkpoint = { position: end, states, committables: prepared.flat(), last };
    for (const [i, run] of runs.entries()) await run.commit(prepared[i]!);
  }
}

/** The share of a list that falls to one of several. */
function share<T>(all: readonly T[], index: number, of: number): readonly T[] {
  return all.slice(Math.floor((index * all.length) / of), Math.floor(((index + 1) * all.length) / of));
}
