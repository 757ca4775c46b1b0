import { createServer } from "node:http";
import type { IncomingMessage, Server as HttpServer, ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TlsOptions } from "node:tls";
import type { Log } from "../../logging/log.ts";
import { peerOf } from "../../transport/endpoint.ts";

/** The JobManager's port for the processes of its cluster, listening. */
export interface ControlServer {
  readonly server: HttpServer;
  readonly port: number;
  /** Answers requests from now on; before that, they are told to come back. */
  onRequest: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  close(): Promise<void>;
}

/** @param tls undefined: without @throws the system's error where it can't listen (EADDRINUSE) */
export async function listenForCluster(
  host: string,
  port: number,
  tls: TlsOptions | undefined,
  log: Log,
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
  server.on("clientError", (error: Error, stream: Duplex) => {
    log("warn", `closed the connection from ${peerOf(stream as Socket)}: ${error.message}`);
    stream.destroy();
  });
  server.on("tlsClientError", (error: Error, socket: Socket) =>
    log("warn", `refused ${peerOf(socket)}: ${error.message}`),
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return Object.assign(control, { port: (server.address() as AddressInfo).port });
}
