import { createConnection } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ManualClock } from "../../../common/clock/manual-clock.ts";
import { REQUESTS } from "./testing/requests.ts";
import { JOB, SOURCE } from "./testing/sample-job.ts";
import { serving, type Serving } from "./testing/serving.ts";

let server: Serving;
/** Bears nobody who dawdles. */
let impatient: Serving;
beforeAll(async () => {
  server = await serving();
  impatient = await serving({ requestTimeout: 400, webTimeout: 200, uploadTimeout: 400 });
});
afterAll(() => Promise.all([server, impatient].map((each) => each[Symbol.asyncDispose]())));

/** Sends bytes; answers what came when the connection has ended. */
function converse(bytes: Uint8Array | string, { end = true, to = server } = {}): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = createConnection(to.port, "127.0.0.1");
  let answer = "";
  socket.setEncoding("latin1");
  socket.on("data", (data) => (answer += String(data)));
  socket.on("error", () => undefined);
  socket.on("close", () => resolve(answer));
  if (end) socket.end(bytes);
  else socket.write(bytes);
  return promise;
}

const lives = async (): Promise<void> => expect((await server.ask("GET", "/overview")).status).toBe(200);

/** Several at a time: most of a conversation is waiting. */
const several = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(one, { minLength: 8, maxLength: 8 });

/** Faults of ours that requests brought about. */
const faults = (): string[] => server.logged.filter((line) => line.startsWith("error"));

