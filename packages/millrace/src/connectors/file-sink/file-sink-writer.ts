import type { ClockTimer } from "../../common/clock/clock.ts";
import type { SinkRecordContext, SinkWriter, SinkWriterContext } from "../../common/connector/sink.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { RecordEncoder } from "../formats/record-encoder.ts";
import { bucketDirectory } from "./bucket-path.ts";
import type { FileCommittable, FilePartState } from "./file-committable.ts";
import { IoQueue } from "./io-queue.ts";
import { PartFile, type PartNames } from "./part-file.ts";
import { prepareDirectory, removePart } from "./part-storage.ts";
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
  readonly #names: PartNames;
  /** By bucket, the one written last at the end. */
  readonly #parts = new Map<string, PartFile<T>>();
  /** Parts whose last bytes are on their way. */
  readonly #finishing = new Set<PartFile<T>>();
  readonly #complete: FileCommittable[] = [];
  /** Parts that checkpoints or commits know of: they outlive a failure. */
  readonly #handedOver = new Set<string>();
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
    this.#names = partNames(context, options);
    this.#now = context.clock.monotonic();
    this.#queue = new IoQueue(
      () => this.#progress(),
      (error) => {
        if (!this.#closed) context.fail(error);
      },
    );
    // What can't work is told before the first record.
    this.#queue.add(0, () => prepareDirectory(options.root));
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

  async flush(endOfInput: boolean): Promise<void> {
    if (endOfInput) {
      for (const part of this.#parts.values()) this.#roll(part);
    } else {
      this.#cutAll();
      for (const part of this.#parts.values()) part.sync();
    }
    await this.#queue.drain();
  }

  prepareCommit(): readonly FileCommittable[] {
    const committables = this.#complete.splice(0);
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
      if (committable.kind === "part") await removePart(committable.temporary);
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
    return new PartFile(
      {
        bucket,
        directory: bucketDirectory(this.#options.root, bucket),
        names: this.#names,
        nextNumber: () => this.#number++,
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
    this.#queue.add(0, async () => void this.#complete.push({ kind: "remove", path: state.temporary }));
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
      this.#complete.push(committable);
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

/**
 * Names that no other subtask and no other attempt takes: by the time at which the attempt began. Where a clock stands still
 * (in tests), names in use are passed over when parts are made.
 */
function partNames(
  context: SinkWriterContext,
  { prefix, suffix, encoder, gzip }: FileWriterOptions<never>,
): PartNames {
  const { subtaskIndex, attempt } = context.runtime;
  const unique = `${attempt}${context.clock.now().toString(36)}`;
  const extension = suffix === "" ? `${encoder.extension}${gzip ? ".gz" : ""}` : suffix;
  return (n) => {
    const name = `${prefix}-${subtaskIndex}-${unique}-${n}`;
    return { temporary: `.${name}.inprogress`, final: `${name}${extension}` };
  };
}
