import { once } from "node:events";
import { request } from "node:http";
import { createServer } from "node:https";
import { connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, expect, it } from "vitest";
import { SystemClock } from "../../common/clock/system-clock.ts";
import { PeerLog } from "../logging/peer-log.ts";
import { logRefusedHandshakes } from "./log-refused-handshakes.ts";
import { createAuthority } from "./testing/certificates.ts";
import type { TestAuthority } from "./testing/certificates.ts";

const authority = createAuthority("cluster");
const stranger = createAuthority("stranger");
const identity = (of: TestAuthority, expired = false) => {
  const pem = of.issue("node", undefined, { expired });
  return { cert: pem, key: pem };
};

let lines: string[] = [];
const peers = new PeerLog((level, message) => lines.push(`${level} ${message}`), new SystemClock());
const server = createServer(
  { ...identity(authority), ca: authority.certificate, requestCert: true, rejectUnauthorized: true },
  (_, response) => response.end(),
);
let toldTwice = 0;
let port: number;
beforeAll(async () => {
  const isTold = logRefusedHandshakes(server, "the port", peers);
  server.on("clientError", (_, socket) => {
    if (!isTold(socket)) toldTwice++;
    socket.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => {
  peers.close();
  server.closeAllConnections();
  server.close();
});

/** Connects by TLS; answers from which port. */
async function secure(options: object): Promise<number> {
  const socket = connectTls({ host: "127.0.0.1", port, ...options });
  const from = once(socket, "connect").then(() => socket.localPort as number);
  socket.on("error", () => socket.destroy());
  socket.on("data", () => undefined);
  await Promise.all([from, closed(socket)]);
  return from;
}

/** Whatever error comes first. */
const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => void socket.on("close", () => resolve()));

async function plain(bytes: string): Promise<number> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  const from = socket.localPort as number;
  socket.write(bytes);
  await closed(socket);
  return from;
}

async function http(): Promise<number> {
  const asked = request({ host: "127.0.0.1", port });
  const from = once(asked, "socket").then(async ([socket]) => {
    await once(socket, "connect");
    return (socket as { localPort: number }).localPort;
  });
  asked.end();
  await Promise.all([from, once(asked, "error")]);
  return from;
}

const ca = authority.certificate;
it.for<readonly [string, () => Promise<number>, string]>([
  ["shows no certificate", () => secure({ ca }), "it shows no certificate"],
  [
    "shows one of somebody else",
    () => secure({ ca, ...identity(stranger) }),
    "its certificate is not signed by an authority that is trusted here",
  ],
  [
    "shows one that has expired",
    () => secure({ ca, ...identity(authority, true) }),
    "its certificate has expired",
  ],
  [
    "trusts somebody else",
    () => secure({ ca: stranger.certificate, ...identity(authority) }),
    "it has ended the connection before TLS was established; does it trust this process's certificate?",
  ],
  ["speaks plain HTTP", http, "it speaks plain HTTP where TLS is expected"],
  ["says something else", () => plain("MILLRACE\0\0\0\0\0\0\0\0\0"), "it does not speak TLS"],
])("logs who %s: its address, and why it is refused", async ([, ask, reason]) => {
  lines = [];
  const from = await ask();
  await expect.poll(() => lines).toEqual([`warn refused 127.0.0.1:${from} at the port: ${reason}`]);
  expect(toldTwice).toBe(0);
});
