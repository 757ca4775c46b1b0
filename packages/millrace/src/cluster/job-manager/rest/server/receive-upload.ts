import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { FastifyRequest } from "fastify";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { RestSettings } from "../rest-settings.ts";
import { Refusal } from "./error-answers.ts";

/** An artifact that has arrived. */
export interface ReceivedUpload {
  /** A file of its own, which may be moved. */
  readonly path: string;
  /** What it was called, of harmless characters. */
  readonly name: string;
  /** Removes the file, if it is still there. */
  discard(): Promise<void>;
}

/** The name of the part that holds the file. */
const PART = "jarfile";
/** What the parts' headers may take beside the file. */
const OVERHEAD = 64 * 1024;

/**
 * Takes the file of a multipart request to disk as it comes. Nothing is left of one that is refused or breaks off.
 *
 * @throws INVALID_ARGUMENT for another form; a refusal of 413 for what is too large, 415 for what is no form, 408 for what takes too long
 */
export async function receiveUpload(
  request: FastifyRequest,
  { uploadDirectory, maxContentLength, uploadTimeout, clock }: RestSettings,
): Promise<ReceivedUpload> {
  if (!/^multipart\/form-data\s*;/iu.test(request.headers["content-type"] ?? "")) {
    throw new Refusal(
      415,
      "INVALID_ARGUMENT",
      `an upload is multipart/form-data with one file, the part ${PART}`,
    );
  }
  if (Number(request.headers["content-length"] ?? 0) > maxContentLength + OVERHEAD)
    throw tooLarge(maxContentLength);
  await mkdir(uploadDirectory, { recursive: true, mode: 0o700 });
  const path = join(uploadDirectory, `upload-${randomBytes(16).toString("hex")}`);
  const discard = (): Promise<void> => rm(path, { force: true });

  const late = Promise.withResolvers<never>();
  const abort = new AbortController();
  const timer = clock.schedule(uploadTimeout, () => {
    late.reject(new Refusal(408, "INVALID_ARGUMENT", `the upload took longer than ${uploadTimeout} ms`));
    abort.abort();
  });
  const writing = writeFile(request, { path, maxContentLength, signal: abort.signal });
  try {
    return { path, name: await Promise.race([writing, late.promise]), discard };
  } catch (error) {
    // Nothing is written any more before the file is removed.
    abort.abort();
    await writing.catch(() => undefined);
    await discard();
    throw error;
  } finally {
    timer.cancel();
  }
}

/** @returns the file's name */
async function writeFile(
  request: FastifyRequest,
  { path, maxContentLength, signal }: { path: string; maxContentLength: number; signal: AbortSignal },
): Promise<string> {
  const given = Promise.withResolvers<never>();
  given.promise.catch(() => undefined);
  signal.addEventListener("abort", () => given.reject(wrongForm("it was given up")));
  const parts = request.parts({
    limits: { files: 2, fields: 1, parts: 3, headerPairs: 50, fileSize: maxContentLength },
  });
  let name: string | undefined;
  try {
    for (;;) {
      const next = await Promise.race([parts.next(), given.promise]);
      if (next.done === true) break;
      const part = next.value;
      if (part.type !== "file" || part.fieldname !== PART || name !== undefined) {
        if (part.type === "file") part.file.resume();
        throw wrongForm(
          name === undefined
            ? `there is another part, ${JSON.stringify(part.fieldname)}`
            : "there are two parts",
        );
      }
      name = harmless(part.filename);
      await pipeline(part.file, createWriteStream(path, { flags: "wx", mode: 0o600 }), { signal });
      if (part.file.truncated) throw tooLarge(maxContentLength);
    }
  } catch (error) {
    // A full disk is no fault of who uploads.
    if (
      MillraceError.is(error) ||
      error instanceof Refusal ||
      (error as { syscall?: unknown }).syscall !== undefined
    ) {
      throw error;
    }
    throw wrongForm(error instanceof Error ? error.message : "it can't be read");
  }
  if (name === undefined) throw wrongForm("there is no file");
  return name;
}

/** A name of a file, without folders, of letters that mean nothing to any shell or file system. */
export function harmless(given: string | undefined): string {
  const base = (given ?? "").split(/[\\/]/u).at(-1) ?? "";
  const name = base
    .replace(/[^\w.-]+/gu, "_")
    .replace(/^[.-]+/u, "")
    .slice(-100);
  return name === "" ? "job.mjs" : name;
}

const wrongForm = (problem: string): MillraceError =>
  new MillraceError(
    "INVALID_ARGUMENT",
    `an upload is multipart/form-data with one file, the part ${PART}: ${problem}`,
    { help: "curl -F jarfile=@job.mjs http://.../jars/upload" },
  );

const tooLarge = (limit: number): Refusal =>
  new Refusal(
    413,
    "INVALID_ARGUMENT",
    `the artifact is larger than rest.server.max-content-length, ${limit} bytes`,
  );
