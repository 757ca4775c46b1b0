import type { Server } from "node:tls";
import { onRefusedHandshake } from "../../runtime/network/refused-handshakes.ts";
import type { PeerLog } from "../logging/peer-log.ts";
import { peerOf } from "./endpoint.ts";

/**
 * Logs whom a TLS port refuses, and why: who is refused is mostly told nothing.
 *
 * @param port for people: "the REST API"
 * @returns whether a socket is one of those, so that what is wrong with it is told once
 */
export function logRefusedHandshakes(
  server: Server,
  port: string,
  peers: PeerLog,
): (socket: object) => boolean {
  const told = new WeakSet();
  onRefusedHandshake(server, (from, reason, socket) => {
    told.add(socket);
    const peer = peerOf(from);
    peers.about(peer, `tls: ${reason}`)("warn", `refused ${peer} at ${port}: ${reason}`);
  });
  return (socket) => told.has(socket);
}

/** Whether somebody has begun to speak TLS where it is not spoken. */
export function beginsTls({ rawPacket }: { readonly rawPacket?: unknown }): boolean {
  return rawPacket instanceof Uint8Array && rawPacket[0] === 0x16 && rawPacket[1] === 0x03;
}
