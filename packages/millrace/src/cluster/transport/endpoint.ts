import type { Socket } from "node:net";

/** Host and port as they stand in URLs and logs: "10.0.0.7:6123", "[::1]:6123". */
export const endpoint = (host: string, port: number | string): string =>
  `${host.includes(":") ? `[${host}]` : host}:${port}`;

/** Whether an address is one that only the machine itself can reach. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || host.startsWith("127.");

/** The other side of a socket, for logs. */
export const peerOf = (socket: Pick<Socket, "remoteAddress" | "remotePort">): string =>
  socket.remoteAddress === undefined
    ? "an unknown address"
    : endpoint(socket.remoteAddress.replace(/^::ffff:/u, ""), socket.remotePort ?? 0);
