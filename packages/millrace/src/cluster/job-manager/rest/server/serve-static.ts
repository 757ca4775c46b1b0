import type { FastifyReply, FastifyRequest } from "fastify";
import type { StaticFile, StaticFiles } from "../rest-settings.ts";

/** What pages of the dashboard may do: load what is served here, and nothing else. */
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/** The file of the dashboard that a request is for, if it is for one. */
function fileOf({ method, url }: FastifyRequest, files: StaticFiles | undefined): StaticFile | undefined {
  if (method !== "GET" && method !== "HEAD") return undefined;
  const path = url.replace(/[?#].*$/su, "");
  return files?.(path === "/" ? "/index.html" : path);
}

/** Whether a request is for the dashboard, for which no token is asked. */
export const isStatic = (request: FastifyRequest, files: StaticFiles | undefined): boolean =>
  fileOf(request, files) !== undefined;

/** Answers with a file of the dashboard, if the request is for one. */
export function serveStatic(
  request: FastifyRequest,
  reply: FastifyReply,
  files: StaticFiles | undefined,
): boolean {
  const file = fileOf(request, files);
  if (file === undefined) return false;
  void reply
    .code(200)
    .headers({
      "cache-control": file.immutable ? "public, max-age=31536000, immutable" : "no-cache",
      "content-security-policy": POLICY,
    })
    .type(file.contentType)
    .send(typeof file.body === "string" ? file.body : Buffer.from(file.body));
  return true;
}
