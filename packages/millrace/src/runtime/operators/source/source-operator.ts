import type { ClockTimer } from "../../../common/clock/clock.ts";
import { PollStatus } from "../../../common/connector/source.ts";
import type {
  MalformedRecord,
  ReaderOutput,
  SourceReader,
  SourceSplit,
} from "../../../common/connector/source.ts";
import { createRecordCheck } from "../../../common/codec/record-check.ts";
import type { RecordCheck } from "../../../common/codec/record-check.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { preview } from "../../../common/errors/preview.ts";
import { MAX_WATERMARK, NO_TIMESTAMP } from "../../../common/time/timestamps.ts";
import type { SourceSpec } from "../../../graph/stream/operator-spec.ts";
import { isSplitSnapshot, type SplitSnapshot } from "../../../protocol/control/split-snapshot.ts";
import type { TaskServices } from "../../task/task-services.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import { CombinedWatermarks } from "./combined-watermarks.ts";
import { SplitOutput } from "./split-output.ts";
import type { SplitOutputs } from "./split-output.ts";
import { takeSplitSnapshot } from "./take-split-snapshot.ts";

/** ms between two looks at idleness where watermarks don't set the pace. */
const IDLE_CHECK = 200;

/** Settings of a source operator. */
export interface SourceSettings {
  /** ms between two rounds of the watermark generators; 0: after every record. */
  readonly autoWatermarkInterval: number;
}

/**
 * The head of a source's task: drives its reader, assigns timestamps, combines the splits' watermarks. Instead of records it takes
 * `poll`s from its task.
 */
export class SourceOperator implements Operator {
  readonly #context: OperatorContext;
  readonly #spec: SourceSpec;
  readonly #services: TaskServices;
  readonly #settings: SourceSettings;
  readonly #reader: SourceReader<unknown, SourceSplit>;
  readonly #watermarks: CombinedWatermarks<unknown>;
  readonly #splits = new Map<string, SplitOutput<unknown>>();
  readonly #outputs: SplitOutputs<unknown>;
  /** Where records go that the reader doesn't tie to a split. Made at first use, so that it doesn't hold back time. */
  #main: MainOutput | undefined;
  #timer: ClockTimer | undefined;
  #lastTick = 0;
  #heldSince: number | undefined;
  /** How far this source may go: the group's watermark plus the drift. */
  #limit = Infinity;
  #ended = false;

