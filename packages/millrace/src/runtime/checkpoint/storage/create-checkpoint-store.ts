import { randomBytes as systemRandomBytes } from "node:crypto";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { JobId } from "../../../common/ids/ids.ts";
import type { CheckpointLocation } from "../../../protocol/control/snapshots.ts";
import type { CheckpointMetadata } from "../format/checkpoint-metadata.ts";
import { encodeMetadata } from "../format/checkpoint-metadata-codec.ts";
import { stateBytesOf, stateFilesOf, type StateHolder } from "../format/map-state-bytes.ts";
import type { CheckpointStore, CompletedCheckpoint } from "./checkpoint-store.ts";
import { FileCounts } from "./file-counts.ts";
import type { FileSystem } from "./file-system.ts";
import type { OwnerLeader, OwnerProcess } from "./folder-owner.ts";
import { FolderOwnership, type OwnershipOptions } from "./folder-ownership.ts";
import { absoluteFolder, ensureFolder, removeIfEmpty, removeQuietly } from "./folders.ts";
import { gatherFiles, type Gathered } from "./gather-files.ts";
import { checkpointFolder, checkpointsIn, loadCheckpoint, METADATA_FILE } from "./load-checkpoint.ts";
import { newerBeside } from "./newer-beside.ts";
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
  /** Who writes: told to those that it replaces, and that replace it. This process, unless given. */
  readonly process?: OwnerProcess;
  /** For whom the job runs, in a cluster: what a later leader has is not taken from it. */
  readonly leader?: OwnerLeader | undefined;
}

