import { createConnection } from "node:net";
import { readdir, readFile } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { harmless } from "./server/receive-upload.ts";
import { scriptedGateway } from "./testing/scripted-gateway.ts";
import { serving, type Serving } from "./testing/serving.ts";

const LIMIT = 64 * 1024;
let server: Serving;
let received: { path: string; name: string; text: string }[];

beforeAll(async () => {
  server = await serving(
    { maxContentLength: LIMIT },
    {
      addArtifact: async (upload) => {
        received.push({ ...upload, text: await readFile(upload.path, "utf8") });
        if (upload.name === "bad.mjs") throw new MillraceError("JOB_MODULE_INVALID", "this is no artifact");
        return scriptedGateway().addArtifact(upload);
      },
    },
  );
});
afterAll(async () => server[Symbol.asyncDispose]());
beforeEach(() => {
  received = [];
});

function form(parts: readonly (readonly [string, string | Blob, string?])[]): FormData {
  const data = new FormData();
  for (const [part, content, name] of parts) {
    if (typeof content === "string") data.append(part, content);
    else data.append(part, content, name);
  }
  return data;
}

const upload = (parts: Parameters<typeof form>[0]): Promise<Response> =>
  server.ask("POST", "/jars/upload", { body: form(parts) });
const errors = async (response: Response): Promise<string> =>
  ((await response.json()) as { errors: string[] }).errors.join("\n");
const left = async (of = server): Promise<string[]> => readdir(of.uploads).catch(() => []);

describe("uploads", () => {
  it("arrive as they are, and answer where they went", async () => {
    const text = `// job\n${"x".repeat(LIMIT - 100)}`;
    const response = await upload([["jarfile", new Blob([text]), "job.mjs"]]);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ filename: `/jars/${"0".repeat(64)}_job.mjs`, status: "success" });
    expect(received.map(({ name }) => name)).toEqual(["job.mjs"]);
    expect(received[0]?.text).toBe(text);
    expect(received[0]?.path.startsWith(server.uploads)).toBe(true);
    // The gateway of this test takes no file away.
    expect(await left()).toEqual([]);
  });

  it("leave nothing behind when the gateway refuses them, and are logged", async () => {
    const response = await upload([["jarfile", new Blob(["x"]), "bad.mjs"]]);
    expect([response.status, await errors(response)]).toEqual([400, "this is no artifact"]);
    expect(await left()).toEqual([]);
    expect(server.logged.join("\n")).toMatch(/warn refused an upload of 127\.0\.0\.1/u);
  });

  it.each([
    ["no parts", [], /no file/u],
    ["a text", [["jarfile", "text"]], /there is another part, "jarfile"/u],
    ["another part", [["file", new Blob(["x"]), "x.mjs"]], /another part, "file"/u],
    [
      "two files",
      [
        ["jarfile", new Blob(["x"]), "a.mjs"],
        ["jarfile", new Blob(["y"]), "b.mjs"],
      ],
      /two parts/u,
    ],
    [
      "a field first",
      [
        ["name", "x"],
        ["jarfile", new Blob(["x"]), "a.mjs"],
      ],
      /another part, "name"/u,
    ],
    ["a part of a prototype's name", [["constructor", new Blob(["x"]), "a.mjs"]], /multipart/u],
  ] as [string, Parameters<typeof form>[0], RegExp][])("with %s are refused", async (_what, parts, text) => {
    const response = await upload(parts);
    expect(response.status).toBe(400);
    expect(await errors(response)).toMatch(text);
    expect(received).toEqual([]);
    await expect.poll(() => left()).toEqual([]);
  });

  it("that are too large are refused, told their size before or not", async () => {
    const large = new Blob(["x".repeat(LIMIT + 1)]);
    const response = await upload([["jarfile", large, "job.mjs"]]);
    expect([response.status, await errors(response)]).toEqual([
      413,
      `the artifact is larger than rest.server.max-content-length, ${LIMIT} bytes`,
    ]);
    expect(await left()).toEqual([]);
    const announced = await converse(
      "POST /jars/upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 999999999\r\n\r\n",
      server,
    );
    expect(announced).toMatch(/^HTTP\/1\.1 413 /u);
    expect(received).toEqual([]);
  });

  it("of another type are refused", async () => {
    const post = (type: string): Promise<Response> =>
      server.ask("POST", "/jars/upload", { body: "x", headers: { "content-type": type } });
    expect((await post("application/java-archive")).status).toBe(415);
    expect((await post("application/json")).status).toBe(400);
    expect((await post("multipart/form-data")).status).toBe(415);
    expect((await post("multipart/form-data; boundary=")).status).toBe(400);
    expect((await post("multipart/form-data; boundary=b")).status).toBe(400);
  });

  it("that break off, or don't end in time, leave nothing behind", async () => {
    const head =
      'POST /jars/upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 9999\r\n\r\n--b\r\nContent-Disposition: form-data; name="jarfile"; filename="j.mjs"\r\n\r\nbegun';
    const socket = createConnection(server.port, "127.0.0.1");
    socket.write(head);
    await expect.poll(() => left()).toHaveLength(1);
    socket.destroy();
    await expect.poll(() => left()).toEqual([]);
    await using hasty = await serving(
      { uploadTimeout: 100, requestTimeout: 200 },
      { addArtifact: () => expect.unreachable() },
    );
    expect(await converse(head, hasty)).toMatch(/^HTTP\/1\.1 408 /u);
    await expect.poll(() => left(hasty)).toEqual([]);
    expect(received).toEqual([]);
    expect((await server.ask("GET", "/overview")).status).toBe(200);
    await expect.poll(async () => (await hasty.ask("GET", "/overview")).status).toBe(200);
  });
});

describe("names of uploads", () => {
  it.each([
    ["job.mjs", "job.mjs"],
    ["../../etc/passwd", "passwd"],
    ["C:\\jobs\\a b.mjs", "a_b.mjs"],
    ["..", "job.mjs"],
    [".hidden", "hidden"],
    ["-rf", "rf"],
    ["a\u0000b\r\n.mjs", "a_b_.mjs"],
    ["größe.mjs", "gr_e.mjs"],
    ["", "job.mjs"],
    [undefined, "job.mjs"],
    ["x".repeat(300), "x".repeat(100)],
  ])("%j becomes %j", (given, name) => expect(harmless(given)).toBe(name));
});

/** Sends bytes, and reads until the server ends the connection. */
function converse(bytes: string, { port }: Serving): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = createConnection(port, "127.0.0.1");
  let answer = "";
  socket.setEncoding("latin1");
  socket.on("data", (data) => (answer += String(data)));
  socket.on("error", () => undefined);
  socket.on("close", () => resolve(answer));
  socket.write(bytes);
  return promise;
}
