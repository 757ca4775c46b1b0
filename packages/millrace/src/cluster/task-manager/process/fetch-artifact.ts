import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { get } from "node:http";
import type { IncomingMessage } from "node:http";
import { get as getTls } from "node:https";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { ArtifactReference } from "../../../protocol/cluster/resource-messages.ts";
import { bearerHeader } from "../../transport/bearer-token.ts";
import type { JobManagerAddress } from "../../transport/connect-to-job-manager.ts";
import { endpoint } from "../../transport/endpoint.ts";

/** ms without a byte. */
const TIMEOUT = 30_000;

/**
 * Downloads an artifact from the JobManager (`GET /artifacts/<sha256>` on its control port), checks it, and gives it its name in the
 * folder only then: a file with such a name is whole.
 *
 * @returns its path
 * @throws NOT_FOUND when the JobManager does not have it, CONNECTION_LOST, SLOT_LOST when it can't be kept on this disk, PROTOCOL_VIOLATION for
 *   other bytes than those asked for
 */
export async function fetchArtifact(
  from: JobManagerAddress,
  { sha256, bytes }: Pick<ArtifactReference, "sha256" | "bytes">,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  const path = join(folder, `${sha256}.mjs`);
  const partial = `${path}.part`;
  const url = `${from.tls === undefined ? "http" : "https"}://${endpoint(from.host, from.port)}/artifacts/${sha256}`;
  try {
    const response = await request(url, from, signal);
    const hash = createHash("sha256");
    let received = 0;
    const check = new Transform({
      transform(chunk: Uint8Array, _, done) {
        received += chunk.length;
        hash.update(chunk);
        done(received > bytes ? otherBytes(url, `more than ${bytes} bytes`) : null, chunk);
      },
    });
    await pipeline(response, check, createWriteStream(partial), { signal });
    const digest = hash.digest("hex");
    if (digest !== sha256) throw otherBytes(url, `${received} bytes with the hash ${digest}`);
    await rename(partial, path);
    return path;
  } catch (error) {
    // What can't be written can't be removed, perhaps, which is no news.
    await rm(partial, { force: true }).catch(() => {});
    if (MillraceError.is(error)) throw error;
    if (isOfDisk(error)) throw notKept(folder, error);
    throw new MillraceError(
      "CONNECTION_LOST",
      `the artifact ${url} can't be fetched: ${(error as Error).message}`,
      {
        cause: error,
        retryable: true,
      },
    );
  }
}

async function request(
  url: string,
  { tls, token }: JobManagerAddress,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const options = { ...tls, headers: bearerHeader(token), signal, timeout: TIMEOUT, agent: false as const };
  const started = tls === undefined ? get(url, options) : getTls(url, options);
  started.on("error", reject);
  started.on("timeout", () => started.destroy(new Error(`nothing came for ${TIMEOUT} ms`)));
  started.on("response", resolve);
  const response = await promise;
  if (response.statusCode === 200) return response;
  response.destroy();
  throw new MillraceError(
    response.statusCode === 404 ? "NOT_FOUND" : "CONNECTION_LOST",
    `expected the artifact at ${url}, got status ${response.statusCode}`,
    { retryable: response.statusCode !== 404 },
  );
}

/** What writing to a disk fails of, and connections don't. */
const DISK_ERRORS: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EROFS", "EIO", "ENOENT", "ENOTDIR"]);
const isOfDisk = (error: unknown): error is NodeJS.ErrnoException =>
  DISK_ERRORS.has((error as NodeJS.ErrnoException).code);

const notKept = (folder: string, cause: NodeJS.ErrnoException): MillraceError =>
  new MillraceError("SLOT_LOST", `the job's artifact can't be written to ${folder}: ${cause.message}`, {
    cause,
    retryable: true,
    help: "Make room on that disk, or name another folder by io.tmp.dirs of the TaskManager.",
  });

const otherBytes = (url: string, got: string): MillraceError =>
  new MillraceError("PROTOCOL_VIOLATION", `expected the artifact that ${url} names, got ${got}`, {
    retryable: true,
  });
