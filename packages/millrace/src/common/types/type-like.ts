import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";
import { MillraceError } from "../errors/millrace-error.ts";
import { preview } from "../errors/preview.ts";
import { describeJsonSchema } from "./json-schema.ts";
import { fieldPath } from "./plain-object.ts";
import type { TypeDescription } from "./type-description.ts";
import type { TypeInfo, ValidationResult } from "./type-info.ts";

/**
 * A declared type: one made by `Types`, or a Standard Schema (zod 4, valibot, arktype), whose output type is the
 * record's.
 */
// `any`, because a schema's input type does not matter here.
export type TypeLike<T> = TypeInfo<T> | StandardSchemaV1<any, T>;

/**
 * The TypeInfo of a declared type. A Standard Schema that can describe itself (`~standard.jsonSchema`, as zod 4 does)
 * gets a codec of its own; any other is carried self-describing. Its own validation stays in `validate`.
 *
 * @throws INVALID_TYPE when it is neither
 * @example `toTypeInfo(z.object({ id: z.int(), tags: z.array(z.string()) }))`
 */
export function toTypeInfo<T>(type: TypeLike<T>): TypeInfo<T> {
  // Schemas may be functions (arktype's are).
  if ((typeof type === "object" && type !== null) || typeof type === "function") {
    if ("~millrace" in type && type["~millrace"] === "type") return type;
    if ("~standard" in type) return fromStandardSchema(type);
  }
  throw new MillraceError(
    "INVALID_TYPE",
    `expected a type made by Types or a Standard Schema, got ${preview(type)}`,
    {
      help: "Declare it with Types.object({...}), or pass a schema of zod 4 or another Standard Schema library.",
    },
  );
}

function fromStandardSchema<T>(schema: StandardSchemaV1<unknown, T>): TypeInfo<T> {
  const standard = schema["~standard"];
  if (standard.version !== 1 || typeof standard.validate !== "function") {
    throw new MillraceError(
      "INVALID_TYPE",
      `expected a Standard Schema of version 1, got version ${preview(standard.version)}`,
    );
  }
  return Object.freeze({
    "~millrace": "type" as const,
    description: describeStandard(standard),
    customs: new Map(),
    validate: (value: unknown) => validated(standard, value),
  });
}

function describeStandard(standard: StandardSchemaV1.Props<unknown, unknown>): TypeDescription {
  const converter = (standard as Partial<StandardJSONSchemaV1.Props>).jsonSchema;
  if (converter === undefined) return { kind: "any" };
  try {
    // zod throws for dates, bigints and transformations otherwise; carried as `any`, the rest of the object is still known.
    return describeJsonSchema(
      converter.output({ target: "draft-2020-12", libraryOptions: { unrepresentable: "any" } }),
    );
  } catch {
    return { kind: "any" };
  }
}

function validated<T>(standard: StandardSchemaV1.Props<unknown, T>, value: unknown): ValidationResult<T> {
  const result = standard.validate(value);
  if ("then" in result) {
    // Nobody will wait for it.
    result.then(undefined, () => undefined);
    throw new MillraceError("INVALID_TYPE", `the schema of ${standard.vendor} validates asynchronously`, {
      help: "Records are checked synchronously: remove async refinements and transformations from the schema.",
    });
  }
  if (result.issues === undefined) return { ok: true, value: result.value };
  return {
    ok: false,
    issues: result.issues.map(({ path, message }) => ({ path: pathText(path ?? []), message })),
  };
}

function pathText(path: readonly (PropertyKey | StandardSchemaV1.PathSegment)[]): string {
  return path.reduce<string>((text, segment) => {
    const key = typeof segment === "object" ? segment.key : segment;
    return typeof key === "number" ? `${text}[${key}]` : fieldPath(text, String(key));
  }, "");
}