  constructor(spec: SourceSpec, context: OperatorContext, services: TaskServices, settings: SourceSettings) {
    this.#spec = spec;
    this.#context = context;
    this.#services = services;
    this.#settings = settings;
    this.#watermarks = new CombinedWatermarks(spec.watermarks, context.output);
    this.#outputs = {
      flow: context.flow,
      output: context.output,
      assigner: spec.watermarks.timestampAssigner,
      forSplit: (splitId) => this.#forSplit(splitId),
      releaseSplit: (splitId) => this.#releaseSplit(splitId),
      malformed: (record) => this.#malformed(record),
      check: recordCheckOf(spec, context),
      refused: (error, value, splitId) => this.#refused(error, value, splitId),
      everyRecord: settings.autoWatermarkInterval === 0,
      flushWatermarks: () => this.#watermarks.flush(),
    };
    this.#reader = spec.source.createReader({
      runtime: context.runtime,
      clock: context.clock,
      requestSplit: () => services.requestSplit(),
      sendEvent: (event) => services.sendSourceEvent(event),
      wakeUp: () => context.mail(noop),
      openStdin: () => services.openStdin(),
    });
  }

  open(): void {
    this.#reader.start();
    this.#lastTick = this.#context.clock.monotonic();
    this.#schedule();
    const { alignment } = this.#spec.watermarks;
    if (alignment !== undefined) this.#limit = -Infinity;
  }

  /** The watermark that it has emitted. */
  get watermark(): number {
    return this.#ended ? MAX_WATERMARK : this.#watermarks.watermark;
  }

  /** The alignment group that it belongs to. */
  get alignmentGroup(): string | undefined {
    return this.#spec.watermarks.alignment?.group;
  }

  /** Records read so far. */
  get records(): number {
    return this.#watermarks.records;
  }

  /** Reads about `limit` records; see SourceReader.pollNext. NOTHING, too, while alignment holds it back. */
  poll(limit: number): PollStatus {
    if (this.#watermarks.watermark > this.#limit) return PollStatus.NOTHING;
    const status = this.#reader.pollNext(this.#output, limit);
    // Under alignment the watermark is what holds the source back: it must not wait for the next timer.
    if (status !== PollStatus.MORE || this.#spec.watermarks.alignment !== undefined) this.#tick();
    if (status === PollStatus.END) this.#end();
    return status;
  }

  /** Splits that the enumerator assigned, or those of a snapshot: all of them that this reader gets in one call, before any other. */
  addSplits(splits: readonly (SourceSplit | SplitSnapshot)[]): void {
    const restored = splits.filter(isSplitSnapshot);
    if (restored.length === 0) {
      this.#reader.addSplits(splits);
      return;
    }
    // The smallest, because splits of several former readers may meet here: none of them may become late by it.
    this.#watermarks.restore(restored.reduce((least, { emitted }) => Math.min(least, emitted), Infinity));
    const [begun, waiting] = [true, false].map((flag) => restored.filter((split) => split.begun === flag));
    for (const split of begun!) {
      this.#splits.set(
        split.splitId,
        new SplitOutput(this.#outputs, this.#watermarks.add(split), split.splitId),
      );
    }
    const own = ({ split }: SplitSnapshot): SourceSplit => split;
    if (begun!.length > 0) this.#reader.addSplits(begun!.map(own), true);
    if (waiting!.length > 0) this.#reader.addSplits(waiting!.map(own));
  }

  /** The splits that the reader holds, with their positions and their event time. Between two polls. */
  snapshotSplits(checkpointId: number): readonly SplitSnapshot[] {
    this.#reader.beginSplits?.(this.#output);
    const emitted = this.#watermarks.watermark;
    // What generators know of records that were read must not wait for their next turn: it would be lost.
    this.#watermarks.askGenerators();
    const splits = this.#reader.snapshotState(checkpointId);
    // A reader whose splits are all yet to begin would begin with the first, which nobody else's may make late.
    const idle = splits.every(({ splitId }) => !this.#splits.has(splitId));
    return splits.map((split, index) => ({
      ...takeSplitSnapshot(split, this.#splits.get(split.splitId)?.watermarks, emitted),
      ...(idle && index === 0 ? { begun: true } : {}),
    }));
  }

  notifyCheckpointComplete(checkpointId: number): void {
    this.#reader.notifyCheckpointComplete?.(checkpointId);
  }

  notifyNoMoreSplits(): void {
    this.#reader.notifyNoMoreSplits();
  }

  handleEvent(event: unknown): void {
    this.#reader.handleEvent?.(event);
  }

  /** The smallest watermark of the alignment group plus its drift: how far this source may go. */
  setAlignmentLimit(limit: number): void {
    this.#limit = limit;
  }

  /** Ends the source though there is more to read: the job is drained. Nothing is polled afterwards. */
  end(): void {
    this.#end();
  }

  processRecord(): void {
    throw new MillraceError("INTERNAL", "a source takes no records");
  }

  close(): void {
    this.#timer?.cancel();
    this.#reader.close();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer?.cancel();
    this.#context.output.idle(false);
    this.#context.output.watermark(MAX_WATERMARK);
    const { alignment } = this.#spec.watermarks;
    if (alignment !== undefined) this.#services.reportWatermark(alignment.group, MAX_WATERMARK);
  }

  #schedule(): void {
    const { alignment } = this.#spec.watermarks;
    const auto = this.#settings.autoWatermarkInterval;
    // Asked after every record, generators still need a timer for idleness.
    const interval = Math.min(auto === 0 ? IDLE_CHECK : auto, alignment?.updateInterval ?? Infinity);
    this.#timer = this.#context.clock.schedule(interval, () => {
      this.#context.mail(() => {
        if (this.#ended) return;
        this.#tick();
        if (alignment !== undefined)
          this.#services.reportWatermark(alignment.group, this.#watermarks.watermark);
        this.#schedule();
      });
    });
  }

  #tick(): void {
    if (this.#ended) return;
    const now = this.#context.clock.monotonic();
    const held = this.#context.flow.blocked || this.#watermarks.watermark > this.#limit;
    // Time under back-pressure or alignment is nobody's fault: it doesn't count towards idleness.
    const elapsed = held || this.#heldSince !== undefined ? 0 : now - this.#lastTick;
    this.#heldSince = held ? now : undefined;
    this.#lastTick = now;
    this.#watermarks.tick(elapsed);
  }

  get #output(): MainOutput {
    return (this.#main ??= new MainOutput(this.#outputs, () => this.#forSplit("")));
  }

  #forSplit(splitId: string): SplitOutput<unknown> {
    let output = this.#splits.get(splitId);
    if (output === undefined) {
      output = new SplitOutput(this.#outputs, this.#watermarks.add(), splitId);
      this.#splits.set(splitId, output);
    }
    output.watermarks.waiting = false;
    return output;
  }

  #releaseSplit(splitId: string): void {
    const output = this.#splits.get(splitId);
    if (output === undefined) return;
    this.#splits.delete(splitId);
    this.#watermarks.remove(output.watermarks);
  }

  /** A record that doesn't fit the declared type: for dead letters it is input that is no record. */
  #refused(error: unknown, value: unknown, splitId: string): void {
    const message = error instanceof Error ? error.message : preview(error);
    const record: MalformedRecord = { raw: preview(value), message, location: splitId, cause: error };
    this.#context.poison(error, record, NO_TIMESTAMP);
  }

  #malformed(record: MalformedRecord): void {
    const error = new MillraceError(
      "MALFORMED_RECORD",
      `${record.location}: ${record.message}; the input is ${JSON.stringify(record.raw)}`,
      {
        cause: record.cause,
        details: { location: record.location, raw: record.raw },
        help: 'Mend the input, or let the source go on with .onPoisonRecord("skip") or a dead-letter output.',
      },
    );
    this.#context.poison(error, record, NO_TIMESTAMP);
  }
}