/** This process, for others. */
const thisProcess = (): OwnerProcess => ({
  host: hostname(),
  pid: process.pid,
  startedAt: Math.round(performance.timeOrigin),
});

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
  readonly #process: OwnerProcess;
  readonly #leader: OwnerLeader | undefined;
  /** Folders that this store has taken, by path: the job's own, and those of what it claimed. */
  readonly #folders = new Map<string, FolderOwnership>();
  #epoch = 0;
  /** What was found out once stays. */
  #fenced: MillraceError | undefined;

  constructor(options: CheckpointStoreOptions) {
    const { directory, savepointDirectory } = options;
    this.#fileSystem = options.fileSystem ?? nodeFileSystem;
    this.#randomBytes = options.randomBytes ?? systemRandomBytes;
    this.#directory = directory === undefined ? undefined : absoluteFolder(directory);
    this.#savepointDirectory = savepointDirectory;
    this.#inlineThreshold = options.inlineThreshold;
    this.#process = options.process ?? thisProcess();
    this.#leader = options.leader;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get location(): CheckpointLocation {
    return { directory: this.#shared, inlineThreshold: this.#inlineThreshold };
  }

  async open(jobId: JobId, again = false): Promise<void> {
    this.#jobId = jobId;
    const shared = this.#shared;
    if (shared === undefined) return;
    await ensureFolder(this.#fileSystem, shared);
    await this.#probe(shared);
    // Last: whoever can't work here leaves the owner in peace.
    this.#epoch = (await this.#take(dirname(shared), again)).epoch;
  }

  async checkOwner(): Promise<void> {
    if (this.#fenced !== undefined) throw this.#fenced;
    try {
      for (const folder of this.#folders.values()) await folder.check();
    } catch (error) {
      if (MillraceError.is(error, "FENCED")) this.#fenced = error;
      throw error;
    }
  }

  async completed(): Promise<readonly CompletedCheckpoint[]> {
    const found: CompletedCheckpoint[] = [];
    for (const folder of await this.#completedFolders()) {
      try {
        found.push(await loadCheckpoint(folder, this.#fileSystem));
      } catch (error) {
        // A former owner was about to remove it, because a newer one is there.
        if (!MillraceError.is(error, "SAVEPOINT_NOT_FOUND")) throw error;
      }
    }
    return found;
  }

  async newest(): Promise<CompletedCheckpoint | undefined> {
    const folder = (await this.#completedFolders()).at(-1);
    if (folder === undefined) return undefined;
    try {
      return await loadCheckpoint(folder, this.#fileSystem);
    } catch (error) {
      // Only a successor removes the newest, once it has a newer one.
      await this.checkOwner();
      throw error;
    }
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
    // Whoever was replaced long ago writes nothing at all.
    await this.checkOwner();
    const savepoint = metadata.kind === "savepoint";
    const stateFolder = savepoint ? location.directory : this.#shared;
    const gathered = await this.#gather(metadata, stateFolder, savepoint);
    if (stateFolder === undefined) {
      await this.checkOwner();
      return { metadata: gathered.metadata, path: undefined };
    }
    const id = metadata.checkpointId;
    const path = savepoint ? stateFolder : join(dirname(stateFolder), checkpointFolder(id, this.#epoch));
    const written = savepoint ? gathered.metadata : { ...gathered.metadata, epoch: this.#epoch };
    const completed = { metadata: written, path };
    this.#checkFiles(written);
    const outcome = await writeMetadata(
      this.#fileSystem,
      path,
      encodeMetadata(written, path),
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
    // From here on a successor finds it; if there is one already, it may have looked before.
    await this.checkOwner();
    return completed;
  }

  async claim(checkpoint: CompletedCheckpoint): Promise<string | undefined> {
    const { path } = checkpoint;
    if (path === undefined) return undefined;
    const homes = homesOf(checkpoint, path);
    for (const folder of homes) await this.#take(folder);
    try {
      // Until now its owner may have removed it.
      await loadCheckpoint(path, this.#fileSystem);
    } catch (error) {
      await this.checkOwner();
      for (const folder of homes) if (folder !== this.#jobFolder) await this.#leave(folder);
      throw error;
    }
    this.#retain(checkpoint, path, new Map());
    return newerBeside(checkpoint, this.#fileSystem, this.#folders.get(dirname(path))?.earlier);
  }

  async discard({ path }: CompletedCheckpoint): Promise<Error | undefined> {
    const checkpoint = path === undefined ? undefined : this.#owned.get(path);
    // One in memory, or one that the job does not own.
    if (path === undefined || checkpoint === undefined) return undefined;
    try {
      await this.checkOwner();
    } catch (error) {
      return error as Error;
    }
    const own = new Set(await this.#removable(checkpoint, path));
    const release = (): readonly string[] => {
      this.#owned.delete(path);
      return this.#counts.release(stateFilesOf(checkpoint.metadata)).filter((file) => own.has(file));
    };
    const failure = await removeRecorded(this.#fileSystem, path, release, this.#shared);
    for (const folder of homesOf(checkpoint, path)) if (folder !== this.#jobFolder) await this.#leave(folder);
    return failure;
  }

  async discardUnrecorded(metadata: StateHolder): Promise<void> {
    if (!(await this.#owns())) return;
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
      await removeOrphansOf(this.#fileSystem, dirname(shared), shared, {
        epoch: this.#epoch,
        keeps: (path) => this.#counts.has(path),
        mayRemove: () => this.#owns(),
      });
  }

  async close(): Promise<void> {
    if (!(await this.#owns())) return;
    for (const folder of this.#prepared) await removeIfEmpty(this.#fileSystem, folder);
    for (const folder of this.#folders.keys()) await this.#leave(folder);
  }

  get #job(): JobId {
    if (this.#jobId === undefined)
      throw new MillraceError("INTERNAL", "a store of checkpoints is used before it was opened");
    return this.#jobId;
  }

  /** The job's own folder. */
  get #jobFolder(): string | undefined {
    return this.#directory === undefined ? undefined : join(this.#directory, this.#job);
  }

  /** Where the files of checkpoints stand. */
  get #shared(): string | undefined {
    const folder = this.#jobFolder;
    return folder === undefined ? undefined : join(folder, "shared");
  }

  /** The folders of the job's completed checkpoints, the newest last. */
  async #completedFolders(): Promise<readonly string[]> {
    const folder = this.#jobFolder;
    return folder === undefined ? [] : checkpointsIn(this.#fileSystem, folder);
  }

  /** Takes a folder, unless it is this store's. */
  async #take(folder: string, again = false): Promise<FolderOwnership> {
    const known = this.#folders.get(folder);
    if (known !== undefined) return known;
    const options: OwnershipOptions = {
      fileSystem: this.#fileSystem,
      randomBytes: this.#randomBytes,
      process: this.#process,
      job: this.#job,
      again,
      leader: this.#leader,
    };
    const taken = await FolderOwnership.take(folder, options);
    this.#folders.set(folder, taken);
    return taken;
  }

  async #leave(folder: string): Promise<void> {
    const gone = await this.#folders.get(folder)?.leaveIfEmpty();
    if (gone === true) this.#folders.delete(folder);
  }

  /** Whether anything may be removed. Where that can't be found out, nothing may. */
  async #owns(): Promise<boolean> {
    try {
      await this.checkOwner();
      return true;
    } catch {
      return false;
    }
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

/** The folders in which a checkpoint stands: that of its job, or a savepoint's own; and those of its files. */
function homesOf(checkpoint: CompletedCheckpoint, path: string): readonly string[] {
  const files = [...stateFilesOf(checkpoint.metadata)].map((file) => dirname(file));
  const folders = files.map((folder) => (basename(folder) === "shared" ? dirname(folder) : folder));
  return [...new Set([checkpoint.metadata.kind === "savepoint" ? path : dirname(path), ...folders])].sort();
}