describe("bytes that are no requests", () => {
  it("are answered by 400, logged with the peer's address, and end the connection", async () => {
    const answer = await converse("\x01\x03\x01\x02\x00 not http\r\n\r\n", { end: false });
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/u);
    expect(answer).toContain('{"errors":["this is no HTTP request that can be understood"]}');
    expect(server.logged.at(-1)).toMatch(/^warn 127\.0\.0\.1:\d+ broke HTTP/u);
    await lives();
  });

  it("never bring the server down, random ones", async () => {
    await fc.assert(
      fc.asyncProperty(several(fc.uint8Array({ maxLength: 400 })), async (all) => {
        for (const answer of await Promise.all(all.map((bytes) => converse(bytes)))) {
          expect(answer === "" || answer.startsWith("HTTP/1.1 4"), answer).toBe(true);
        }
      }),
      { numRuns: 20 },
    );
    await lives();
    expect(faults()).toEqual([]);
    // Nobody fills the disk by that: the rest is counted.
    expect(server.logged.filter((line) => line.includes("broke HTTP")).length).toBeLessThanOrEqual(10);
  });

  it("never bring the server down, requests that are cut or have a byte changed", async () => {
    const body = JSON.stringify({ "target-directory": "/s" });
    const whole = Buffer.from(
      `POST /jobs/${JOB}/savepoints HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
    expect(await converse(whole)).toMatch(/^HTTP\/1\.1 202 /u);
    await fc.assert(
      fc.asyncProperty(
        several(fc.tuple(fc.nat(whole.length - 1), fc.nat(255), fc.boolean())),
        async (all) => {
          const answers = all.map(([at, byte, cut]) => {
            const bytes = Buffer.from(cut ? whole.subarray(0, at) : whole);
            if (!cut) bytes[at] = byte;
            return converse(bytes);
          });
          for (const answer of await Promise.all(answers)) {
            expect(answer === "" || /^HTTP\/1\.[01] [24]/u.test(answer), answer).toBe(true);
          }
        },
      ),
      { numRuns: 6 },
    );
    await lives();
    expect(faults()).toEqual([]);
  });

  it("are bounded: headers without end, and too many", async () => {
    const long = await converse(
      `GET /overview HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(100_000)}\r\n\r\n`,
    );
    expect(long).toMatch(/^(HTTP\/1\.1 431 |$)/u);
    await lives();
  });
});

describe("requests of any kind", () => {
  const word = fc.oneof(
    fc.constantFrom(
      "jobs",
      JOB,
      "vertices",
      SOURCE,
      "subtasks",
      "0",
      "metrics",
      "checkpoints",
      "..",
      "%2e%2e",
      "%00",
      "%",
      "v1",
      "logs",
      "jars",
      "__proto__",
      "constructor",
      "toString",
    ),
    fc.string({ maxLength: 12 }),
  );

  it("to paths of any words are answered, and never by a fault", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("GET", "POST", "PATCH", "PUT", "OPTIONS"),
        fc.array(word, { maxLength: 8 }),
        async (method, words) => {
          const path = `/${words.join("/")}`.replace(/[\0-\x20\x7f-\uffff"<>\\^`{|}#]/gu, "_");
          const answer = await converse(
            `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
          );
          expect(answer, path).toMatch(/^HTTP\/1\.1 [24]/u);
        },
      ),
      { numRuns: 80 },
    );
    expect(faults()).toEqual([]);
  });

  it("with any JSON are answered, and never by a fault", async () => {
    const routes = Object.entries(REQUESTS).filter(([route]) => /^(POST|PUT) /u.test(route));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...routes),
        fc.oneof(
          fc.jsonValue(),
          fc.dictionary(
            fc.constantFrom(
              "parallelism",
              "jobId",
              "args",
              "drain",
              "triggerId",
              "targetDirectory",
              "savepoint-path",
              SOURCE,
              "toString",
            ),
            fc.jsonValue(),
          ),
        ),
        async ([route, { path }], body) => {
          const response = await server.send(route.slice(0, route.indexOf(" ")), path, body);
          expect(response.status, await response.text()).toBeLessThan(500);
        },
      ),
      { numRuns: 80 },
    );
    expect(faults()).toEqual([]);
  });

  it("with any query are answered, and never by a fault", async () => {
    const routes = Object.values(REQUESTS).filter(({ body, status }) => body === undefined && status === 200);
    const name = fc.constantFrom(
      "get",
      "agg",
      "jobs",
      "subtasks",
      "maxExceptions",
      "type",
      "parallelism",
      "__proto__",
      "x",
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...routes),
        fc.array(fc.tuple(name, fc.string({ maxLength: 10 })), { maxLength: 4 }),
        async ({ path }, pairs) => {
          if (path.includes("flamegraph") || path === "/cluster") return;
          const query = new URLSearchParams(pairs);
          const response = await server.ask("GET", `${path.replace(/\?.*/u, "")}?${query.toString()}`);
          expect(response.status, await response.text()).toBeLessThan(500);
        },
      ),
      { numRuns: 80 },
    );
    expect(faults()).toEqual([]);
  });
});

describe("clients that dawdle", () => {
  it("with their headers are ended", async () => {
    const answer = await converse("GET /overview HTTP/1.1\r\nHost: loc", { end: false, to: impatient });
    expect(answer).toMatch(/^HTTP\/1\.1 408 /u);
  });

  it("with their bodies are ended", async () => {
    const before = impatient.gateway.calls.length;
    const answer = await converse(
      `POST /jobs/${JOB}/stop HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"dr`,
      { end: false, to: impatient },
    );
    expect(answer).not.toMatch(/^HTTP\/1\.1 2/u);
    expect(impatient.gateway.calls).toHaveLength(before);
  });

  it("and are refused before they have sent all are ended", async () => {
    const answer = await converse(
      "POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: 1000\r\n\r\nbegun",
      { end: false, to: impatient },
    );
    expect(answer).toMatch(/^HTTP\/1\.1 4/u);
  });

  it("and read nothing are ended", async () => {
    await using other = await serving(
      { requestTimeout: 200, webTimeout: 100 },
      {
        logs: async () => [{ name: "large.log", bytes: 1e9, modifiedAt: 1 }],
        log: async (_name, _offset, bytes) => new Uint8Array(bytes),
      },
    );
    const socket = createConnection(other.port, "127.0.0.1");
    const begun = Promise.withResolvers<void>();
    socket.on("error", () => undefined);
    socket.once("data", () => {
      socket.pause();
      begun.resolve();
    });
    socket.write("GET /jobmanager/log HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await begun.promise;
    // Who reads nothing learns of it when it writes, which it does less often than the server bears.
    await expect
      .poll(
        () => {
          socket.write("\r\n");
          return socket.destroyed;
        },
        { interval: 400 },
      )
      .toBe(true);
    await expect.poll(() => socket.closed).toBe(true);
    expect(socket.bytesRead).toBeLessThan(1e9);
  });
});

it("holds no more connections than it may", async () => {
  await using small = await serving({ maxConnections: 3 });
  const sockets = Array.from({ length: 6 }, () => createConnection(small.port, "127.0.0.1"));
  for (const socket of sockets) socket.on("error", () => undefined);
  await expect.poll(() => sockets.filter((socket) => socket.closed).length).toBe(3);
  for (const socket of sockets) socket.destroy();
  await expect
    .poll(async () => (await small.ask("GET", "/overview").catch(() => undefined))?.status)
    .toBe(200);
});

it("closes while clients are connected, quiet or half-way", async () => {
  const clock = new ManualClock();
  const closing = await serving({ clock });
  const quiet = createConnection(closing.port, "127.0.0.1");
  const half = createConnection(closing.port, "127.0.0.1");
  for (const socket of [quiet, half]) socket.on("error", () => undefined);
  half.write("POST /jobs HTTP/1.1\r\nHost: loc");
  await closing.ask("GET", "/overview");
  const closed = closing[Symbol.asyncDispose]();
  // As long as those that are half-way may take.
  clock.advance(2000);
  await closed;
  await expect.poll(() => quiet.closed && half.closed).toBe(true);
  await expect(fetch(`${closing.url}/overview`)).rejects.toThrow(/fetch failed/u);
});
