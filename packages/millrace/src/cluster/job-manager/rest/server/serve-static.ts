import type { FastifyReply, FastifyRequest } from "fastify";
import type { StaticFiles } from "../rest-settings.ts";

/** What pages of the dashboard may do: load what is served here, and nothing else. */
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/** Answers with a file of the dashboard, if there is one at this path. */
export function serveStatic(
  { method, url }: FastifyRequest,
  reply: FastifyReply,
  files: StaticFiles | undefined,
): boolean {
  if (files === undefined || (method !== "GET" && method !== "HEAD")) return false;
  const path = url.replace(/[?#].*$/su, "");
  const file = files(path === "/" ? "/index.html" : path);
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

/** Whether a path is one of the dashboard's, for which no token is asked. */
export const isStatic = (url: string, files: StaticFiles | undefined): boolean => {
  const path = url.replace(/[?#].*$/su, "");
  return files?.(path === "/" ? "/index.html" : path) !== undefined;
};
