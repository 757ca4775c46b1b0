import type { Socket } from "node:net";

/** Host and port as they stand in URLs and logs: "10.0.0.7:6123", "[::1]:6123". */
export const endpoint = (host: string, port: number | string): string =>
  `${host.includes(":") ? `[${host}]` : host}:${port}`;

/** The other side of a socket, for logs. */
export const peerOf = (socket: Pick<Socket, "remoteAddress" | "remotePort">): string =>
  socket.remoteAddress === undefined
    ? "an unknown address"
    : endpoint(socket.remoteAddress.replace(/^::ffff:/u, ""), socket.remotePort ?? 0);
