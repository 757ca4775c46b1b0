import type { TypeInfo } from "../../common/types/type-info.ts";
import { toTypeInfo, type TypeLike } from "../../common/types/type-like.ts";

/**
 * The type behind an option `schema`: one made by `Types`, or a Standard Schema (zod's, for instance), whose own validation
 * checks and converts what comes.
 *
 * @throws MillraceError INVALID_TYPE for anything else
 */
export function schemaType<T>(schema: TypeLike<T> | undefined): TypeInfo<T> | undefined {
  return schema === undefined ? undefined : toTypeInfo(schema);
}
