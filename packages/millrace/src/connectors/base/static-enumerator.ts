import type { SourceSplit, SplitEnumerator, SplitEnumeratorContext } from "../../common/connector/source.ts";
import { sourceFailed } from "./source-errors.ts";
import { SplitQueue, type AssignmentRule } from "./split-queue.ts";

/** What a StaticEnumerator keeps in a checkpoint. */
export interface StaticEnumeratorState<S> {
  /** Whether the splits were found; before that `pending` is empty and they are looked for again. */
  readonly discovered: boolean;
  readonly pending: readonly S[];
}

/** How a StaticEnumerator works. */
export interface StaticEnumeratorOptions<S extends SourceSplit> {
  /** The source's name, for error messages. */
  readonly name: string;
  /** Finds all splits, once in the life of the job. */
  discover(parallelism: number): readonly S[] | Promise<readonly S[]>;
  /** In which order splits are read. Default: as they were found is not known after a restore, so by split id. */
  order?(a: S, b: S): number;
  /** Default "next". */
  readonly rule?: AssignmentRule | undefined;
  /** Which reader a split belongs to, modulo parallelism; for the rule "share". */
  owner?(split: S): number;
}

/**
 * An enumerator whose splits are all known after one look. A failure of `discover` fails the job.
 *
 * @example
 * ```ts
 * createEnumerator: (context, restored) =>
 *   new StaticEnumerator(context, { name: "orders source", discover: async () => listPartitions() }, restored),
 * ```
 */
export class StaticEnumerator<S extends SourceSplit> implements SplitEnumerator<S, StaticEnumeratorState<S>> {
  readonly #context: SplitEnumeratorContext<S>;
  readonly #options: StaticEnumeratorOptions<S>;
  readonly #queue: SplitQueue<S>;
  readonly #restored: readonly S[];
  #discovered: boolean;
  #closed = false;

  constructor(
    context: SplitEnumeratorContext<S>,
    options: StaticEnumeratorOptions<S>,
    restored: StaticEnumeratorState<S> | undefined,
  ) {
    this.#context = context;
    this.#options = options;
    this.#queue = new SplitQueue(
      context,
      options.rule ?? "next",
      (a, b) => options.order?.(a, b) ?? compareText(a.splitId, b.splitId),
      (split) => options.owner?.(split) ?? 0,
    );
    this.#discovered = restored?.discovered ?? false;
    this.#restored = restored?.pending ?? [];
  }

  start(): void {
    if (this.#discovered) {
      this.#queue.add(this.#restored);
      this.#queue.close();
      return;
    }
    let found: readonly S[] | Promise<readonly S[]>;
    try {
      found = this.#options.discover(this.#context.parallelism);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (!(found instanceof Promise)) {
      this.#accept(found);
      return;
    }
    found.then(
      (splits) => this.#accept(splits),
      (error: unknown) => this.#fail(error),
    );
  }

  addReader(subtask: number): void {
    this.#queue.forget(subtask);
  }

  handleSplitRequest(subtask: number): void {
    this.#queue.request(subtask);
  }

  addSplitsBack(splits: readonly S[], subtask: number): void {
    // It will be back, and ask: until then they are not others' to take.
    this.#queue.forget(subtask);
    this.#queue.add(splits);
  }

  snapshotState(_checkpointId: number): StaticEnumeratorState<S> {
    return { discovered: this.#discovered, pending: [...this.#queue.pending] };
  }

  close(): void {
    this.#closed = true;
  }

  #accept(splits: readonly S[]): void {
    if (this.#closed) return;
    this.#discovered = true;
    this.#queue.add(splits);
    this.#queue.close();
  }

  #fail(error: unknown): void {
    if (!this.#closed) this.#context.fail(sourceFailed(this.#options.name, "its splits", error));
  }
}

/** Compares by code units: the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
