import { createServer, connect } from "node:net";
import type { Server, Socket } from "node:net";
import { MillraceError } from "../../../common/errors/millrace-error.ts";

/** An address. */
export interface SocketAddress {
  readonly host: string;
  /** 0 to listen on any. */
  readonly port: number;
}

/** Something that listens. */
export interface DataServer {
  readonly port: number;
  /** Listens no more; connections go on. Settles when the port is free. */
  close(): Promise<void>;
}

/**
 * Where a data network has its sockets from: TCP, or TLS with whatever certificates both sides ask of each other. What is written to a
 * socket that `connect` returns before it is connected leaves when it is.
 */
export interface DataSockets {
  /**
   * @param accept takes each socket that is ready for data
   * @param refused is told of those that never get there, and why, as the end of a sentence about the peer
   * @throws INVALID_ARGUMENT when nothing can listen there
   */
  listen(
    at: SocketAddress,
    accept: (socket: Socket) => void,
    refused: (peer: string, reason: string) => void,
  ): Promise<DataServer>;
  connect(to: SocketAddress): Socket;
}

/** Plain TCP. */
export const plainSockets: DataSockets = {
  listen: (at, accept) => listening(createServer({ noDelay: true }, accept), at),
  connect: ({ host, port }) => connect({ host, port, noDelay: true }),
};

/** Makes a server listen. */
export function listening(server: Server, { host, port }: SocketAddress): Promise<DataServer> {
  return new Promise((resolve, reject) => {
    const refused = (error: Error): void =>
      reject(
        new MillraceError(
          "INVALID_ARGUMENT",
          `can't listen for frames on ${host}:${port}: ${error.message}`,
          {
            cause: error,
            help: "Set taskmanager.data.port to a free port, or to 0 for any, and taskmanager.host to an address of this machine.",
          },
        ),
      );
    server.once("error", refused);
    server.listen({ host, port }, () => {
      server.off("error", refused);
      // What goes wrong with a single connection, as too many open files, must not end the process.
      server.on("error", () => undefined);
      const address = server.address();
      resolve({
        port: typeof address === "object" && address !== null ? address.port : port,
        close: () => new Promise((closed) => server.close(() => closed())),
      });
    });
  });
}
