import { connect, createServer } from "node:tls";
import { onRefusedHandshake } from "../refused-handshakes.ts";
import type { DataSockets } from "./sockets.ts";
import { listening } from "./sockets.ts";

/** What a process shows others, and whom it trusts. PEM. */
export interface TlsIdentity {
  readonly key: string | Uint8Array;
  readonly cert: string | Uint8Array;
  /** Certificates of those who sign for the cluster's processes: both sides ask each other for one signed by them. */
  readonly ca: string | Uint8Array;
  readonly passphrase?: string;
  /** Whether the certificate of who is connected to must be for its host. Default false: the cluster's own authority vouches for it. */
  readonly checkHost?: boolean;
}

/** TLS 1.3 with certificates on both sides. */
export function tlsSockets({ checkHost = false, ...identity }: TlsIdentity): DataSockets {
  const options = {
    key: asText(identity.key),
    cert: asText(identity.cert),
    ca: asText(identity.ca),
    ...(identity.passphrase === undefined ? {} : { passphrase: identity.passphrase }),
    minVersion: "TLSv1.3",
    rejectUnauthorized: true,
  } as const;
  return {
    listen(at, accept, refused) {
      const server = createServer({ ...options, requestCert: true, noDelay: true, handshakeTimeout: 10_000 });
      server.on("secureConnection", accept);
      onRefusedHandshake(server, ({ remoteAddress, remotePort }, reason) =>
        refused(`${remoteAddress ?? "somebody"}:${remotePort ?? 0}`, reason),
      );
      return listening(server, at);
    },
    connect({ host, port }) {
      const socket = connect({
        ...options,
        host,
        port,
        ...(checkHost ? {} : { checkServerIdentity: () => undefined }),
      });
      socket.setNoDelay(true);
      return socket;
    },
  };
}

const asText = (pem: string | Uint8Array): string =>
  typeof pem === "string" ? pem : Buffer.from(pem.buffer, pem.byteOffset, pem.byteLength).toString("latin1");
