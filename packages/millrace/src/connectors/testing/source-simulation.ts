import type { Clock } from "../../common/clock/clock.ts";
import { SystemClock } from "../../common/clock/system-clock.ts";
import {
  PollStatus,
  type MalformedRecord,
  type ReaderOutput,
  type Source,
  type SourceReader,
  type SourceSplit,
  type SplitEnumerator,
} from "../../common/connector/source.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { carried } from "./carried.ts";
import { runtimeStub } from "./runtime-stub.ts";

/** What one reader gave to a checkpoint. */
interface ReaderSnapshot<S> {
  readonly begun: readonly S[];
  readonly waiting: readonly S[];
}

/** A checkpoint that is complete. */
interface Checkpoint<S, E> {
  readonly enumerator: E | undefined;
  /** By reader. */
  readonly readers: readonly ReaderSnapshot<S>[];
}

/** A checkpoint that some readers have yet to reach. */
interface Pending<S, E> {
  readonly enumerator: E;
  readonly readers: Map<number, ReaderSnapshot<S>>;
}

/** On the way to a reader. */
type Message<S> =
  | { readonly kind: "splits"; readonly splits: readonly S[] }
  | { readonly kind: "noMoreSplits" }
  | { readonly kind: "event"; readonly event: unknown }
  | { readonly kind: "barrier"; readonly checkpoint: object };

/** A reader in one attempt. */
class Seat<T, S extends SourceSplit> implements ReaderOutput<T> {
  readonly inbox: Message<S>[] = [];
  reader: SourceReader<T, S> | undefined;
  /** Emitted since the barrier of the last complete checkpoint; those behind the barrier of a pending one apart. */
  before: T[] = [];
  after: T[] = [];
  /** Whether the pending checkpoint's barrier has passed. */
  barrierPassed = false;
  readonly begun = new Set<string>();
  awake = true;
  ended = false;
  room = Infinity;

  get blocked(): boolean {
    return this.room <= 0;
  }

  collect(value: T): void {
    this.room--;
    (this.barrierPassed ? this.after : this.before).push(value);
  }

  forSplit(splitId: string): ReaderOutput<T> {
    this.begun.add(splitId);
    return this;
  }

  releaseSplit(splitId: string): void {
    this.begun.delete(splitId);
  }

  malformed(record: MalformedRecord): void {
    // Counted as a record: it must come once, too, and say the same.
    this.collect(record as unknown as T);
  }
}

/**
 * A source with a coordinator and readers between which messages take their time, checkpoints that are underway, readers and whole jobs
 * that fail: what may happen to it in a job, step by step. Keeps account of the records that count.
 */
export class SourceSimulation<T, S extends SourceSplit, E> {
  readonly #create: () => Source<T, S, E>;
  readonly #clock: Clock = new SystemClock();
  #source: Source<T, S, E>;
  #seats: Seat<T, S>[] = [];
  #enumerator: SplitEnumerator<S, E>;
  /** From readers to the coordinator. */
  #requests: (() => void)[] = [];
  #last: Checkpoint<S, E> = { enumerator: undefined, readers: [] };
  #pending: Pending<S, E> | undefined;
  /** Splits assigned since the enumerator's snapshot of the last complete checkpoint, and since that of the pending one. */
  #assigned: { readonly subtask: number; readonly splits: readonly S[] }[] = [];
  #assignedAfterPending: { readonly subtask: number; readonly splits: readonly S[] }[] = [];
  /** Records of complete checkpoints. */
  readonly #committed: T[] = [];
  #failure: { readonly error: unknown } | undefined;
  #onChange: (() => void) | undefined;

  constructor(create: () => Source<T, S, E>, parallelism: number) {
    this.#create = create;
    this.#source = create();
    this.#enumerator = this.#begin(parallelism);
  }

