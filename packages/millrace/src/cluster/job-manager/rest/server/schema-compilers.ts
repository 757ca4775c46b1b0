import { Compile } from "typebox/compile";
import type { TSchema } from "typebox";
import type { FastifySchemaCompiler } from "fastify";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { preview } from "../../../../common/errors/preview.ts";

/*
 * Checks requests and answers by the schemas of `protocol/rest`. Checks are compiled when they are needed first: a server starts without
 * compiling a hundred of them.
 */

type Check = ReturnType<typeof Compile>;

const checks = new WeakMap<object, Check>();

function checkOf(schema: object): Check {
  const known = checks.get(schema);
  if (known !== undefined) return known;
  const compiled = Compile(schema as TSchema);
  checks.set(schema, compiled);
  return compiled;
}

const PARTS: Readonly<Record<string, string>> = {
  body: "the body",
  querystring: "the query",
  params: "the path",
  headers: "the headers",
};

/** Refuses, in words, what doesn't fit. Texts of queries and paths become numbers, booleans and lists where the schema says so. */
export const validatorCompiler: FastifySchemaCompiler<unknown> = ({ schema, httpPart }) => {
  const part = httpPart ?? "body";
  const fields = (schema as { properties?: Record<string, FieldSchema> }).properties ?? {};
  return (data: unknown) => {
    const value = part === "body" ? data : fromText(data as Record<string, unknown>, fields);
    const check = checkOf(schema as object);
    if (check.Check(value)) return { value };
    return { error: new MillraceError("INVALID_ARGUMENT", problem(check, value, part, fields)) };
  };
};

/** Answers that don't fit their schema are a fault of ours: they are not sent. */
export const serializerCompiler = ({ schema }: { schema: unknown }) => {
  return (data: unknown): string => {
    // Fields that are undefined are left out, as JSON does; the check sees what is sent.
    const text = JSON.stringify(data);
    const check = checkOf(schema as object);
    const sent: unknown = JSON.parse(text);
    if (check.Check(sent)) return text;
    const [first] = check.Errors(sent);
    throw new MillraceError(
      "INTERNAL",
      `an answer does not fit its schema: ${first?.instancePath ?? ""} ${first?.message ?? ""}`,
    );
  };
};

interface FieldSchema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly items?: FieldSchema;
}

function fromText(
  texts: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, FieldSchema>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => {
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
      return [name, field === undefined ? text : convert(text, field)];
    }),
  );
}

function convert(value: unknown, field: FieldSchema): unknown {
  if (field.type === "array") {
    const texts = (Array.isArray(value) ? value : [value]).flatMap((each: unknown) =>
      String(each).split(","),
    );
    const { items } = field;
    return texts
      .filter((text) => text !== "")
      .map((text) => (items === undefined ? text : convert(text, items)));
  }
  if (typeof value !== "string") return value;
  if (field.type === "integer" && /^-?\d{1,15}$/u.test(value)) return Number(value);
  if (field.type === "boolean" && /^(true|false)$/iu.test(value)) return value.toLowerCase() === "true";
  if (field.enum !== undefined) {
    return field.enum.find((word) => word.toLowerCase() === value.toLowerCase()) ?? value;
  }
  return value;
}

/** The first thing that is wrong, by name. */
function problem(
  check: Check,
  value: unknown,
  part: string,
  fields: Readonly<Record<string, FieldSchema>>,
): string {
  const where = PARTS[part] ?? part;
  const errors = check.Errors(value);
  const unknown = errors.find(({ keyword }) => keyword === "additionalProperties");
  if (unknown !== undefined) {
    const names = (unknown.params as { additionalProperties: readonly string[] }).additionalProperties;
    const known = unknown.instancePath === "" ? Object.keys(fields) : [];
    const hint =
      known.length > 0
        ? `; known are ${known.join(", ")}`
        : unknown.instancePath === ""
          ? "; it takes none"
          : "";
    return `${where} has no ${unknown.instancePath === "" ? "" : `${unknown.instancePath} `}${names.map((name) => preview(name)).join(", ")}${hint}`;
  }
  // Of a value that may also be null, what it must be says more than that it is not null.
  const first = errors.find(
    ({ keyword, params }) => keyword !== "boolean" && (params as { type?: unknown }).type !== "null",
  );
  if (first === undefined) return `${where} is not what is expected`;
  const path = first.instancePath.replace(/^\//u, "").replaceAll("/", ".");
  const subject =
    path === ""
      ? where
      : `${part === "body" ? "the body's" : part === "params" ? "the path's" : "the query's"} ${path}`;
  const allowed = (first.params as { allowedValues?: readonly unknown[] }).allowedValues;
  const expected = allowed === undefined ? first.message : `must be one of ${allowed.join(", ")}`;
  const got =
    part === "body" && path === "" && first.keyword === "required"
      ? ""
      : `; got ${preview(at(value, first.instancePath))}`;
  return `${subject} ${expected}${got}`;
}

function at(value: unknown, path: string): unknown {
  return path
    .split("/")
    .slice(1)
    .reduce<unknown>(
      (inner, key) =>
        typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>)[key] : undefined,
      value,
    );
}
