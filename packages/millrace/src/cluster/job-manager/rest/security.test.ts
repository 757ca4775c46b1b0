import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request, type IncomingMessage } from "node:http";
import { request as secureRequest, type RequestOptions } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseProcessSettings } from "./testing/parse-settings.ts";
import { SystemClock } from "../../../common/clock/system-clock.ts";
import { createAuthority } from "../../transport/testing/certificates.ts";
import { restSettings } from "./rest-settings.ts";
import { JOB } from "./testing/sample-job.ts";
import { ARTIFACT } from "./testing/scripted-gateway.ts";
import { serving, type Serving } from "./testing/serving.ts";

const TOKEN = "s3cret-Token";
const bearer = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });

describe("tokens", () => {
  it("are asked for on every route, by whatever method, also where there is nothing", async () => {
    await using server = await serving({ token: TOKEN });
    for (const [method, path] of [
      ["GET", "/overview"],
      ["HEAD", "/overview"],
      ["GET", "/v1/jobs"],
      ["POST", "/jars/upload"],
      ["POST", `/jars/${ARTIFACT}/run`],
      ["DELETE", "/cluster"],
      ["GET", "/metrics"],
      ["GET", "/openapi.json"],
      ["GET", "/nothing"],
      ["OPTIONS", "/jobs"],
    ] as const) {
      const response = await server.ask(method, path);
      expect(response.status, `${method} ${path}`).toBe(401);
      expect(response.headers.get("www-authenticate")).toBe('Bearer realm="millrace"');
    }
    expect(server.gateway.calls).toEqual([]);
  });

  it.each([
    ["Bearer wrong", 401],
    [`Bearer ${TOKEN}x`, 401],
    [`Bearer ${TOKEN.slice(0, -1)}`, 401],
    [`Basic ${TOKEN}`, 401],
    [TOKEN, 401],
    ["Bearer ", 401],
    [`Bearer ${TOKEN}`, 200],
    [`bearer ${TOKEN}`, 200],
  ])("%s is answered with %i", async (authorization, status) => {
    await using server = await serving({ token: TOKEN });
    const response = await server.ask("GET", "/overview", { headers: { authorization } });
    expect(response.status).toBe(status);
    expect(await response.text()).not.toContain(TOKEN);
    expect(server.logged.join("\n")).not.toContain(TOKEN);
  });

  it("are refused before a body is read", async () => {
    await using server = await serving({ token: TOKEN });
    const body = "x".repeat(5_000_000);
    for (let i = 0; i < 5; i++) {
      const init = { body, headers: { "content-type": "text/xml" } };
      expect((await server.ask("POST", `/jars/${ARTIFACT}/run`, init)).status).toBe(401);
      expect((await server.ask("POST", "/jars/upload", init)).status).toBe(401);
    }
    expect((await server.ask("GET", "/overview", bearer(TOKEN))).status).toBe(200);
  });

  it("come from a setting or a file, not from both", async () => {
    const folder = await mkdtemp(join(tmpdir(), "millrace-token-"));
    const file = join(folder, "token");
    const surroundings = {
      tls: undefined,
      uploadDirectory: folder,
      clock: new SystemClock(),
      log: () => undefined,
    };
    const load = (values: Readonly<Record<string, unknown>>): ReturnType<typeof restSettings> =>
      restSettings(parseProcessSettings(values), surroundings);
    await writeFile(file, `${TOKEN}\n`);
    expect((await load({ "security.rest.token-file": file })).token).toBe(TOKEN);
    expect((await load({ "security.rest.token": "other" })).token).toBe("other");
    const settings = await load({ "rest.allowed-hosts": " One.example , two.example," });
    expect(settings).toMatchObject({
      token: undefined,
      allowedHosts: ["one.example", "two.example"],
      port: 8081,
      host: "127.0.0.1",
      submit: true,
      allowOrigin: undefined,
    });
    await expect(
      load({ "security.rest.token-file": file, "security.rest.token": "x" }),
    ).rejects.toMatchObject({ code: "INVALID_OPTION" });
    await expect(load({ "security.rest.token-file": join(folder, "none") })).rejects.toThrow(
      /can't be read/u,
    );
    await writeFile(file, "two words");
    await expect(load({ "security.rest.token-file": file })).rejects.toThrow(/holds no token/u);
    await expect(load({ "security.rest.token": "tw\u00f6" })).rejects.toThrow(
      /security\.rest\.token holds no token: one line/u,
    );
    await writeFile(file, "");
    await expect(load({ "security.rest.token-file": file })).rejects.toThrow(/holds no token/u);
    await rm(folder, { recursive: true });
  });
});