  /** Everything that counts, if nothing fails any more. */
  get records(): readonly T[] {
    return [...this.#committed, ...this.#seats.flatMap(({ before, after }) => [...before, ...after])];
  }

  get parallelism(): number {
    return this.#seats.length;
  }

  /** One poll. @param room records for which there is room */
  poll(subtask: number, limit: number, room: number): void {
    const seat = this.#seat(subtask);
    if (seat.ended) return;
    seat.awake = false;
    seat.room = room;
    const status = seat.reader!.pollNext(seat, limit);
    seat.awake ||= status === PollStatus.MORE;
    if (status === PollStatus.END) seat.ended = true;
  }

  /** A reader takes its next message. */
  receive(subtask: number): void {
    const seat = this.#seat(subtask);
    const message = seat.inbox.shift();
    if (message === undefined) return;
    switch (message.kind) {
      case "splits":
        seat.reader!.addSplits(message.splits);
        break;
      case "noMoreSplits":
        seat.reader!.notifyNoMoreSplits();
        break;
      case "event":
        seat.reader!.handleEvent?.(message.event);
        break;
      case "barrier":
        if (message.checkpoint === this.#pending) this.#barrier(this.#seats.indexOf(seat));
        break;
    }
  }

  /** The coordinator takes its next message. */
  coordinate(): void {
    this.#requests.shift()?.();
  }

  /** Begins a checkpoint, unless one is underway: the enumerator first, the readers when its message reaches them. */
  checkpoint(): void {
    if (this.#pending !== undefined) return;
    this.#pending = { enumerator: carried(this.#enumerator.snapshotState(1)), readers: new Map() };
    for (const seat of this.#seats) seat.inbox.push({ kind: "barrier", checkpoint: this.#pending });
  }

  /** Loses one reader: the others go on, and so does the enumerator. */
  failReader(subtask: number): void {
    this.#abort();
    const index = subtask % this.#seats.length;
    this.#seats[index]!.reader!.close();
    this.#sit(index);
    const lost = this.#assigned.filter((assigned) => assigned.subtask === index);
    this.#assigned = this.#assigned.filter((assigned) => assigned.subtask !== index);
    if (lost.length > 0)
      this.#enumerator.addSplitsBack(
        lost.flatMap(({ splits }) => splits),
        index,
      );
    this.#register(index, this.#last.readers[index]);
  }

  /** Loses everything, and starts from the last complete checkpoint. */
  restore(parallelism: number): void {
    this.close();
    this.#pending = undefined;
    this.#assigned = [];
    this.#assignedAfterPending = [];
    this.#requests = [];
    this.#source = this.#create();
    if (parallelism !== this.#last.readers.length) this.#redistribute(parallelism);
    this.#enumerator = this.#begin(parallelism);
  }

  /** Goes on to the end, with nothing more that fails; or until so many records came, for sources without end. */
  async finish(records = Infinity): Promise<void> {
    for (;;) {
      this.#check();
      if (this.#seats.every(({ ended }) => ended) || this.records.length >= records) return;
      let moved = this.#requests.length > 0;
      while (this.#requests.length > 0) this.coordinate();
      for (const [subtask, seat] of this.#seats.entries()) {
        while (seat.inbox.length > 0) this.receive(subtask);
        if (seat.awake && !seat.ended) {
          moved = true;
          this.poll(subtask, 100, Infinity);
        }
      }
      if (!moved) await this.#change();
    }
  }

  /** Lets asynchronous work go on for a moment. */
  async wait(): Promise<void> {
    await new Promise<void>((resolve) => this.#clock.yield(resolve));
    this.#check();
  }

  close(): void {
    for (const seat of this.#seats) seat.reader?.close();
    this.#enumerator.close();
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #change(): Promise<void> {
    await new Promise<void>((resolve) => (this.#onChange = resolve));
    this.#onChange = undefined;
  }

  #seat(subtask: number): Seat<T, S> {
    return this.#seats[subtask % this.#seats.length]!;
  }

  #begin(parallelism: number): SplitEnumerator<S, E> {
    this.#seats = [];
    const seats = this.#seats;
    for (let i = 0; i < parallelism; i++) this.#sit(i);
    const enumerator = this.#source.createEnumerator(
      {
        parallelism,
        clock: this.#clock,
        registeredReaders: () => seats.map((_, i) => i),
        assignSplits: (subtask, splits) => {
          const list = this.#pending === undefined ? this.#assigned : this.#assignedAfterPending;
          list.push({ subtask, splits });
          this.#send(seats[subtask]!, { kind: "splits", splits: carried(splits) });
        },
        signalNoMoreSplits: (subtask) => this.#send(seats[subtask]!, { kind: "noMoreSplits" }),
        sendEvent: (subtask, event) => this.#send(seats[subtask]!, { kind: "event", event: carried(event) }),
        fail: (error) => {
          this.#failure ??= { error };
          this.#onChange?.();
        },
      },
      this.#last.enumerator === undefined ? undefined : carried(this.#last.enumerator),
    );
    this.#enumerator = enumerator;
    enumerator.start();
    for (let i = 0; i < parallelism; i++) this.#register(i, this.#last.readers[i]);
    return enumerator;
  }

  /** A reader says that it is there, and gets what the checkpoint has for it. */
  #register(subtask: number, restored: ReaderSnapshot<S> | undefined): void {
    const seat = this.#seats[subtask]!;
    if (restored !== undefined && restored.begun.length > 0)
      seat.reader!.addSplits(carried(restored.begun), true);
    if (restored !== undefined && restored.waiting.length > 0)
      seat.reader!.addSplits(carried(restored.waiting));
    this.#enumerator.addReader(subtask);
  }

  #sit(subtask: number): void {
    const seat = new Seat<T, S>();
    this.#seats[subtask] = seat;
    const request = (work: () => void): void => {
      this.#requests.push(() => {
        // What a reader has said dies with it.
        if (this.#seats[subtask] === seat) work();
      });
    };
    seat.reader = this.#source.createReader({
      runtime: runtimeStub(this.#clock, { subtaskIndex: subtask, parallelism: this.#seats.length }),
      clock: this.#clock,
      requestSplit: () => request(() => this.#enumerator.handleSplitRequest(subtask)),
      sendEvent: (event) => request(() => this.#enumerator.handleEvent?.(subtask, carried(event))),
      wakeUp: () => {
        seat.awake = true;
        this.#onChange?.();
      },
      openStdin: () => {
        throw new MillraceError("INTERNAL", "the simulation has no standard input");
      },
    });
    seat.reader.start();
  }

  #send(seat: Seat<T, S>, message: Message<S>): void {
    seat.inbox.push(message);
    seat.awake = true;
    this.#onChange?.();
  }

  #barrier(subtask: number): void {
    const pending = this.#pending!;
    const seat = this.#seats[subtask]!;
    const splits = seat.reader!.snapshotState(1);
    pending.readers.set(subtask, {
      begun: carried(splits.filter(({ splitId }) => seat.begun.has(splitId))),
      waiting: carried(splits.filter(({ splitId }) => !seat.begun.has(splitId))),
    });
    seat.barrierPassed = true;
    if (pending.readers.size === this.#seats.length) this.#complete(pending);
  }

  #complete(pending: Pending<S, E>): void {
    this.#pending = undefined;
    this.#assigned = this.#assignedAfterPending;
    this.#assignedAfterPending = [];
    this.#last = {
      enumerator: pending.enumerator,
      readers: this.#seats.map((_, subtask) => pending.readers.get(subtask)!),
    };
    for (const seat of this.#seats) {
      this.#committed.push(...seat.before);
      seat.before = seat.after;
      seat.after = [];
      seat.barrierPassed = false;
    }
  }

  #abort(): void {
    this.#pending = undefined;
    this.#assigned.push(...this.#assignedAfterPending);
    this.#assignedAfterPending = [];
    for (const seat of this.#seats) {
      seat.before.push(...seat.after);
      seat.after = [];
      seat.barrierPassed = false;
    }
  }

  /** Deals the splits of all readers out to so many, as a job does that is restored at another parallelism. */
  #redistribute(parallelism: number): void {
    const deal = (splits: readonly S[], subtask: number): readonly S[] =>
      splits.filter((_, i) => i % parallelism === subtask);
    const begun = this.#last.readers.flatMap((reader) => reader.begun);
    const waiting = this.#last.readers.flatMap((reader) => reader.waiting);
    this.#last = {
      enumerator: this.#last.enumerator,
      readers: Array.from({ length: parallelism }, (_, subtask) => ({
        begun: deal(begun, subtask),
        waiting: deal(waiting, subtask),
      })),
    };
  }
}
