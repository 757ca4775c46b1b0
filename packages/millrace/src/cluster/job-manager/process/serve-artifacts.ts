import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { PeerLog } from "../../logging/peer-log.ts";
import { knowsToken } from "../../transport/bearer-token.ts";
import { peerOf } from "../../transport/endpoint.ts";

/** Where TaskManagers fetch a job's program: this, and its SHA-256. */
export const ARTIFACT_PATH = "/artifacts/";

const SHA256 = /^[0-9a-f]{64}$/u;

/** Who may fetch what. */
export interface ServeArtifactsOptions {
  /** As for TaskManagers' connections; undefined: none is asked for. */
  readonly token: string | undefined;
  /** Where the bytes of an artifact are; undefined: there are none. */
  readonly path: (sha256: string) => string | undefined;
  /** Takes who was refused, and what could not be sent. */
  readonly peers: PeerLog;
}

/** Answers requests at the JobManager's control port: `GET /artifacts/<sha256>`, and nothing else. Never throws. */
export function serveArtifacts(
  options: ServeArtifactsOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const { token, path, peers } = options;
  const log = (
    request: IncomingMessage,
    kind: string,
    text: (peer: string) => string,
    error?: unknown,
  ): void => {
    const peer = peerOf(request.socket);
    peers.about(peer, kind)("warn", text(peer), error);
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const refuse = (status: number): void => void response.writeHead(status, { "content-length": 0 }).end();
    request.resume();
    if (!knowsToken(request.headers, token)) {
      log(
        request,
        "token",
        (peer) => `refused ${peer} an artifact: its security.internal.token is missing or wrong`,
      );
      return refuse(401);
    }
    const url = request.url ?? "";
    const sha256 = url.slice(ARTIFACT_PATH.length);
    if (!url.startsWith(ARTIFACT_PATH) || !SHA256.test(sha256)) return refuse(404);
    if (request.method !== "GET") return refuse(405);
    const file = path(sha256);
    if (file === undefined) return refuse(404);
    const { size } = await stat(file);
    response.writeHead(200, { "content-type": "text/javascript", "content-length": size });
    const bytes = createReadStream(file);
    try {
      await pipeline(bytes, response);
    } catch (error) {
      // Who has all that was announced may close the connection before the end of the file is seen here.
      if (bytes.bytesRead < size) throw error;
    }
  };
  return (request, response) => {
    answer(request, response).catch((error: unknown) => {
      log(request, "artifact", (peer) => `an artifact could not be sent to ${peer}`, error);
      if (response.headersSent) response.destroy();
      else response.writeHead(500, { "content-length": 0 }).end();
    });
  };
}
