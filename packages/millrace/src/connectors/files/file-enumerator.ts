import type { ClockTimer } from "../../common/clock/clock.ts";
import type { SplitEnumerator, SplitEnumeratorContext } from "../../common/connector/source.ts";
import { sourceFailed } from "../base/source-errors.ts";
import { SplitQueue } from "../base/split-queue.ts";
import { compareText } from "../base/static-enumerator.ts";
import { cutFile, type CutOptions, type FileSplit } from "./file-split.ts";
import { listFiles, type FoundFile } from "./list-files.ts";

/** What a file enumerator keeps in a checkpoint. */
export interface FileEnumeratorState {
  /** Whether the files of a bounded source were listed. */
  readonly listed: boolean;
  readonly pending: readonly FileSplit[];
  /** The number of the next split. */
  readonly nextOrder: number;
  /** The files taken so far, when new ones are watched for. */
  readonly seen: readonly string[];
}

/** How files are found. */
export interface FileEnumeratorOptions extends CutOptions {
  /** For messages. */
  readonly connector: string;
  readonly paths: readonly string[];
  readonly recursive: boolean;
  /** Undefined for a bounded source. */
  readonly watch: FileWatch | undefined;
}

/** How new files are watched for. */
export interface FileWatch {
  /** Between two looks, ms. */
  readonly interval: number;
  /** A file is taken once its size and time of change have stood still for so long, ms. */
  readonly settle: number;
}

/** A file that may still be growing. */
interface Candidate {
  readonly file: FoundFile;
  readonly since: number;
}

/**
 * Lists files, once or again and again, and hands their splits out in order: by path in the first look of a bounded source,
 * by time of change and then path where new files are watched for.
 */
export class FileEnumerator implements SplitEnumerator<FileSplit, FileEnumeratorState> {
  readonly #context: SplitEnumeratorContext<FileSplit>;
  readonly #options: FileEnumeratorOptions;
  readonly #queue: SplitQueue<FileSplit>;
  readonly #restored: readonly FileSplit[];
  readonly #seen: Set<string>;
  readonly #candidates = new Map<string, Candidate>();
  #listed: boolean;
  #nextOrder: number;
  #timer: ClockTimer | undefined;
  #closed = false;

  constructor(
    context: SplitEnumeratorContext<FileSplit>,
    options: FileEnumeratorOptions,
    restored: FileEnumeratorState | undefined,
  ) {
    this.#context = context;
    this.#options = options;
    this.#queue = new SplitQueue(context, "next", (a, b) => a.order - b.order);
    this.#listed = restored?.listed ?? false;
    this.#restored = restored?.pending ?? [];
    this.#nextOrder = restored?.nextOrder ?? 0;
    this.#seen = new Set(restored?.seen);
  }

  start(): void {
    this.#queue.add(this.#restored);
    if (this.#listed) this.#queue.close();
    else void this.#look();
  }

  addReader(subtask: number): void {
    this.#queue.forget(subtask);
  }

  handleSplitRequest(subtask: number): void {
    this.#queue.request(subtask);
  }

  addSplitsBack(splits: readonly FileSplit[], subtask: number): void {
    this.#queue.forget(subtask);
    this.#queue.add(splits);
  }

  snapshotState(_checkpointId: number): FileEnumeratorState {
    return {
      listed: this.#listed,
      pending: [...this.#queue.pending],
      nextOrder: this.#nextOrder,
      seen: [...this.#seen],
    };
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  /** One look; never rejects. */
  async #look(): Promise<void> {
    const { connector, paths, recursive, watch } = this.#options;
    try {
      const files = await listFiles(paths, { connector, recursive, mustMatch: watch === undefined });
      if (this.#closed) return;
      if (watch === undefined) {
        this.#take(files);
        this.#listed = true;
        this.#queue.close();
      } else {
        this.#take(this.#settled(files, watch.settle));
        this.#timer = this.#context.clock.schedule(watch.interval, () => void this.#look());
      }
    } catch (error) {
      if (!this.#closed) this.#context.fail(sourceFailed(connector, paths.join(", "), error));
    }
  }

  #take(files: readonly FoundFile[]): void {
    const splits: FileSplit[] = [];
    for (const file of files) {
      if (this.#options.watch !== undefined) this.#seen.add(file.path);
      const cut = cutFile(file, this.#options, this.#nextOrder);
      this.#nextOrder += cut.length;
      splits.push(...cut);
    }
    this.#queue.add(splits);
  }

  /** The new files that have stood still for long enough, oldest first. */
  #settled(files: readonly FoundFile[], settle: number): readonly FoundFile[] {
    const now = this.#context.clock.monotonic();
    const settled: FoundFile[] = [];
    for (const file of files) {
      if (this.#seen.has(file.path)) continue;
      const before = this.#candidates.get(file.path);
      const still = before?.file.size === file.size && before.file.modified === file.modified;
      const since = still ? before.since : now;
      if (now - since >= settle) {
        this.#candidates.delete(file.path);
        settled.push(file);
      } else {
        this.#candidates.set(file.path, { file, since });
      }
    }
    return settled.sort((a, b) => a.modified - b.modified || compareText(a.path, b.path));
  }
}
