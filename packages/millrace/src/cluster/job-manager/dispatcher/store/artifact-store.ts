import { createHash } from "node:crypto";
import { pathToFileURL } from "node:url";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import {
  MAX_ARTIFACT_HEADER_BYTES,
  readArtifactHeader,
} from "../../../../protocol/cluster/artifact-header.ts";
import type { ArtifactReference } from "../../../../protocol/cluster/resource-messages.ts";
import type { ArtifactView } from "../dispatcher-gateway.ts";
import type { EpochFolder } from "./epoch-folder.ts";

/** An uploaded artifact, as its own file in the folder has it. */
interface Entry extends ArtifactView {
  readonly originalUrl: string;
}

/** Ids are part of URLs and names of files. */
const UNFIT = /[^\w.-]+/gu;
const MAX_NAME = 100;

/**
 * Jobs' programs by the SHA-256 of their bytes: `<sha256>.mjs`, and what is known of each upload, `<sha256>_<name>.json`. Bytes stay as long as
 * an upload lists them or a job uses them.
 */
export class ArtifactStore {
  readonly #folder: EpochFolder;
  readonly #engineVersion: string;
  readonly #entries = new Map<string, Entry>();
  /** How many jobs use the bytes. */
  readonly #uses = new Map<string, number>();
  /** Uploads and removals one after the other: no removal may take bytes that an upload has just found. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param folder taken over already */
  constructor(folder: EpochFolder, engineVersion: string) {
    this.#folder = folder;
    this.#engineVersion = engineVersion;
    for (const name of folder.names.filter((each) => each.endsWith(".json"))) {
      const entry = JSON.parse(Buffer.from(folder.read(name)).toString()) as Entry;
      this.#entries.set(entry.id, entry);
    }
  }

  /** In the order in which they were uploaded. */
  get all(): readonly ArtifactView[] {
    return [...this.#entries.values()].sort((a, b) => a.uploadedAt - b.uploadedAt).map(viewOf);
  }

  /** @throws JOB_MODULE_INVALID, VERSION_MISMATCH, FENCED, CHECKPOINT_STORAGE_FAILED */
  add(bytes: Uint8Array, name: string, uploadedAt: number): Promise<ArtifactView> {
    return this.#inTurn(async () => {
      const header = readArtifactHeader(bytes.subarray(0, MAX_ARTIFACT_HEADER_BYTES));
      if (header.engineVersion !== this.#engineVersion) {
        throw new MillraceError(
          "VERSION_MISMATCH",
          `the artifact was made by ${header.engineVersion}, the cluster runs ${this.#engineVersion}`,
          { help: "Use the client of the cluster's version, or upgrade the cluster." },
        );
      }
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      const fit = name.replaceAll(UNFIT, "_").slice(-MAX_NAME);
      const id = `${sha256}_${fit === "" ? "job.mjs" : fit}`;
      const entry: Entry = {
        id,
        name: fit === "" ? "job.mjs" : fit,
        sha256,
        bytes: bytes.length,
        uploadedAt,
        jobName: header.jobName,
        description: header.description,
        originalUrl: header.originalUrl,
      };
      if (!this.#folder.names.includes(fileOf(sha256))) await this.#folder.write(fileOf(sha256), bytes);
      await this.#folder.write(`${id}.json`, Buffer.from(JSON.stringify(entry)));
      this.#entries.set(id, entry);
      return viewOf(entry);
    });
  }

  /** @throws NOT_FOUND */
  reference(id: string): ArtifactReference {
    const { sha256, bytes, originalUrl } = this.#entry(id);
    return { sha256, bytes, originalUrl };
  }

  /** @throws NOT_FOUND, FENCED, CHECKPOINT_STORAGE_FAILED */
  remove(id: string): Promise<void> {
    return this.#inTurn(async () => {
      const { sha256 } = this.#entry(id);
      await this.#folder.remove(`${id}.json`);
      this.#entries.delete(id);
      await this.#sweep(sha256);
    });
  }

  /** Keeps an artifact's bytes until `release`, once for each call. */
  use(sha256: string): void {
    this.#uses.set(sha256, (this.#uses.get(sha256) ?? 0) + 1);
  }

  /** @throws FENCED, CHECKPOINT_STORAGE_FAILED */
  release(sha256: string): Promise<void> {
    const uses = (this.#uses.get(sha256) ?? 0) - 1;
    if (uses > 0) this.#uses.set(sha256, uses);
    else this.#uses.delete(sha256);
    return this.#inTurn(() => this.#sweep(sha256));
  }

  /** Removes all bytes that nobody lists nor uses: those of jobs whose JobManager died before it had let go of them. @throws FENCED, CHECKPOINT_STORAGE_FAILED */
  sweep(): Promise<void> {
    return this.#inTurn(async () => {
      for (const name of this.#folder.names)
        if (name.endsWith(MODULE)) await this.#sweep(name.slice(0, -MODULE.length));
    });
  }

  /** Where an artifact's bytes are; undefined: nowhere. */
  path(sha256: string): string | undefined {
    return this.#folder.names.includes(fileOf(sha256)) ? this.#folder.path(fileOf(sha256)) : undefined;
  }

  /** The module to import. @throws NOT_FOUND */
  url(sha256: string): string {
    const path = this.path(sha256);
    if (path === undefined) throw new MillraceError("NOT_FOUND", `no artifact has the SHA-256 ${sha256}`);
    return pathToFileURL(path).href;
  }

  /** Removes bytes that nobody lists nor uses. */
  async #sweep(sha256: string): Promise<void> {
    if (this.#uses.has(sha256) || [...this.#entries.values()].some((each) => each.sha256 === sha256)) return;
    await this.#folder.remove(fileOf(sha256));
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry === undefined) {
      throw new MillraceError("NOT_FOUND", `no artifact ${id} was uploaded`, {
        help: "GET /jars lists those that there are.",
      });
    }
    return entry;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }
}

/** Without what is nobody else's business. */
const viewOf = ({ originalUrl: _originalUrl, ...view }: Entry): ArtifactView => view;

const MODULE = ".mjs";
const fileOf = (sha256: string): string => `${sha256}${MODULE}`;
