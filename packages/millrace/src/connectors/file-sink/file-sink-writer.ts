import type { ClockTimer } from "../../common/clock/clock.ts";
import type { SinkRecordContext, SinkWriter, SinkWriterContext } from "../../common/connector/sink.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { RecordEncoder } from "../formats/record-encoder.ts";
import { bucketDirectory } from "./bucket-path.ts";
import type { FileCommittable, FilePartState } from "./file-committable.ts";
import { IoQueue } from "./io-queue.ts";
import { PartFile } from "./part-file.ts";
import { markOf, partName } from "./part-names.ts";
import type { PartStorage } from "./part-storage.ts";
import { isOld, type RollingPolicy } from "./rolling-policy.ts";

/** How a file writer writes. */
export interface FileWriterOptions<T> {
  /** Absolute. */
  readonly root: string;
  readonly encoder: RecordEncoder<T>;
  readonly bucket: ((value: T, timestamp: Timestamp) => string) | undefined;
  readonly rolling: RollingPolicy;
  readonly gzip: boolean;
  readonly prefix: string;
  readonly suffix: string;
  /** How many parts are open at a time. */
  readonly maxOpenParts: number;
  readonly storage: PartStorage;
}

/** A part's buffer is written when it has so many bytes. */
const BUFFER = 128 * 1024;
/** All buffers are written when together they have so many. */
const ALL_BUFFERS = 4 * 1024 * 1024;
/** The writer takes no more records while so many bytes are underway to the disk. */
const MAX_UNDERWAY = 1024 * 1024;
/** How often times are looked at, ms; they are not read for each record. */
const TICK = 1000;

/** Writes the records of one subtask into part files, one in progress for each bucket. */
export class FileSinkWriter<T> implements SinkWriter<T, FileCommittable, FilePartState> {
  readonly #context: SinkWriterContext;
  readonly #options: FileWriterOptions<T>;
  readonly #queue: IoQueue;
  readonly #extension: string;
  /** By bucket, the one written last at the end. */
  readonly #parts = new Map<string, PartFile<T>>();
  /** Parts whose last bytes are on their way. */
  readonly #finishing = new Set<PartFile<T>>();
  readonly #complete: FileCommittable[] = [];
  /** Parts that checkpoints or commits know of: they outlive a failure. */
  readonly #handedOver = new Set<string>();
  /** Directories in which files were made since they were last synced. */
  readonly #unsynced = new Set<string>();
  /** Whether what earlier attempts of the job, or the job that it took over, left behind is still to be removed. */
  #sweeps: boolean;
  /** The part that the last record went to. */
  #current: PartFile<T> | undefined;
  #buffered = 0;
  #number = 0;
  #now: number;
  #timer: ClockTimer | undefined;
  #full = false;
  #closed = false;

  constructor(context: SinkWriterContext, options: FileWriterOptions<T>, restored: readonly FilePartState[]) {
    this.#context = context;
    this.#options = options;
    const { suffix, encoder, gzip } = options;
    this.#extension = suffix === "" ? `${encoder.extension}${gzip ? ".gz" : ""}` : suffix;
    this.#sweeps = context.runtime.attempt > 0 || context.claimedJob !== undefined;
    this.#now = context.clock.monotonic();
    this.#queue = new IoQueue(
      () => this.#progress(),
      (error) => {
        if (!this.#closed) context.fail(error);
      },
    );
    // What can't work is told before the first record.
    this.#queue.add(0, async () => this.#newEntries(await options.storage.prepareDirectory(options.root)));
    for (const state of restored) this.#takeOver(state);
  }

  get ready(): boolean {
    return this.#queue.bytes < MAX_UNDERWAY;
  }