/** The output that readers get first; becomes an output of its own split only when records are collected on it directly. */
class MainOutput implements ReaderOutput<unknown> {
  readonly #shared: SplitOutputs<unknown>;
  readonly #own: () => SplitOutput<unknown>;
  #output: SplitOutput<unknown> | undefined;

  constructor(shared: SplitOutputs<unknown>, own: () => SplitOutput<unknown>) {
    this.#shared = shared;
    this.#own = own;
  }

  get blocked(): boolean {
    return this.#shared.flow.blocked;
  }

  collect(value: unknown, timestamp?: number): void {
    this.#output ??= this.#own();
    this.#output.collect(value, timestamp);
  }

  forSplit(splitId: string): ReaderOutput<unknown> {
    return this.#shared.forSplit(splitId);
  }

  releaseSplit(splitId: string): void {
    this.#shared.releaseSplit(splitId);
  }

  malformed(record: MalformedRecord): void {
    this.#shared.malformed(record);
  }
}

/** Records of a declared type are checked as they are read, unless the source sees to that itself. */
function recordCheckOf({ source }: SourceSpec, { runtime }: OperatorContext): RecordCheck | undefined {
  if (source.type === undefined || source.checksRecords === true) return undefined;
  return createRecordCheck(source.type, `${runtime.jobName}/${runtime.operatorUid}/${runtime.subtaskIndex}`);
}

function noop(): void {}
