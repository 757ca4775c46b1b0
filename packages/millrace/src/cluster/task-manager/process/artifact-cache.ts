import { createHash } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { ArtifactReference } from "../../../protocol/cluster/resource-messages.ts";
import { removeJobFolder } from "../../artifact/job-folder.ts";
import type { Log } from "../../logging/log.ts";

/** What a cache is made of. */
export interface ArtifactCacheOptions {
  /** Its own, and empty; removed at the end. */
  readonly folder: string;
  /** Bytes of artifacts that nobody uses, at most. */
  readonly maxIdleBytes: number;
  readonly log: Log;
  /** Brings an artifact into the folder and answers its path. */
  readonly fetch: (artifact: ArtifactReference, folder: string, signal: AbortSignal) => Promise<string>;
}

/** An artifact that is in use. */
export interface UsedArtifact {
  /** Of the file. */
  readonly url: string;
  /** It is not used any more; once. */
  release(): void;
}

interface Entry {
  readonly sha256: string;
  readonly bytes: number;
  readonly path: Promise<string>;
  readonly abort: AbortController;
  users: number;
}

/**
 * Artifacts on this machine: each is fetched once, whoever needs it at the same time, and stays while it is used and there is room. What is
 * there is checked each time before it is given out: disks err, and people tidy up folders for temporary files.
 */
export class ArtifactCache {
  readonly #options: ArtifactCacheOptions;
  /** The one that was unused for longest comes first among the unused. */
  readonly #entries = new Map<string, Entry>();
  /** Files that are being removed, by hash: who fetches such a one again waits for it. */
  readonly #removals = new Map<string, Promise<void>>();
  #closed = false;

  constructor(options: ArtifactCacheOptions) {
    this.#options = options;
  }

  /** @throws as `fetch`; what has failed is fetched again by who asks next. INVALID_ARGUMENT for what is no hash */
  async use(artifact: ArtifactReference): Promise<UsedArtifact> {
    if (!/^[0-9a-f]{64}$/u.test(artifact.sha256) || !Number.isSafeInteger(artifact.bytes))
      throw new MillraceError(
        "INVALID_ARGUMENT",
        `expected an artifact by SHA-256 and size, got ${artifact.sha256}`,
      );
    for (;;) {
      const known = this.#entries.get(artifact.sha256);
      const entry = known ?? this.#begin(artifact);
      entry.users++;
      try {
        const path = await entry.path;
        if (known === undefined || (await isWhole(path, artifact.sha256))) return this.#used(entry, path);
      } catch (error) {
        this.#drop(entry);
        throw error;
      }
      if (this.#drop(entry))
        this.#options.log("warn", `artifact ${artifact.sha256} is damaged on this disk: it is fetched again`);
    }
  }

  /** Gives up what is being fetched, and removes everything. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { abort } of this.#entries.values()) abort.abort();
    await Promise.allSettled([...this.#entries.values()].map(({ path }) => path));
    await Promise.all(this.#removals.values());
    await removeJobFolder(this.#options.folder);
  }

  #used(entry: Entry, path: string): UsedArtifact {
    let used = true;
    return {
      url: pathToFileURL(path).href,
      release: () => {
        if (used) this.#release(entry);
        used = false;
      },
    };
  }

  /** Nobody is given it any more; whether it was this call that did so. */
  #drop(entry: Entry): boolean {
    entry.users--;
    if (this.#entries.get(entry.sha256) !== entry) return false;
    return this.#entries.delete(entry.sha256);
  }

  #begin(artifact: ArtifactReference): Entry {
    const { folder, fetch, log } = this.#options;
    const abort = new AbortController();
    const run = async (): Promise<string> => {
      if (this.#closed) throw new MillraceError("CONNECTION_LOST", "the TaskManager ends");
      await this.#removals.get(artifact.sha256);
      // Who tidies up folders for temporary files takes it along.
      await mkdir(folder, { recursive: true });
      const path = await fetch(artifact, folder, abort.signal);
      log("info", `fetched artifact ${artifact.sha256}, ${artifact.bytes} bytes`);
      return path;
    };
    const entry = { sha256: artifact.sha256, bytes: artifact.bytes, path: run(), abort, users: 0 };
    this.#entries.set(artifact.sha256, entry);
    return entry;
  }

  #release(entry: Entry): void {
    entry.users--;
    // One that was damaged has another in its place.
    if (entry.users > 0 || this.#closed || this.#entries.get(entry.sha256) !== entry) return;
    this.#entries.delete(entry.sha256);
    this.#entries.set(entry.sha256, entry);
    const idle = [...this.#entries.values()].filter(({ users }) => users === 0);
    let bytes = idle.reduce((sum, each) => sum + each.bytes, 0);
    for (const oldest of idle) {
      if (bytes <= this.#options.maxIdleBytes) return;
      bytes -= oldest.bytes;
      this.#entries.delete(oldest.sha256);
      const removal = this.#remove(oldest).then(() => void this.#removals.delete(oldest.sha256));
      this.#removals.set(oldest.sha256, removal);
    }
  }

  async #remove({ path, sha256 }: Entry): Promise<void> {
    try {
      await rm(await path, { force: true });
      this.#options.log("debug", `removed artifact ${sha256}`);
    } catch (error) {
      this.#options.log("warn", `artifact ${sha256} can't be removed`, error);
    }
  }
}

async function isWhole(path: string, sha256: string): Promise<boolean> {
  try {
    return (
      createHash("sha256")
        .update(await readFile(path))
        .digest("hex") === sha256
    );
  } catch {
    // It has gone, or can't be read.
    return false;
  }
}
