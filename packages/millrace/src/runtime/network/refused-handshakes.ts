import type { Socket } from "node:net";
import type { Server, TLSSocket } from "node:tls";
import { tlsFailure } from "../../common/errors/tls-failure.ts";

/** Who was refused: a socket that may be closed, whose address is still known. */
export type RefusedPeer = Pick<Socket, "remoteAddress" | "remotePort">;

/**
 * Tells of connections to a server that end before TLS is established: with the address of the peer, why, and their socket. `reason` is the
 * end of a sentence about the peer: "its certificate has expired".
 */
export function onRefusedHandshake(
  server: Server,
  refused: (peer: RefusedPeer, reason: string, socket: TLSSocket) => void,
): void {
  // A socket forgets its address when it is closed, unless it was asked for it before.
  server.on("connection", (socket: Socket) => void socket.remoteAddress);
  server.prependListener("tlsClientError", (error, socket) =>
    refused(peerOf(socket), reasonOf(error, socket), socket),
  );
}

/** Node.js closes the TLS socket before it tells; what lies below it has no name in its types. */
function peerOf(socket: TLSSocket & { readonly _parent?: Socket | null }): RefusedPeer {
  return socket.remoteAddress === undefined ? (socket._parent ?? socket) : socket;
}

function reasonOf(error: Error & { readonly code?: string }, { authorizationError }: TLSSocket): string {
  // A code, whatever its type says.
  const untrusted = authorizationError as Error | string | null | undefined;
  const told = untrusted === null || untrusted === undefined ? error : { code: codeOf(untrusted) };
  const failure = tlsFailure(told);
  if (failure !== undefined) return failure.text;
  return error.code === "ECONNRESET"
    ? "it has ended the connection before TLS was established; does it trust this process's certificate?"
    : error.message;
}

const codeOf = (error: Error | string): string | undefined =>
  typeof error === "string" ? error : (error as NodeJS.ErrnoException).code;
