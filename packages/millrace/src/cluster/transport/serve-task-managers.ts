import { STATUS_CODES } from "node:http";
import type { IncomingMessage, Server as HttpServer } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { Clock } from "../../common/clock/clock.ts";
import type { TaskManagerConnection } from "../../protocol/cluster/connection.ts";
import type { FromTaskManager, ToTaskManager } from "../../protocol/cluster/resource-messages.ts";
import type { PeerLog } from "../logging/peer-log.ts";
import { knowsToken } from "./bearer-token.ts";
import { MAX_FRAME_BYTES } from "./connection-frames.ts";
import { peerOf } from "./endpoint.ts";
import { WebSocketConnection } from "./web-socket-connection.ts";

/** Where TaskManagers open their connection. */
export const TASK_MANAGER_PATH = "/taskmanager";

/** How TaskManagers are served. */
export interface ServeTaskManagersOptions {
  /** The JobManager's control port. Mutual TLS, where it is wanted, is the server's. */
  readonly server: HttpServer | HttpsServer;
  /** Who connects must know it; undefined: none is asked for. */
  readonly token: string | undefined;
  readonly clock: Clock;
  /** Takes what is wrong with who connects. */
  readonly peers: PeerLog;
  /** A TaskManager has connected, and not yet registered. Its callbacks are set before this returns. */
  onConnection(connection: TaskManagerConnection): void;
}

/** The JobManager's end of all connections. */
export interface TaskManagerEndpoint {
  /** Takes no more, and closes those that there are. */
  close(): void;
}

/** ms in which the first message must have come. */
const FIRST_MESSAGE_TIMEOUT = 10_000;

/** Takes WebSockets of TaskManagers on an HTTP server; refuses all other upgrades with 404, and those without the token with 401. */
export function serveTaskManagers(options: ServeTaskManagersOptions): TaskManagerEndpoint {
  const { server, token, clock, peers } = options;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    clientTracking: true,
  });
  const upgrade = (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
    const socket = stream as Socket;
    const peer = peerOf(socket);
    socket.on("error", () => socket.destroy());
    if (request.url?.split("?")[0] !== TASK_MANAGER_PATH) return refuse(socket, 404);
    if (!knowsToken(request.headers, token)) {
      peers.about(peer, "token")(
        "warn",
        `refused ${peer} as a TaskManager: its security.internal.token is missing or wrong`,
      );
      return refuse(socket, 401);
    }
    sockets.handleUpgrade(request, socket, head, (opened) => {
      const connection = new WebSocketConnection<ToTaskManager, FromTaskManager>({
        socket: opened,
        peer,
        clock,
        log: peers.about(peer, "protocol"),
      });
      const timer = clock.schedule(FIRST_MESSAGE_TIMEOUT, () => {
        peers.about(peer, "silence")("warn", `closed the connection from ${peer}: it has said nothing`);
        connection.close("register first");
      });
      opened.once("message", () => timer.cancel());
      opened.once("close", () => timer.cancel());
      options.onConnection(connection);
    });
  };
  // What is no WebSocket handshake after all.
  sockets.on("wsClientError", (error, socket) => {
    const peer = peerOf(socket as Socket);
    peers.about(peer, "http")("warn", `refused ${peer}: ${error.message}`);
    refuse(socket as Socket, 400);
  });
  server.on("upgrade", upgrade);
  return {
    close() {
      server.off("upgrade", upgrade);
      for (const socket of sockets.clients) socket.close(1001, "the JobManager ends");
      sockets.close();
      clock.schedule(1000, () => {
        for (const socket of sockets.clients) socket.terminate();
      });
    },
  };
}

function refuse(socket: Socket, status: number): void {
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
