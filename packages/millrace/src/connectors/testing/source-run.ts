import type { Clock } from "../../common/clock/clock.ts";
import { SystemClock } from "../../common/clock/system-clock.ts";
import {
  PollStatus,
  type ByteInput,
  type MalformedRecord,
  type ReaderOutput,
  type Source,
  type SourceReader,
  type SourceSplit,
  type SplitEnumerator,
} from "../../common/connector/source.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { runtimeStub } from "./runtime-stub.ts";

/** A checkpoint of a source run: what a new run goes on from. */
export interface SourceSnapshot<S, E> {
  readonly enumerator: E;
  /** The splits of all readers. */
  readonly splits: readonly S[];
}

/** How a source is run. */
export interface SourceRunOptions<S, E, T = never> {
  /** Default 1. */
  readonly parallelism?: number | undefined;
  /** Default the machine's. */
  readonly clock?: Clock | undefined;
  /** What `pollNext` is asked for; default 100. */
  readonly limit?: number | undefined;
  /** The output says `blocked` after so many records of one poll; default never. */
  readonly blockAfter?: number | undefined;
  readonly stdin?: ByteInput | undefined;
  /** The job's attempt; default 0. */
  readonly attempt?: number | undefined;
  readonly restore?: SourceSnapshot<S, E> | undefined;
  /** Takes each record instead of `records`, where they are too many to keep. */
  readonly onRecord?: ((record: T) => void) | undefined;
}

interface Seat<T, S> {
  reader: SourceReader<T, S>;
  output: RecordingOutput<T>;
  /** Set by `wakeUp`; a reader that answered NOTHING is polled again only then. */
  awake: boolean;
  ended: boolean;
  /** Splits assigned since the last snapshot. */
  assigned: S[];
}

/** Remembers what a reader emits; pretends to be full after a number of records in each poll. */
class RecordingOutput<T> implements ReaderOutput<T> {
  readonly records: T[] = [];
  readonly bad: MalformedRecord[] = [];
  readonly released: string[] = [];
  readonly splits = new Set<string>();
  readonly blockAfter: number;
  readonly #onRecord: ((record: T) => void) | undefined;
  emitted = 0;
  total = 0;

  constructor(blockAfter: number, onRecord: ((record: T) => void) | undefined) {
    this.blockAfter = blockAfter;
    this.#onRecord = onRecord;
  }

  get blocked(): boolean {
    return this.emitted >= this.blockAfter;
  }

  collect(value: T): void {
    this.emitted++;
    this.total++;
    if (this.#onRecord === undefined) this.records.push(value);
    else this.#onRecord(value);
  }

  forSplit(splitId: string): ReaderOutput<T> {
    this.splits.add(splitId);
    return this;
  }

  releaseSplit(splitId: string): void {
    this.released.push(splitId);
  }

  malformed(record: MalformedRecord): void {
    this.emitted++;
    this.total++;
    this.bad.push(record);
  }
}

/**
 * Runs a source without an engine: an enumerator and readers, called as the contract says and no other way. Readers that
 * answered NOTHING are not polled until they ask for it, so a lost wake-up shows as a test that hangs.
 */
export class SourceRun<T, S extends SourceSplit, E> {
  readonly #source: Source<T, S, E>;
  readonly #options: SourceRunOptions<S, E, T>;
  readonly #clock: Clock;
  readonly #seats: Seat<T, S>[] = [];
  readonly #enumerator: SplitEnumerator<S, E>;
  #wake: (() => void) | undefined;
  #failed = false;
  #failure: unknown;
  #turn = 0;

  constructor(source: Source<T, S, E>, options: SourceRunOptions<S, E, T> = {}) {
    this.#source = source;
    this.#options = options;
    this.#clock = options.clock ?? new SystemClock();
    const parallelism = options.parallelism ?? 1;
    this.#enumerator = source.createEnumerator(
      {
        parallelism,
        clock: this.#clock,
        registeredReaders: () => this.#seats.map((_, i) => i),
        assignSplits: (subtask, splits) => this.#assign(subtask, structuredClone(splits)),
        signalNoMoreSplits: (subtask) => this.#seats[subtask]!.reader.notifyNoMoreSplits(),
        sendEvent: (subtask, event) => this.#seats[subtask]!.reader.handleEvent?.(event),
        fail: (error) => {
          this.#failed = true;
          this.#failure = error;
          this.#wake?.();
        },
      },
      structuredClone(options.restore?.enumerator),
    );
    this.#enumerator.start();
    for (let i = 0; i < parallelism; i++) {
      this.#sit(i);
      const restored = options.restore?.splits.filter((_, n) => n % parallelism === i) ?? [];
      if (restored.length > 0) this.#assign(i, structuredClone(restored));
    }
  }

