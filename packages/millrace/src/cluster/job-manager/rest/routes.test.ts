import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildRestApp } from "./server/start-rest-server.ts";
import { OTHERS, REQUESTS } from "./testing/requests.ts";
import { scriptedGateway } from "./testing/scripted-gateway.ts";
import { restSettingsForTests, serving, type Serving } from "./testing/serving.ts";

let server: Serving;
beforeAll(async () => {
  server = await serving();
});
afterAll(async () => server[Symbol.asyncDispose]());

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

interface Operation {
  readonly summary?: string;
  readonly responses: Readonly<Record<string, unknown>>;
}

describe("the routes", () => {
  it("are these, and each has a request here", async () => {
    const { app, paths } = await buildRestApp(
      scriptedGateway(),
      restSettingsForTests({ uploadDirectory: "unused" }),
    );
    await app.close();
    const golden = await readFile(new URL("./testing/routes.txt", import.meta.url), "utf8");
    expect(paths.list().join("\n")).toBe(golden.trim());
    expect([...Object.keys(REQUESTS), ...OTHERS].sort()).toEqual([...paths.list()].sort());
  });

  it.each(Object.entries(REQUESTS))(
    "%s answers as its schema says, bare and below /v1",
    async (route, { path, body, status }) => {
      const method = route.slice(0, route.indexOf(" "));
      for (const prefix of ["", "/v1"]) {
        const response = await server.send(method, `${prefix}${path}`, body);
        const text = await response.text();
        expect(response.status, `${text}\n${server.logged.join("\n")}`).toBe(status);
        if (response.headers.get("content-type")?.startsWith("application/json") === true) JSON.parse(text);
      }
    },
  );

  it("answer HEAD as GET, without a body", async () => {
    const response = await server.ask("HEAD", "/overview");
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
  });
});

describe("the OpenAPI document", () => {
  it("describes every route, with what it answers and a schema for every reference", async () => {
    const document = (await server.json("/openapi.json")) as Document;
    expect(document.openapi).toBe("3.1.0");
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map(
        (method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/gu, ":$1")}`,
      ),
    );
    expect(described.sort()).toEqual([...Object.keys(REQUESTS), ...OTHERS].sort());
    for (const operation of Object.values(document.paths).flatMap((operations) =>
      Object.values(operations),
    )) {
      expect(operation.summary).toBeTruthy();
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(["4XX", "5XX"]));
    }
    const text = JSON.stringify(document);
    const names = [...text.matchAll(/#\/components\/schemas\/(\w+)/gu)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(100);
    for (const name of names) expect(document.components.schemas).toHaveProperty(name!);
  });

  it("gives each schema one meaning", async () => {
    const meanings = new Map<string, string>();
    const ambiguous: string[] = [];
    const modules = await Promise.all(
      [
        "checkpoints",
        "cluster",
        "io-metrics",
        "jars",
        "jobs",
        "metrics",
        "operations",
        "plan",
        "rescales",
        "schema-parts",
        "task-managers",
        "vertices",
      ].map((name) => import(`../../../protocol/rest/${name}.ts`) as Promise<Record<string, unknown>>),
    );
    const visit = (node: unknown): void => {
      if (typeof node !== "object" || node === null) return;
      const { title, type } = node as { title?: unknown; type?: unknown };
      if (typeof title === "string" && type !== undefined) {
        const meaning = JSON.stringify(node);
        if ((meanings.get(title) ?? meaning) !== meaning) ambiguous.push(title);
        meanings.set(title, meaning);
      }
      for (const inner of Object.values(node)) visit(inner);
    };
    for (const module of modules) for (const value of Object.values(module)) visit(value);
    expect(ambiguous).toEqual([]);
    expect(meanings.size).toBeGreaterThan(80);
  });
});
