import { randomBytes as systemRandomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { JobId } from "../../../common/ids/ids.ts";
import type { CheckpointLocation } from "../../../protocol/control/snapshots.ts";
import type { CheckpointMetadata } from "../format/checkpoint-metadata.ts";
import { encodeMetadata } from "../format/checkpoint-metadata-codec.ts";
import { stateBytesOf, stateFilesOf, type StateHolder } from "../format/map-state-bytes.ts";
import type { CheckpointStore, CompletedCheckpoint } from "./checkpoint-store.ts";
import { FileCounts } from "./file-counts.ts";
import type { FileSystem } from "./file-system.ts";
import { absoluteFolder, ensureFolder, removeIfEmpty, removeQuietly } from "./folders.ts";
import { gatherFiles, type Gathered } from "./gather-files.ts";
import { METADATA_FILE } from "./load-checkpoint.ts";
import { nodeFileSystem } from "./node-file-system.ts";
import { openStateFile } from "./open-state-file.ts";
import { removeOrphansOf } from "./remove-orphans.ts";
import { ownFilesOf, removeRecorded } from "./remove-recorded.ts";
import { storageProblem } from "./storage-problem.ts";
import { hexDigits, uniqueName } from "./unique-name.ts";
import { writeMetadata } from "./write-metadata.ts";

/** Where a job's checkpoints and savepoints go. */
export interface CheckpointStoreOptions {
  /** Folder of checkpoints, a path or a file: URL; undefined: they are kept in memory. */
  readonly directory: string | undefined;
  /** Folder of savepoints that are taken without one; undefined: those are kept in memory. */
  readonly savepointDirectory: string | undefined;
  /** Bytes up to which state stands in `_metadata` instead of in a file of its own. */
  readonly inlineThreshold: number;
  /** The machine's, unless given. */
  readonly fileSystem?: FileSystem;
  /** Bytes that nobody else gets; the machine's, unless given. */
  readonly randomBytes?: (count: number) => Uint8Array;
}

/**
 * Makes the store of one job's checkpoints, in a folder or in memory.
 *
 * @example
 * ```ts
 * const store = createCheckpointStore({ directory: "/checkpoints", savepointDirectory: undefined, inlineThreshold: 20_480 });
 * await store.open(jobId);
 * const completed = await store.record(metadata, store.location);
 * ```
 */
export function createCheckpointStore(options: CheckpointStoreOptions): CheckpointStore {
  return new Store(options);
}

class Store implements CheckpointStore {
  readonly #fileSystem: FileSystem;
  readonly #randomBytes: (count: number) => Uint8Array;
  readonly #directory: string | undefined;
  readonly #savepointDirectory: string | undefined;
  readonly #inlineThreshold: number;
  #jobId: JobId | undefined;
  /** Recorded or claimed, by folder. */
  readonly #owned = new Map<string, CompletedCheckpoint>();
  readonly #counts = new FileCounts();
  /** Folders of savepoints that are not recorded yet. */
  readonly #prepared = new Set<string>();
  /** Files of others of which a checkpoint names a copy. */
  readonly #copies = new Map<string, string>();

  constructor(options: CheckpointStoreOptions) {
    const { directory, savepointDirectory } = options;
    this.#fileSystem = options.fileSystem ?? nodeFileSystem;
    this.#randomBytes = options.randomBytes ?? systemRandomBytes;
    this.#directory = directory === undefined ? undefined : absoluteFolder(directory);
    this.#savepointDirectory = savepointDirectory;
    this.#inlineThreshold = options.inlineThreshold;
  }

  get location(): CheckpointLocation {
    return { directory: this.#shared, inlineThreshold: this.#inlineThreshold };
  }

  async open(jobId: JobId): Promise<void> {
    this.#jobId = jobId;
    const shared = this.#shared;
    if (shared === undefined) return;
    await ensureFolder(this.#fileSystem, shared);
    await this.#probe(shared);
  }

  async prepareSavepoint(target: string | undefined): Promise<CheckpointLocation> {
    const inlineThreshold = this.#inlineThreshold;
    const named = target ?? this.#savepointDirectory;
    if (named === undefined) return { directory: undefined, inlineThreshold };
    const name = `savepoint-${this.#job.slice(0, 6)}-${hexDigits(this.#randomBytes(6))}`;
    const directory = join(absoluteFolder(named), name);
    await ensureFolder(this.#fileSystem, directory);
    this.#prepared.add(directory);
    await this.#probe(directory);
    return { directory, inlineThreshold };
  }

  async record(metadata: CheckpointMetadata, location: CheckpointLocation): Promise<CompletedCheckpoint> {
    const savepoint = metadata.kind === "savepoint";
    const stateFolder = savepoint ? location.directory : this.#shared;
    const gathered = await this.#gather(metadata, stateFolder, savepoint);
    if (stateFolder === undefined) return { metadata: gathered.metadata, path: undefined };
    const path = savepoint ? stateFolder : join(dirname(stateFolder), `chk-${metadata.checkpointId}`);
    const completed = { metadata: gathered.metadata, path };
    this.#checkFiles(gathered.metadata);
    const outcome = await writeMetadata(
      this.#fileSystem,
      path,
      encodeMetadata(gathered.metadata, path),
      `${METADATA_FILE}.${hexDigits(this.#randomBytes(6))}.tmp`,
    );
    if (outcome.kind === "none") {
      for (const copy of gathered.copies.values()) await removeQuietly(this.#fileSystem, copy);
      throw outcome.error;
    }
    this.#prepared.delete(path);
    if (!savepoint) this.#retain(completed, path, gathered.copies);
    // It may be found there, so all that it names is kept for good.
    if (outcome.kind === "doubtful") throw outcome.error;
    return completed;
  }

  claim(checkpoint: CompletedCheckpoint): void {
    if (checkpoint.path !== undefined) this.#retain(checkpoint, checkpoint.path, new Map());
  }

  async discard({ path }: CompletedCheckpoint): Promise<Error | undefined> {
    const checkpoint = path === undefined ? undefined : this.#owned.get(path);
    // One in memory, or one that the job does not own.
    if (path === undefined || checkpoint === undefined) return undefined;
    const own = new Set(await this.#removable(checkpoint, path));
    return removeRecorded(this.#fileSystem, path, () => {
      this.#owned.delete(path);
      return this.#counts.release(stateFilesOf(checkpoint.metadata)).filter((file) => own.has(file));
    });
  }

  async discardUnrecorded(metadata: StateHolder): Promise<void> {
    const savepoints = new Set<string>();
    for (const path of stateFilesOf(metadata)) {
      const folder = dirname(path);
      const prepared = this.#prepared.has(folder);
      if (prepared) savepoints.add(folder);
      if ((prepared || folder === this.#shared) && !this.#counts.has(path))
        await removeQuietly(this.#fileSystem, path);
    }
    // Another savepoint's, in which nothing stands yet, is about to be written to.
    for (const folder of savepoints) await removeIfEmpty(this.#fileSystem, folder);
  }

  async removeOrphans(): Promise<void> {
    const shared = this.#shared;
    if (shared !== undefined)
      await removeOrphansOf(this.#fileSystem, dirname(shared), shared, (path) => this.#counts.has(path));
  }

  async close(): Promise<void> {
    for (const folder of this.#prepared) await removeIfEmpty(this.#fileSystem, folder);
    const shared = this.#shared;
    if (shared === undefined) return;
    await removeIfEmpty(this.#fileSystem, shared);
    await removeIfEmpty(this.#fileSystem, dirname(shared));
  }

  get #job(): JobId {
    if (this.#jobId === undefined)
      throw new MillraceError("INTERNAL", "a store of checkpoints is used before it was opened");
    return this.#jobId;
  }

  /** Where the files of checkpoints stand. */
  get #shared(): string | undefined {
    return this.#directory === undefined ? undefined : join(this.#directory, this.#job, "shared");
  }

  /** Sees that files can be made in a folder. */
  async #probe(folder: string): Promise<void> {
    const path = join(folder, uniqueName("probe", this.#randomBytes));
    try {
      const file = await this.#fileSystem.create(path);
      await file.close();
      await this.#fileSystem.remove(path);
    } catch (error) {
      throw storageProblem("write to", folder, error);
    }
  }

  /**
   * Sees that files which no recorded checkpoint names are there. Late snapshots may build on a checkpoint that was discarded meanwhile:
   * better no checkpoint than one that can't be restored.
   */
  #checkFiles(metadata: CheckpointMetadata): void {
    for (const bytes of stateBytesOf(metadata)) {
      if (bytes.kind === "file" && !this.#counts.has(bytes.path))
        openStateFile(this.#fileSystem, bytes).close();
    }
  }

  #gather(metadata: CheckpointMetadata, folder: string | undefined, savepoint: boolean): Promise<Gathered> {
    const target = {
      folder,
      // A savepoint is to be whole by itself, and what is in memory, too; a checkpoint names what the job owns.
      stays: (path: string) =>
        folder !== undefined && (dirname(path) === folder || (!savepoint && this.#counts.has(path))),
      copyOf: (path: string) => {
        const copy = savepoint ? undefined : this.#copies.get(path);
        return copy !== undefined && this.#counts.has(copy) ? copy : undefined;
      },
    };
    return gatherFiles(this.#fileSystem, metadata, target, this.#randomBytes);
  }

  #retain(checkpoint: CompletedCheckpoint, path: string, copies: ReadonlyMap<string, string>): void {
    this.#owned.set(path, checkpoint);
    this.#counts.retain(stateFilesOf(checkpoint.metadata));
    for (const [file, copy] of copies) this.#copies.set(file, copy);
  }

  /** What may go with a checkpoint. Of one that was claimed, others may be left of which this store knows nothing. */
  async #removable(checkpoint: CompletedCheckpoint, path: string): Promise<readonly string[]> {
    const shared = this.#shared;
    const files = [...stateFilesOf(checkpoint.metadata)];
    if (files.every((file) => dirname(file) === shared)) return files;
    return ownFilesOf(this.#fileSystem, checkpoint, path);
  }
}
