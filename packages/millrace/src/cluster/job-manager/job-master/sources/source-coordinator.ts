import type { Clock } from "../../../../common/clock/clock.ts";
import type {
  Source,
  SourceSplit,
  SplitEnumerator,
  SplitEnumeratorContext,
} from "../../../../common/connector/source.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { SplitLedger } from "./split-ledger.ts";
import {
  decodeCoordinatorState,
  encodeCoordinatorState,
} from "../../../../runtime/checkpoint/format/coordinator-state.ts";
import { createStateFiles } from "../../../../runtime/checkpoint/storage/create-state-files.ts";

/** State of enumerators is small, and never a file of its own. */
const INLINE = createStateFiles({ directory: undefined, inlineThreshold: 0 });

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

/** Something for a reader that waits until it may be sent. */
type Outgoing =
  | { readonly kind: "splits"; readonly splits: readonly SourceSplit[] }
  | { readonly kind: "noMoreSplits" }
  | { readonly kind: "event"; readonly event: unknown };

/**
 * Hosts the enumerator of one source. Its code is the user's: what it throws, now or later, fails the job, and names the source.
 *
 * At a checkpoint the enumerator is snapshotted first; what it says to readers from then on is held back until the triggers are
 * out, so that each split is either in its snapshot or with a reader when that one's is taken (correctness rule 17). Readers that have not
 * registered get what is for them when they do.
 */
export class SourceCoordinator {
  readonly #source: Source<unknown>;
  readonly #context: SourceCoordinatorContext;
  readonly #registered = new Set<number>();
  readonly #ledger = new SplitLedger();
  /** By subtask, what waits until it registers, or until triggers are out. */
  readonly #waiting = new Map<number, Outgoing[]>();
  /** Splits of the checkpoint that a reader starts from. */
  readonly #restored = new Map<number, readonly SourceSplit[]>();
  #enumerator: SplitEnumerator<SourceSplit, unknown> | undefined;
  #held = false;
  #closed = false;

  constructor(source: Source<unknown>, context: SourceCoordinatorContext) {
    this.#source = source;
    this.#context = context;
  }

  /** Makes the enumerator, from what `snapshot` gave where there is something, and starts it. Once. */
  start(state: Uint8Array | undefined): void {
    if (this.#enumerator !== undefined) return;
    this.#guard(() => {
      const restored =
        state === undefined ? undefined : decodeCoordinatorState(INLINE, { kind: "inline", bytes: state });
      this.#enumerator = this.#source.createEnumerator(this.#enumeratorContext(), restored);
      this.#enumerator.start();
      for (const subtask of this.#registered) this.#enumerator.addReader(subtask);
    });
  }

  /** What a reader held in the checkpoint that it starts from: it gets that first when it registers. */
  restoreSplits(subtask: number, splits: readonly SourceSplit[]): void {
    this.#restored.set(subtask, splits);
  }

  /** A reader is there (again). */
  register(subtask: number): void {
    if (this.#registered.has(subtask)) return;
    this.#registered.add(subtask);
    const restored = this.#restored.get(subtask) ?? [];
    this.#restored.delete(subtask);
    if (restored.length > 0) this.#guard(() => this.#context.assignSplits(subtask, restored));
    this.#flush(subtask);
    this.#guard(() => this.#enumerator?.addReader(subtask));
  }

  /** A reader is gone, or about to be: nothing is sent to it until it registers again. */
  readerLost(subtask: number): void {
    this.#registered.delete(subtask);
  }

  /**
   * A reader that was lost starts again: what it was given since the last completed checkpoint goes back. It asks anew: that nothing more comes
   * was said to its predecessor, and before those splits came back.
   */
  readerRestarts(subtask: number): void {
    this.readerLost(subtask);
    const splits = this.#ledger.takeBack(subtask);
    this.#waiting.set(
      subtask,
      (this.#waiting.get(subtask) ?? []).filter(({ kind }) => kind === "event"),
    );
    if (splits.length > 0) this.#guard(() => this.#enumerator?.addSplitsBack(splits, subtask));
  }

  /** A reader wants a split. One that is lost goes on for a moment: what it asks for then, its successor asks for again. */
  requestSplit(subtask: number): void {
    if (!this.#registered.has(subtask)) return;
    this.#guard(() => this.#enumerator?.handleSplitRequest(subtask));
  }

  /** Something from a reader; from one that is lost it is void. */
  handleEvent(subtask: number, event: unknown): void {
    if (!this.#registered.has(subtask)) return;
    this.#guard(() => this.#enumerator?.handleEvent?.(subtask, event));
  }

  /**
   * The enumerator's state, encoded; until `release` its events are held. `counts`: it is a checkpoint that the job may start again from.
   *
   * @throws what the enumerator throws, and INVALID_ARGUMENT for state that is no plain data
   */
  snapshot(checkpointId: number, counts: boolean): Uint8Array {
    // What it says to readers before it answers, its state knows of: that goes out before the triggers.
    const state = this.#enumerator?.snapshotState(checkpointId);
    this.#held = true;
    if (counts) this.#ledger.snapshot(checkpointId);
    return encodeCoordinatorState(state);
  }

  /** The triggers are out, or will not come. */
  release(): void {
    this.#held = false;
    for (const subtask of this.#waiting.keys()) this.#flush(subtask);
  }

  checkpointComplete(checkpointId: number): void {
    this.#ledger.completed(checkpointId);
    this.#guard(() => this.#enumerator?.notifyCheckpointComplete?.(checkpointId));
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
        this.#ledger.assigned(subtask, splits);
        this.#send(subtask, { kind: "splits", splits });
      },
      signalNoMoreSplits: (subtask) => this.#send(subtask, { kind: "noMoreSplits" }),
      sendEvent: (subtask, event) => this.#send(subtask, { kind: "event", event }),
      fail: (error) => this.#fail(error),
    };
  }

  #send(subtask: number, outgoing: Outgoing): void {
    if (this.#closed) return;
    this.#waiting.set(subtask, [...(this.#waiting.get(subtask) ?? []), outgoing]);
    this.#flush(subtask);
  }

  #flush(subtask: number): void {
    if (this.#held || !this.#registered.has(subtask)) return;
    const waiting = this.#waiting.get(subtask) ?? [];
    this.#waiting.delete(subtask);
    // What can't be carried to another process is the source's fault, too.
    this.#guard(() => {
      for (const outgoing of waiting) {
        if (outgoing.kind === "splits") this.#context.assignSplits(subtask, outgoing.splits);
        else if (outgoing.kind === "noMoreSplits") this.#context.noMoreSplits(subtask);
        else this.#context.sendEvent(subtask, outgoing.event);
      }
    });
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
    if (!this.#closed) this.#context.fail(sourceFailure(error, this.#context.operatorName));
  }
}

/** What an enumerator threw, with the name of its source. */
export function sourceFailure(error: unknown, operatorName: string): MillraceError {
  const text = error instanceof Error ? error.message : String(error);
  return new MillraceError(
    MillraceError.is(error) ? error.code : "SOURCE_FAILED",
    `source "${operatorName}" failed: ${text}`,
    {
      cause: error,
      ...(MillraceError.is(error) && error.help !== undefined ? { help: error.help } : {}),
      details: { ...(MillraceError.is(error) ? error.details : {}), operator: operatorName },
    },
  );
}
