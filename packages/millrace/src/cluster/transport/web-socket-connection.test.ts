import { connect as connectSocket } from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { SystemClock } from "../../common/clock/system-clock.ts";
import { encodeResourceFrame } from "./connection-frames.ts";
import { connectToJobManager } from "./connect-to-job-manager.ts";
import { connectionSuite } from "./testing/connection-suite.ts";
import type { TestedConnection } from "./testing/connection-suite.ts";
import { serveConnections } from "./testing/served-connections.ts";
import type { ServedConnections } from "./testing/served-connections.ts";
import { WebSocketConnection } from "./web-socket-connection.ts";

connectionSuite("WebSocket", async (): Promise<TestedConnection> => {
  const served = await serveConnections({ token: "open sesame".replace(" ", "-") });
  const accepted = served.accepted();
  const jobManager = await served.connect();
  return {
    jobManager,
    taskManager: await accepted,
    cut: () => served.sockets().forEach((socket) => socket.resetAndDestroy()),
    dispose: () => served.close(),
  };
});

describe("the JobManager's control port", () => {
  let served: ServedConnections;
  afterEach(() => served.close());

  it("refuses who doesn't know the token, and logs who it was", async () => {
    served = await serveConnections({ token: "right" });
    const refused = { code: "NOT_AUTHORIZED", message: expect.stringContaining("security.internal.token") };
    await expect(served.connect("wrong")).rejects.toMatchObject(refused);
    await expect(
      connectToJobManager({
        host: "127.0.0.1",
        port: served.port,
        token: undefined,
        tls: undefined,
        clock: new SystemClock(),
        log: () => {},
      }),
    ).rejects.toMatchObject(refused);
    expect(served.log).toEqual(
      Array.from({ length: 2 }, () =>
        expect.stringMatching(/^warn refused 127\.0\.0\.1:\d+ as a TaskManager/u),
      ),
    );
    // Nobody has been let in.
    const accepted = served.accepted();
    (await served.connect("right")).close();
    await accepted;
  });

  it("refuses other paths", async () => {
    served = await serveConnections();
    const socket = new WebSocket(`ws://127.0.0.1:${served.port}/somewhere`);
    const status = await new Promise((resolve) => {
      socket.on("error", () => {});
      socket.on("unexpected-response", (_, response) => resolve(response.statusCode));
    });
    socket.terminate();
    expect(status).toBe(404);
  });

  it("closes a connection that sends text, other bytes or too much, and logs the peer's address", async () => {
    served = await serveConnections();
    const messages: (string | Uint8Array)[] = [
      "hello",
      new Uint8Array(),
      Uint8Array.of(3, 1, 2),
      Uint8Array.of(2, 1),
      Uint8Array.of(1, 0xff, 0xff),
      encodeResourceFrame({ no: "type" }),
    ];
    for (const message of messages) {
      const socket = new WebSocket(`ws://127.0.0.1:${served.port}/taskmanager`);
      const closed = new Promise((resolve) => socket.on("close", resolve));
      socket.on("open", () => socket.send(message));
      expect(await closed).toBe(1002);
    }
    expect(served.log.length).toBe(messages.length);
    for (const line of served.log)
      expect(line).toMatch(/^warn closed the connection from 127\.0\.0\.1:\d+: /u);
  });

  it("refuses a message by its announced length, before it has come", async () => {
    served = await serveConnections();
    const accepted = served.accepted();
    const socket = connectSocket(served.port, "127.0.0.1");
    const ended = new Promise((resolve) => socket.on("close", resolve));
    socket.on("error", () => {});
    socket.write(
      "GET /taskmanager HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n" +
        "sec-websocket-version: 13\r\nsec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n",
    );
    const connection = await accepted;
    const lost = new Promise<Error | undefined>((resolve) => (connection.onClose = resolve));
    // A masked binary message of 4 GB.
    socket.write(Buffer.from("82ff000000010000000000000000", "hex"));
    socket.resume();
    expect(await lost).toMatchObject({ code: "PROTOCOL_VIOLATION" });
    socket.destroy();
    await ended;
    expect(served.log.join("\n")).toMatch(/127\.0\.0\.1:\d+: Max payload size exceeded/u);
  });

  it("gives a peer up that takes nothing", async () => {
    served = await serveConnections();
    const accepted = served.accepted();
    const client = new WebSocket(`ws://127.0.0.1:${served.port}/taskmanager`);
    client.on("open", () => client.pause());
    await accepted;
    const [socket] = served.sockets();
    expect(socket).toBeDefined();
    const own = new WebSocket(`ws://127.0.0.1:${served.port}/taskmanager`);
    await new Promise((resolve) => own.on("open", resolve));
    const connection = new WebSocketConnection<object, never>({
      socket: own,
      peer: "there",
      clock: new SystemClock(),
      log: () => {},
      maxBacklog: 1024 * 1024,
    });
    const lost = new Promise<Error | undefined>((resolve) => (connection.onClose = resolve));
    // More than the sockets' buffers hold, in one turn.
    for (let sent = 0; sent < 40; sent++) connection.sendToSlot(1, new Uint8Array(256 * 1024));
    expect(await lost).toMatchObject({
      code: "CONNECTION_LOST",
      message: expect.stringMatching(/there takes no/u),
    });
    client.terminate();
  });

  it("survives random bytes, as a WebSocket's messages and as anything else, and serves on", async () => {
    served = await serveConnections();
    const handshake =
      "GET /taskmanager HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n" +
      "sec-websocket-version: 13\r\nsec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n";
    const good = Buffer.from(
      encodeResourceFrame({ type: "register", version: 1, description: { slots: [1] } }),
    );
    const messages = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(good.length).map((length) => good.subarray(0, length)),
      fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, byte]) => good.with(at, byte)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(messages, { maxLength: 4 }), async (sent) => {
        const socket = new WebSocket(`ws://127.0.0.1:${served.port}/taskmanager`);
        const closed = new Promise((resolve) => socket.on("close", resolve));
        socket.on("error", () => {});
        socket.on("open", () => {
          for (const message of sent) socket.send(message);
          socket.close();
        });
        await closed;
      }),
      { numRuns: 100 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(250),
        async (upgrade, bytes, cut) => {
          const socket = connectSocket(served.port, "127.0.0.1");
          const closed = new Promise((resolve) => socket.on("close", resolve));
          socket.on("error", () => {});
          socket.resume();
          socket.end(Buffer.concat([Buffer.from(upgrade ? handshake : handshake.slice(0, cut)), bytes]));
          await closed;
        },
      ),
      { numRuns: 100 },
    );
    const accepted = served.accepted();
    const client = await served.connect();
    const got = new Promise((resolve) => {
      void accepted.then((connection) => (connection.onMessage = resolve));
    });
    client.send({ type: "slotsOpened", request: 5 });
    expect(await got).toEqual({ type: "slotsOpened", request: 5 });
  });
});

describe("a TaskManager that connects", () => {
  const options = {
    host: "127.0.0.1",
    token: undefined,
    tls: undefined,
    clock: new SystemClock(),
    log: () => {},
  };

  it("says where nobody answers", async () => {
    const served = await serveConnections();
    await served.close();
    await expect(connectToJobManager({ ...options, port: served.port })).rejects.toMatchObject({
      code: "CLUSTER_UNREACHABLE",
      message: expect.stringContaining(`127.0.0.1:${served.port}`),
      retryable: true,
    });
  });

  it("says when it is somebody else", async () => {
    const { createServer } = await import("node:http");
    const server = createServer((_, response) => response.writeHead(418).end());
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    await expect(connectToJobManager({ ...options, port })).rejects.toMatchObject({
      code: "CLUSTER_UNREACHABLE",
      message: expect.stringContaining("status 418"),
    });
    server.closeAllConnections();
    server.close();
  });
});
