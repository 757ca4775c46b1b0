import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import type { TypeInfo, TypeLike, ValidationResult } from "../../common/types/type-info.ts";

/**
 * The type behind an option `schema`: one made by `Types` as it is; a Standard Schema (zod's, for instance) as a type of any
 * plain data that the schema checks and converts.
 *
 * @throws MillraceError INVALID_TYPE for anything else
 */
export function schemaType<T>(schema: TypeLike<T> | undefined, connector: string): TypeInfo<T> | undefined {
  if (schema === undefined) return undefined;
  if (typeof schema === "object" || typeof schema === "function") {
    if (schema !== null && "~millrace" in schema) return schema;
    if (schema !== null && "~standard" in schema) return foreignType(schema);
  }
  throw new MillraceError(
    "INVALID_TYPE",
    `${connector}: option schema: expected a type made by Types or a Standard Schema, got ${preview(schema)}`,
  );
}

function foreignType<T>(schema: Exclude<TypeLike<T>, TypeInfo<T>>): TypeInfo<T> {
  const standard = schema["~standard"];
  const validate = (value: unknown): ValidationResult<T> => {
    const result = standard.validate(value);
    if (result instanceof Promise) {
      throw new MillraceError("INVALID_TYPE", `the schema of ${standard.vendor} validates asynchronously`, {
        help: "Records are checked synchronously: leave out what is asynchronous, and do it in an asyncMap.",
      });
    }
    if (result.issues === undefined) return { ok: true, value: result.value };
    return {
      ok: false,
      issues: result.issues.map((issue) => ({
        path: (issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join("."),
        message: issue.message,
      })),
    };
  };
  return { "~millrace": "type", description: { kind: "any" }, customs: new Map(), validate };
}
