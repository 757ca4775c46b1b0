import type { Socket } from "node:net";
import type { PeerLog } from "../../../logging/peer-log.ts";
import { peerOf } from "../../../transport/endpoint.ts";
import { beginsTls } from "../../../transport/log-refused-handshakes.ts";

/** What a client that speaks no HTTP, or too slowly, is told. */
const STATUS: Readonly<Record<string, readonly [string, string]>> = {
  HPE_HEADER_OVERFLOW: ["431 Request Header Fields Too Large", "the request's headers are too large"],
  ERR_HTTP_REQUEST_TIMEOUT: ["408 Request Timeout", "the request did not arrive in time"],
};

const TLS = ["400 Bad Request", "this port speaks no TLS (security.ssl.rest.enabled is off)"] as const;
const BAD_REQUEST = ["400 Bad Request", "this is no HTTP request that can be understood"] as const;

/** Answers what is no request, and ends its connection. The peer's address is logged, what it sent is not. */
export const clientErrorHandler =
  (peers: PeerLog) =>
  (error: { readonly code?: string; readonly rawPacket?: unknown }, socket: Socket): void => {
    const code = error.code ?? "";
    if (code === "ECONNRESET" || socket.destroyed) {
      socket.destroy();
      return;
    }
    const [status, message] = beginsTls(error) ? TLS : (STATUS[code] ?? BAD_REQUEST);
    const peer = peerOf(socket);
    peers.about(peer, "http")("warn", `${peer} broke HTTP: ${message} (${code})`);
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const body = JSON.stringify({ errors: [message] });
    socket.end(
      `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
      () => socket.destroy(),
    );
  };