/** A request with headers that fetch doesn't let through. */
function raw(
  server: Serving,
  method: string,
  path: string,
  headers: Record<string, string>,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request({ host: "127.0.0.1", port: server.port, method, path, headers }, (response) => {
    response.resume();
    resolve(response);
  })
    .on("error", reject)
    .end();
  return promise;
}

describe("web pages of others", () => {
  it("can't call, whatever they ask", async () => {
    await using server = await serving();
    for (const headers of [
      { origin: "https://evil.example" },
      { origin: "null" },
      { origin: `http://127.0.0.1:${server.port + 1}` },
      { origin: "http://[", host: "[" },
      { origin: "http://127.0.0.1", host: "[::1" },
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
    ]) {
      const response = await raw(server, "POST", `/jars/${ARTIFACT}/run`, headers);
      expect(response.statusCode, JSON.stringify(headers)).toBe(403);
      expect(response.headers).not.toHaveProperty("access-control-allow-origin");
    }
    expect(server.gateway.calls).toEqual([]);
    const own = { origin: `http://127.0.0.1:${server.port}` };
    expect((await raw(server, "GET", "/overview", own)).statusCode).toBe(200);
  });

  it("can't pretend that the machine has a name of theirs", async () => {
    await using server = await serving({ allowedHosts: ["flink.corp.example"] });
    const status = async (host: string): Promise<number | undefined> =>
      (await raw(server, "GET", "/overview", { host })).statusCode;
    expect(await status("evil.example")).toBe(403);
    expect(await status("evil.example:8081")).toBe(403);
    expect(await status("localhost.evil.example")).toBe(403);
    for (const host of [
      "localhost",
      "localhost:8081",
      "127.0.0.1:1",
      "[::1]:8081",
      "app.localhost",
      "Flink.corp.example:443",
    ]) {
      expect(await status(host), host).toBe(200);
    }
    await using guarded = await serving({ token: TOKEN });
    expect(
      (await raw(guarded, "GET", "/overview", { host: "proxy.example", authorization: `Bearer ${TOKEN}` }))
        .statusCode,
    ).toBe(200);
  });

  it("of the origin that is allowed can, with what browsers ask first", async () => {
    const origin = "https://tools.example";
    await using server = await serving({ allowOrigin: origin, token: TOKEN });
    const preflight = await raw(server, "OPTIONS", `/jobs/${JOB}`, {
      origin,
      "access-control-request-method": "PATCH",
    });
    expect(preflight.statusCode).toBe(204);
    expect(preflight.headers).toMatchObject({
      "access-control-allow-origin": origin,
      "access-control-allow-methods": expect.stringContaining("PATCH"),
      "access-control-allow-headers": expect.stringContaining("authorization"),
    });
    const answer = await raw(server, "GET", "/overview", { origin, authorization: `Bearer ${TOKEN}` });
    expect([answer.statusCode, answer.headers["access-control-allow-origin"]]).toEqual([200, origin]);
    // Refusals can be read, too.
    const refused = await raw(server, "GET", "/overview", { origin });
    expect([refused.statusCode, refused.headers["access-control-allow-origin"]]).toEqual([401, origin]);
    expect(
      (
        await raw(server, "GET", "/overview", {
          origin: "https://evil.example",
          authorization: `Bearer ${TOKEN}`,
        })
      ).statusCode,
    ).toBe(403);
  });

  it("are asked nothing first where none is allowed", async () => {
    await using server = await serving();
    const asked = { origin: `http://127.0.0.1:${server.port}`, "access-control-request-method": "PATCH" };
    const response = await raw(server, "OPTIONS", `/jobs/${JOB}`, asked);
    expect(response.statusCode).toBe(405);
    expect(response.headers).not.toHaveProperty("access-control-allow-origin");
  });
});