  write(value: T, context: SinkRecordContext): void {
    const bucket = this.#options.bucket === undefined ? "" : this.#options.bucket(value, context.timestamp);
    const part = this.#current?.bucket === bucket ? this.#current : this.#partOf(bucket);
    const before = part.buffered;
    part.write(value, this.#now);
    this.#buffered += part.buffered - before;
    if (part.length >= this.#options.rolling.maxSize) this.#roll(part);
    else if (part.buffered >= BUFFER) this.#cut(part);
    else if (this.#buffered >= ALL_BUFFERS) this.#cutAll();
    this.#full ||= !this.ready;
  }

  /** At the end of input, and for savepoints, all parts are completed: a savepoint must not point at files that others go on with. */
  async flush(endOfInput: boolean, savepoint = false): Promise<void> {
    if (endOfInput || savepoint) {
      for (const part of this.#parts.values()) this.#roll(part);
    } else {
      this.#cutAll();
      for (const part of this.#parts.values()) part.sync();
    }
    this.#queue.add(0, () => this.#syncDirectories());
    await this.#queue.drain();
  }

  prepareCommit(): readonly FileCommittable[] {
    const committables = this.#complete.splice(0);
    if (this.#sweeps) committables.push(...this.#sweep());
    this.#sweeps = false;
    for (const committable of committables) {
      if (committable.kind === "part") this.#handedOver.add(committable.temporary);
    }
    return committables;
  }

  snapshotState(): readonly FilePartState[] {
    const states = [...this.#parts.values()].map((part) => part.state());
    for (const state of states) this.#handedOver.add(state.temporary);
    return states;
  }

  /** Leaves the files that a checkpoint or a commit knows of, removes the others. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#queue.stop();
    for (const part of [...this.#parts.values(), ...this.#finishing]) {
      await part.abandon(part.temporary !== undefined && !this.#handedOver.has(part.temporary));
    }
    this.#parts.clear();
    this.#finishing.clear();
    for (const committable of this.#complete.splice(0)) {
      // One that was in progress at a checkpoint is still in that one's state.
      if (committable.kind === "part" && !this.#handedOver.has(committable.temporary))
        await this.#options.storage.remove(committable.temporary);
    }
  }

  #partOf(bucket: string): PartFile<T> {
    let part = this.#parts.get(bucket);
    if (part === undefined) {
      part = this.#newPart(bucket);
      if (this.#parts.size >= this.#options.maxOpenParts) this.#rollOldest();
    } else {
      this.#parts.delete(bucket);
    }
    this.#parts.set(bucket, part);
    this.#current = part;
    return part;
  }

  #newPart(bucket: string): PartFile<T> {
    // Time is read when a part begins; the timer goes as long as there are parts.
    this.#now = this.#context.clock.monotonic();
    this.#timer ??= this.#context.clock.schedule(TICK, () => this.#tick());
    const { runtime } = this.#context;
    const { prefix, storage } = this.#options;
    return new PartFile(
      {
        bucket,
        directory: bucketDirectory(this.#options.root, bucket),
        nextName: () => partName(runtime, prefix, this.#extension, this.#number++),
        storage,
        onNewEntries: (directories) => this.#newEntries(directories),
        job: runtime.jobId,
        attempt: runtime.attempt,
        encoder: this.#options.encoder.createPart(),
        gzip: this.#options.gzip,
        now: this.#now,
      },
      this.#queue,
    );
  }

  /**
   * Copies what a predecessor had written up to the checkpoint into a part of its own, which is complete with that: the
   * predecessor may still be alive somewhere, and write on.
   */
  #takeOver(state: FilePartState): void {
    if (state.size > 0) {
      const part = this.#newPart(state.bucket);
      part.beginWith(state);
      this.#finish(part);
    }
    // Another job's is left alone: it may go on with it. Unless it can't.
    const { runtime, claimedJob } = this.#context;
    if (state.job !== runtime.jobId && state.job !== claimedJob) return;
    this.#queue.add(0, async () => void this.#complete.push({ kind: "remove", path: state.temporary }));
  }

  #newEntries(directories: readonly string[]): void {
    for (const directory of directories) this.#unsynced.add(directory);
  }

  async #syncDirectories(): Promise<void> {
    const directories = [...this.#unsynced];
    this.#unsynced.clear();
    await this.#options.storage.syncDirectories(directories);
  }

  #sweep(): readonly FileCommittable[] {
    const { runtime, claimedJob } = this.#context;
    const { root, prefix } = this.#options;
    const { attempt, subtaskIndex: subtask, parallelism, operatorUid } = runtime;
    const own: FileCommittable = {
      kind: "sweep",
      root,
      prefix,
      mark: markOf(runtime),
      attempt,
      subtask,
      parallelism,
    };
    if (claimedJob === undefined) return [own];
    // All its attempts are over.
    const mark = markOf({ jobId: claimedJob, operatorUid });
    return [own, { ...own, mark, attempt: Number.MAX_SAFE_INTEGER }];
  }

  #cut(part: PartFile<T>): void {
    this.#buffered -= part.buffered;
    part.cut();
  }

  #cutAll(): void {
    for (const part of this.#parts.values()) this.#cut(part);
  }

  #roll(part: PartFile<T>): void {
    this.#buffered -= part.buffered;
    this.#parts.delete(part.bucket);
    if (this.#current === part) this.#current = undefined;
    this.#finish(part);
  }

  #finish(part: PartFile<T>): void {
    this.#finishing.add(part);
    part.finish((committable) => {
      this.#finishing.delete(part);
      if (committable !== undefined) this.#complete.push(committable);
    });
  }

  #rollOldest(): void {
    const [oldest] = this.#parts.values();
    if (oldest !== undefined) this.#roll(oldest);
  }

  #tick(): void {
    this.#now = this.#context.clock.monotonic();
    for (const part of this.#parts.values()) {
      if (isOld(part, this.#options.rolling, this.#now)) this.#roll(part);
    }
    this.#timer = this.#parts.size === 0 ? undefined : this.#context.clock.schedule(TICK, () => this.#tick());
  }

  #progress(): void {
    if (!this.#full || this.#closed || !this.ready) return;
    this.#full = false;
    this.#context.wakeUp();
  }
}
