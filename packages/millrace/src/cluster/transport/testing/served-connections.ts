import { createServer } from "node:http";
import type { Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { SystemClock } from "../../../common/clock/system-clock.ts";
import type { JobManagerConnection, TaskManagerConnection } from "../../../protocol/cluster/connection.ts";
import type { TlsEnds } from "../load-tls.ts";
import { connectToJobManager } from "../connect-to-job-manager.ts";
import { PeerLog } from "../../logging/peer-log.ts";
import { serveTaskManagers } from "../serve-task-managers.ts";

/** A control port of a test. */
export interface ServedConnections {
  readonly port: number;
  /** Lines that it has logged. */
  readonly log: readonly string[];
  /** The next TaskManager that connects. */
  accepted(): Promise<TaskManagerConnection>;
  connect(token?: string): Promise<JobManagerConnection>;
  /** Sockets that are open at the moment. */
  sockets(): readonly Socket[];
  close(): Promise<void>;
}

/** Listens on loopback. */
export async function serveConnections(
  options: { readonly token?: string; readonly tls?: TlsEnds } = {},
): Promise<ServedConnections> {
  const { token, tls } = options;
  const clock = new SystemClock();
  const log: string[] = [];
  const waiting: ((connection: TaskManagerConnection) => void)[] = [];
  const server: Server = tls === undefined ? createServer() : createTlsServer(tls.server);
  const open = new Set<Socket>();
  server.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const write = (level: string, message: string): void => void log.push(`${level} ${message}`);
  const served = serveTaskManagers({
    server,
    token,
    clock,
    peers: new PeerLog(write, clock),
    onConnection: (connection) => waiting.shift()?.(connection),
  });
  return {
    port,
    log,
    accepted: () => new Promise((resolve) => waiting.push(resolve)),
    connect: (given = token) =>
      connectToJobManager({ host: "127.0.0.1", port, token: given, tls: tls?.client, clock, log: write }),
    sockets: () => [...open],
    async close() {
      served.close();
      server.closeAllConnections();
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
