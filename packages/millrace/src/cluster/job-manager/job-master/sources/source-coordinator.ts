import type { Clock } from "../../../../common/clock/clock.ts";
import type {
  Source,
  SourceSplit,
  SplitEnumerator,
  SplitEnumeratorContext,
} from "../../../../common/connector/source.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";

/** How a coordinator reaches its readers and its job. */
export interface SourceCoordinatorContext {
  readonly operatorName: string;
  readonly parallelism: number;
  readonly clock: Clock;
  assignSplits(subtask: number, splits: readonly SourceSplit[]): void;
  noMoreSplits(subtask: number): void;
  sendEvent(subtask: number, event: unknown): void;
  fail(error: MillraceError): void;
}

/**
 * Hosts the enumerator of one source. Its code is the user's: what it throws, now or later, fails the job, and names the source. It
 * keeps which splits are assigned, so that those of a failed reader can go back.
 */
export class SourceCoordinator {
  readonly #source: Source<unknown>;
  readonly #context: SourceCoordinatorContext;
  readonly #registered = new Set<number>();
  readonly #assigned = new Map<number, SourceSplit[]>();
  #enumerator: SplitEnumerator<SourceSplit, unknown> | undefined;
  #closed = false;

  constructor(source: Source<unknown>, context: SourceCoordinatorContext) {
    this.#source = source;
    this.#context = context;
  }

  start(): void {
    this.#guard(() => {
      this.#enumerator = this.#source.createEnumerator(this.#enumeratorContext(), undefined);
      this.#enumerator.start();
    });
  }

  /** A reader is there (again): splits that it was given in an earlier attempt are handed out anew. */
  register(subtask: number): void {
    if (this.#registered.has(subtask)) return;
    this.#registered.add(subtask);
    this.#guard(() => this.#enumerator?.addReader(subtask));
  }

  /** A reader is gone; what it had been assigned goes back. */
  readerFailed(subtask: number): void {
    this.#registered.delete(subtask);
    const splits = this.#assigned.get(subtask) ?? [];
    this.#assigned.delete(subtask);
    if (splits.length > 0) this.#guard(() => this.#enumerator?.addSplitsBack(splits, subtask));
  }

  requestSplit(subtask: number): void {
    this.#guard(() => this.#enumerator?.handleSplitRequest(subtask));
  }

  handleEvent(subtask: number, event: unknown): void {
    this.#guard(() => this.#enumerator?.handleEvent?.(subtask, event));
  }

  close(): void {
    if (this.#closed) return;
    this.#guard(() => this.#enumerator?.close());
    this.#closed = true;
  }

  #enumeratorContext(): SplitEnumeratorContext<SourceSplit> {
    const context = this.#context;
    return {
      parallelism: context.parallelism,
      clock: context.clock,
      registeredReaders: () => [...this.#registered].sort((a, b) => a - b),
      assignSplits: (subtask, splits) => {
        if (this.#closed) return;
        this.#assigned.set(subtask, [...(this.#assigned.get(subtask) ?? []), ...splits]);
        context.assignSplits(subtask, splits);
      },
      signalNoMoreSplits: (subtask) => {
        if (!this.#closed) context.noMoreSplits(subtask);
      },
      sendEvent: (subtask, event) => {
        if (!this.#closed) context.sendEvent(subtask, event);
      },
      fail: (error) => this.#fail(error),
    };
  }

  #guard(call: () => void): void {
    if (this.#closed) return;
    try {
      call();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    const { operatorName } = this.#context;
    const text = error instanceof Error ? error.message : String(error);
    this.#context.fail(
      new MillraceError(
        MillraceError.is(error) ? error.code : "SOURCE_FAILED",
        `source "${operatorName}" failed: ${text}`,
        {
          cause: error,
          ...(MillraceError.is(error) && error.help !== undefined ? { help: error.help } : {}),
          details: { ...(MillraceError.is(error) ? error.details : {}), operator: operatorName },
        },
      ),
    );
  }
}
