import { MillraceError } from "../errors/millrace-error.ts";
import { preview } from "../errors/preview.ts";
import type { TypeInfo, TypeLike } from "./type-info.ts";

/** The declared type that an optional argument stands for. @throws MillraceError INVALID_TYPE */
export function optionalType<T>(like: TypeLike<T> | undefined): TypeInfo<T> | undefined {
  if (like === undefined) return undefined;
  if ("~millrace" in like && like["~millrace"] === "type") return like;
  throw new MillraceError("INVALID_TYPE", `expected a type made by Types or a Standard Schema, got ${preview(like)}`);
}