  /** What all readers emitted. */
  get records(): readonly T[] {
    return this.#seats.flatMap((seat) => seat.output.records);
  }

  get malformed(): readonly MalformedRecord[] {
    return this.#seats.flatMap((seat) => seat.output.bad);
  }

  /** Splits that have records of their own, and those given up. */
  get splits(): { readonly used: readonly string[]; readonly released: readonly string[] } {
    return {
      used: this.#seats.flatMap((seat) => [...seat.output.splits]),
      released: this.#seats.flatMap((seat) => seat.output.released),
    };
  }

  recordsOf(subtask: number): readonly T[] {
    return this.#seats[subtask]!.output.records;
  }

  reader(subtask: number): SourceReader<T, S> {
    return this.#seats[subtask]!.reader;
  }

  /** One `pollNext` of one reader. */
  poll(subtask = 0): PollStatus {
    if (this.#failed) throw this.#failure;
    const seat = this.#seats[subtask]!;
    seat.awake = false;
    seat.output.emitted = 0;
    const status = seat.reader.pollNext(seat.output, this.#options.limit ?? 100);
    if (status === PollStatus.MORE) seat.awake = true;
    if (status === PollStatus.END) seat.ended = true;
    return status;
  }

  /** Runs until all readers have ended, or at least `records` records and malformed ones came. Closes after a failure. */
  async run(records = Infinity): Promise<this> {
    try {
      await this.#runUntil(records);
    } catch (error) {
      this.close();
      throw error;
    }
    return this;
  }

  async #runUntil(records: number): Promise<void> {
    while (this.#count() < records && !this.#seats.every((seat) => seat.ended)) {
      if (this.#failed) throw this.#failure;
      const next = this.#nextAwake();
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          if (this.#failed) resolve();
        });
        this.#wake = undefined;
      } else {
        this.poll(next);
        // Readers, like the tasks around them, share the thread with their own I/O.
        if (this.#turn % 64 === 0) await new Promise<void>((resolve) => this.#clock.yield(resolve));
      }
    }
  }

  /** A checkpoint: the enumerator first, then the readers. */
  snapshot(): SourceSnapshot<S, E> {
    const enumerator = structuredClone(this.#enumerator.snapshotState(1));
    const splits = this.#seats.flatMap((seat) => structuredClone(seat.reader.snapshotState(1)));
    for (const seat of this.#seats) seat.assigned = [];
    return { enumerator, splits };
  }

  /** Loses one reader with all it emitted; its splits since the last snapshot go back, and a new one takes its place. */
  failReader(subtask: number): void {
    const lost = this.#seats[subtask]!;
    lost.reader.close();
    this.#enumerator.addSplitsBack(lost.assigned, subtask);
    this.#sit(subtask);
  }

  close(): void {
    for (const seat of this.#seats) seat.reader.close();
    this.#enumerator.close();
  }

  #sit(subtask: number): void {
    const seat: Seat<T, S> = {
      // Assigned below; the reader's callbacks need the seat.
      reader: undefined as unknown as SourceReader<T, S>,
      output: new RecordingOutput(this.#options.blockAfter ?? Infinity, this.#options.onRecord),
      awake: true,
      ended: false,
      assigned: [],
    };
    this.#seats[subtask] = seat;
    const wakeUp = (): void => {
      seat.awake = true;
      this.#wake?.();
    };
    seat.reader = this.#source.createReader({
      runtime: runtimeStub(this.#clock, {
        subtaskIndex: subtask,
        parallelism: this.#options.parallelism ?? 1,
        attempt: this.#options.attempt ?? 0,
      }),
      clock: this.#clock,
      requestSplit: () => this.#enumerator.handleSplitRequest(subtask),
      sendEvent: (event) => this.#enumerator.handleEvent?.(subtask, event),
      wakeUp,
      openStdin: () => {
        if (this.#options.stdin !== undefined) return this.#options.stdin;
        throw new MillraceError("INTERNAL", "the run has no standard input");
      },
    });
    seat.reader.start();
    this.#enumerator.addReader(subtask);
  }

  #assign(subtask: number, splits: readonly S[]): void {
    const seat = this.#seats[subtask]!;
    seat.assigned.push(...splits);
    seat.reader.addSplits(splits);
  }

  #count(): number {
    return this.#seats.reduce((sum, seat) => sum + seat.output.total, 0);
  }

  #nextAwake(): number | undefined {
    for (let i = 0; i < this.#seats.length; i++) {
      const n = this.#turn++ % this.#seats.length;
      const seat = this.#seats[n]!;
      if (seat.awake && !seat.ended) return n;
    }
    return undefined;
  }
}
