import { createServer } from "node:http";
import type { IncomingMessage, Server as HttpServer, ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Server as TlsServer, TlsOptions } from "node:tls";
import type { PeerLog } from "../../logging/peer-log.ts";
import { peerOf } from "../../transport/endpoint.ts";
import { beginsTls, logRefusedHandshakes } from "../../transport/log-refused-handshakes.ts";

/** The JobManager's port for the processes of its cluster, listening. */
export interface ControlServer {
  readonly server: HttpServer;
  readonly port: number;
  /** Answers requests from now on; before that, they are told to come back. */
  onRequest: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  close(): Promise<void>;
}

/** @param tls undefined: without @param peers takes what is wrong with who connects @throws the system's error where it can't listen (EADDRINUSE) */
export async function listenForCluster(
  host: string,
  port: number,
  tls: TlsOptions | undefined,
  peers: PeerLog,
): Promise<ControlServer> {
  const server = (tls === undefined ? createServer() : createSecureServer(tls)) as HttpServer;
  const control: ControlServer = {
    server,
    port: 0,
    onRequest: undefined,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  server.on("request", (request, response) => {
    if (control.onRequest !== undefined) control.onRequest(request, response);
    else response.writeHead(503, { "content-length": 0, "retry-after": "1" }).end();
  });
  const isTold =
    tls === undefined
      ? () => false
      : logRefusedHandshakes(server as unknown as TlsServer, "the port for TaskManagers", peers);
  server.on("clientError", (error: Error, stream: Duplex) => {
    if (!isTold(stream)) {
      const peer = peerOf(stream as Socket);
      const why = beginsTls(error as { rawPacket?: unknown })
        ? "it speaks TLS, and security.ssl.internal.enabled is off here"
        : error.message;
      peers.about(peer, "http")("warn", `closed the connection from ${peer}: ${why}`);
    }
    stream.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return Object.assign(control, { port: (server.address() as AddressInfo).port });
}
