import { ManualClock } from "../../packages/millrace/src/common/clock/manual-clock.ts";
import type { DispatcherGateway } from "../../packages/millrace/src/cluster/job-manager/dispatcher/dispatcher-gateway.ts";
import { buildRestApp } from "../../packages/millrace/src/cluster/job-manager/rest/server/start-rest-server.ts";
import { markdownTable } from "./markdown-table.ts";

/*
 * The reference of the REST API, from the document that the server itself serves.
 */

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  /** Values by any name. */
  readonly additionalProperties?: Schema | false;
  readonly required?: readonly string[];
  readonly description?: string;
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly {
    readonly in: string;
    readonly name: string;
    readonly required?: boolean;
  }[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const { paths, components } = await describe();

/** Every path of the REST API, `/jobs/{jobid}`, and the methods that it takes, in lower case. */
export const restPaths: Readonly<Record<string, Readonly<Record<string, unknown>>>> = paths;

async function describe(): Promise<OpenApi> {
  const gateway = { engineVersion: "millrace" } as DispatcherGateway;
  const { app } = await buildRestApp(gateway, {
    host: "127.0.0.1",
    port: 0,
    tls: undefined,
    token: undefined,
    uploadDirectory: "",
    maxContentLength: 1024 * 1024,
    maxConnections: 1,
    submit: true,
    cancel: true,
    rescale: true,
    flameGraphs: true,
    flameGraphDuration: 1,
    allowOrigin: undefined,
    allowedHosts: [],
    refreshInterval: 1,
    webTimeout: 1,
    uploadTimeout: 1,
    requestTimeout: 1,
    clock: new ManualClock(),
    log: () => undefined,
    ui: undefined,
  });
  const document = app.swagger() as unknown as OpenApi;
  await app.close();
  return document;
}

/** A table for each group of routes. */
export function restRoutesTables(): string {
  const routes = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
    })),
  );
  const groups = Map.groupBy(routes, ({ operation }) => operation.tags[0] ?? "");
  return [...groups]
    .map(
      ([group, members]) =>
        `### ${group}\n\n${markdownTable(["route", "what", "query", "answer"], members.map(row))}`,
    )
    .join("\n\n");
}

function row({ method, path, operation }: { method: string; path: string; operation: Operation }): string[] {
  const { summary, description, parameters = [], requestBody, responses } = operation;
  const query = parameters.filter((each) => each.in === "query").map(({ name }) => `\`${name}\``);
  const [status = "", answer] = Object.entries(responses).find(([status]) => /^\d+$/u.test(status)) ?? [];
  const body = named(requestBody);
  return [
    `\`${method} ${path.replaceAll(/\{(\w+)\}/gu, ":$1")}\``,
    [summary, description]
      .filter((text) => text !== undefined)
      .join(". ")
      .replaceAll("|", "\\|"),
    [...query, ...(body === "" ? [] : [`body: ${body}`])].join(", "),
    [status === "200" ? "" : status, named(answer)].filter((text) => text !== "").join(" "),
  ];
}

/** The name of the schema of a body, with brackets where it is a list of such. */
function named(content: Content | undefined): string {
  const [schema] = Object.values(content?.content ?? {}).map((each) => each.schema);
  if (schema === undefined) return "";
  if (schema.type === "array" && schema.items !== undefined) return `${reference(schema.items)} []`;
  return reference((schema.anyOf ?? [schema]).find(({ $ref }) => $ref !== undefined) ?? schema);
}

const reference = ({ $ref, type }: Schema): string =>
  $ref === undefined ? (type ?? "") : `[${nameOf($ref)}](#${nameOf($ref).toLowerCase()})`;

const nameOf = ($ref: string): string => $ref.replace(/^.*\//u, "");

/** Every schema that a route names, as a type. Those that only others name stand inside them. */
export function restSchemas(): string {
  const used = new Set(
    Object.values(paths)
      .flatMap((operations) => Object.values(operations))
      .flatMap(({ requestBody, responses }) => [requestBody, ...Object.values(responses)])
      .flatMap((content) => [...(named(content).match(/(?<=\[)\w+/gu) ?? [])]),
  );
  // Long lists of words are told once, too.
  for (const [name, schema] of Object.entries(components.schemas))
    if (schema.enum !== undefined) used.add(name);
  return [...used]
    .sort()
    .map((name) => `### ${name}\n\n\`\`\`text\n${typeText({ $ref: name }, "", used, name)}\n\`\`\``)
    .join("\n\n");
}

/** @param used schemas that are told elsewhere @param self the one that is told here */
function typeText(schema: Schema, indent: string, used: ReadonlySet<string>, self?: string): string {
  if (schema.$ref !== undefined) {
    const name = nameOf(schema.$ref);
    const target = components.schemas[name];
    return target === undefined || (used.has(name) && name !== self) ? name : typeText(target, indent, used);
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((word) => JSON.stringify(word)).join(" | ");
  if (schema.anyOf !== undefined) return schema.anyOf.map((each) => typeText(each, indent, used)).join(" | ");
  if (schema.type === "array") {
    const item = typeText(schema.items ?? {}, indent, used);
    const several = schema.items?.anyOf !== undefined || schema.items?.enum !== undefined;
    return several ? `(${item})[]` : `${item}[]`;
  }
  const { additionalProperties: byName } = schema;
  if (typeof byName === "object") return `{ [name]: ${typeText(byName, indent, used)} }`;
  if (schema.properties === undefined || Object.keys(schema.properties).length === 0) {
    return schema.type === "object" ? "{}" : (schema.type ?? "any");
  }
  const inner = `${indent}  `;
  const fields = Object.entries(schema.properties).map(([name, field]) => {
    const mark = schema.required?.includes(name) === true ? "" : "?";
    const comment = field.description === undefined ? "" : `  // ${field.description}`;
    return `${inner}${name}${mark}: ${typeText(field, inner, used)}${comment}`;
  });
  return `{\n${fields.join("\n")}\n${indent}}`;
}
