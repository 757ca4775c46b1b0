import swagger from "@fastify/swagger";
import { ErrorResponse } from "../../../../protocol/rest/schema-parts.ts";
import type { RestApp } from "./rest-app.ts";

interface OpenApiDocument {
  readonly paths?: Record<string, unknown>;
  components?: { schemas?: Record<string, unknown> };
}

/** Describes all routes that are added after it, as OpenAPI. Without it the document can't be asked for. */
export async function describeRoutes(app: RestApp, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Millrace REST API",
        version,
        description:
          "Paths, fields and words of Apache Flink's REST API v1. Each path is also served below /v1. Times are ms since the epoch, sizes bytes.",
      },
      servers: [{ url: "/" }, { url: "/v1" }],
      components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
      security: [{ token: [] }, {}],
    },
    transform: ({ schema, url }) => ({
      url,
      schema: schema === undefined ? { hide: true } : { ...schema, response: responses(schema["response"]) },
    }),
    transformObject: (document) =>
      named(
        ("openapiObject" in document ? document.openapiObject : document.swaggerObject) as OpenApiDocument,
      ) as never,
  });
}

/** Every route may refuse; what is read as a file has no schema of its own. */
const responses = (own: unknown): Record<string, unknown> => {
  const declared = Object.entries((own ?? {}) as Record<string, object>).map(([status, schema]) => [
    status,
    { description: "the answer", ...schema },
  ]);
  return {
    ...Object.fromEntries(declared),
    "4xx": { description: "a refusal", ...ErrorResponse },
    "5xx": { description: "a failure", ...ErrorResponse },
  };
};

/** Schemas that have a title are told once, and referred to by it. */
function named(document: OpenApiDocument): OpenApiDocument {
  const schemas: Record<string, unknown> = {};
  const visit = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(visit);
    if (typeof node !== "object" || node === null) return node;
    const inner = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, visit(value)]));
    const { title } = inner as { title?: unknown };
    if (typeof title !== "string" || !("type" in inner)) return inner;
    schemas[title] = inner;
    return { $ref: `#/components/schemas/${title}` };
  };
  const paths = visit(document.paths ?? {}) as Record<string, unknown>;
  return {
    ...document,
    paths,
    components: { ...document.components, schemas: { ...document.components?.schemas, ...schemas } },
  };
}