describe("the dashboard's files", () => {
  const files: Readonly<Record<string, string>> = { "/index.html": "<!doctype html>", "/app-1f.js": "1" };
  const ui = (path: string) => {
    const body = Object.hasOwn(files, path) ? files[path] : undefined;
    return body === undefined
      ? undefined
      : {
          contentType: path.endsWith("js") ? "text/javascript" : "text/html",
          body,
          immutable: path.includes("-"),
        };
  };

  it("are served without a token, beside the API", async () => {
    await using server = await serving({ ui, token: TOKEN });
    const index = await server.ask("GET", "/");
    expect([index.status, await index.text(), index.headers.get("content-type")]).toEqual([
      200,
      "<!doctype html>",
      "text/html",
    ]);
    expect(index.headers.get("cache-control")).toBe("no-cache");
    expect(index.headers.get("content-security-policy")).toContain("default-src 'self'");
    expect((await server.ask("GET", "/app-1f.js?x=1")).headers.get("cache-control")).toContain("immutable");
    expect((await server.ask("HEAD", "/")).status).toBe(200);
    expect((await server.ask("GET", "/overview")).status).toBe(401);
    expect((await server.ask("GET", "/other.js")).status).toBe(401);
    expect((await server.ask("POST", "/")).status).toBe(401);
    expect((await server.ask("GET", "/other.js", bearer(TOKEN))).status).toBe(404);
    expect((await server.ask("GET", "/%2e%2e/package.json", bearer(TOKEN))).status).toBe(404);
  });
});

describe("TLS", () => {
  const authority = createAuthority("rest test");
  const other = createAuthority("somebody else");
  /** One file holds both. */
  const identity = (pem: string) => ({ key: pem, cert: pem });
  const own = identity(authority.issue("localhost"));

  function secure(server: Serving, options: RequestOptions): Promise<number | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    secureRequest(
      { host: "127.0.0.1", servername: "localhost", port: server.port, path: "/overview", ...options },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    )
      .on("error", reject)
      .end();
    return promise;
  }

  it("is spoken with the certificate that is given, and nothing else is", async () => {
    await using server = await serving({ tls: own });
    expect(server.url).toMatch(/^https:/u);
    expect(await secure(server, { ca: authority.certificate })).toBe(200);
    await expect(secure(server, { ca: other.certificate })).rejects.toThrow(/certificate/iu);
    await expect(raw(server, "GET", "/overview", {})).rejects.toThrow(/socket hang up|ECONNRESET/u);
    expect(await secure(server, { ca: authority.certificate })).toBe(200);
  });

  it("asks clients for certificates where it is mutual", async () => {
    const tls = { ...own, ca: authority.certificate, requestCert: true, rejectUnauthorized: true };
    await using server = await serving({ tls });
    expect(await secure(server, { ca: authority.certificate, ...identity(authority.issue("client")) })).toBe(
      200,
    );
    await expect(secure(server, { ca: authority.certificate })).rejects.toThrow(
      /certificate|alert|socket|ECONNRESET|EPIPE/iu,
    );
    await expect(
      secure(server, { ca: authority.certificate, ...identity(other.issue("client")) }),
    ).rejects.toThrow(/certificate|alert|socket|ECONNRESET|EPIPE/iu);
  });
});

it("warns where it listens to others and asks for nothing", async () => {
  const warned = (server: Serving): boolean =>
    server.logged.some((line) => line.startsWith("warn the REST API listens"));
  await using open = await serving({ host: "0.0.0.0" });
  expect(warned(open)).toBe(true);
  await using guarded = await serving({ host: "0.0.0.0", token: TOKEN });
  expect(guarded.logged.join("\n")).toContain("warn the REST API listens on 0.0.0.0 without TLS");
  await using local = await serving();
  expect(warned(local)).toBe(false);
});

it("shows no secrets in any answer", async () => {
  await using server = await serving({ token: TOKEN });
  for (const path of ["/jobmanager/config", `/jobs/${JOB}/config`, "/jobmanager/environment", "/config"]) {
    const text = await (await server.ask("GET", path, bearer(TOKEN))).text();
    expect(text).not.toContain(TOKEN);
  }
});
