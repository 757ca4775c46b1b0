import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { LogFile, ThreadDump } from "../../../../protocol/cluster/resource-messages.ts";
import type { LogList, ThreadDumps } from "../../../../protocol/rest/cluster.ts";
import { Refusal } from "./error-answers.ts";

/** How much of a log is asked for at a time, bytes. */
const CHUNK = 256 * 1024;

export const logList = (files: readonly LogFile[]): LogList => ({
  logs: files.map(({ name, bytes, modifiedAt }) => ({ name, size: bytes, mtime: Math.round(modifiedAt) })),
});

export const threadDumps = (dumps: readonly ThreadDump[]): ThreadDumps => ({
  threadInfos: dumps.map(({ threadName, text }) => ({ threadName, stringifiedThreadInfo: text })),
});

/**
 * One of these files. Only what is in the list can be had, so that a name can't lead anywhere else.
 *
 * @param which its name, or the newest log, or the newest of what was printed
 * @throws NOT_FOUND
 */
export function pickLog(
  files: readonly LogFile[],
  which: string | { readonly kind: "log" | "stdout" },
): LogFile {
  if (typeof which === "string") {
    const found = files.find(({ name }) => name === which);
    if (found !== undefined) return found;
    throw new MillraceError("NOT_FOUND", `there is no log file of this name; there are ${names(files)}`);
  }
  const ending = which.kind === "log" ? ".log" : ".out";
  const [newest] = files
    .filter(({ name }) => name.endsWith(ending))
    .sort((a, b) => b.modifiedAt - a.modifiedAt);
  if (newest !== undefined) return newest;
  throw new MillraceError("NOT_FOUND", `there is no file that ends in ${ending}; there are ${names(files)}`);
}

const names = (files: readonly LogFile[]): string =>
  files.length === 0 ? "none" : files.map(({ name }) => name).join(", ");

/**
 * Sends a log, or the range of it that is asked for, as it is read: what grows meanwhile is left out.
 *
 * @param read up to so many bytes from an offset
 */
export async function sendLog(
  request: FastifyRequest,
  reply: FastifyReply,
  file: LogFile,
  read: (name: string, offset: number, bytes: number) => Promise<Uint8Array>,
): Promise<FastifyReply> {
  const range = rangeOf(request.headers.range, file.bytes);
  const [from, until] = range ?? [0, file.bytes];
  const headers = {
    "content-type": "text/plain; charset=utf-8",
    "content-disposition": "inline",
    "accept-ranges": "bytes",
    "content-security-policy": "sandbox",
  };
  // The first piece is read before anything is answered, so that a failure becomes an answer of its own.
  const first = until > from ? await read(file.name, from, Math.min(CHUNK, until - from)) : new Uint8Array();
  async function* pieces(): AsyncGenerator<Uint8Array> {
    let piece = first;
    for (let at = from; piece.length > 0;) {
      yield piece;
      at += piece.length;
      if (at >= until) return;
      piece = await read(file.name, at, Math.min(CHUNK, until - at));
    }
  }
  void reply.headers(headers);
  if (range !== undefined) {
    void reply.code(206).header("content-range", `bytes ${from}-${until - 1}/${file.bytes}`);
  }
  return reply.send(Readable.from(pieces(), { objectMode: false }));
}

/** One range of bytes; what is no such header is ignored, as HTTP says. @throws a refusal of 416 for one behind the end */
function rangeOf(header: string | undefined, size: number): readonly [number, number] | undefined {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/u.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return undefined;
  const from = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const until = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (from < until) return [from, until];
  throw new Refusal(
    416,
    "INVALID_ARGUMENT",
    `the file has ${size} bytes, and none in the range that is asked for`,
    {
      "content-range": `bytes */${size}`,
    },
  );
}
