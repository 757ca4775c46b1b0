import { toTypeInfo, type TypeLike } from "./type-like.ts";
import type { TypeInfo } from "./type-info.ts";

/** The declared type that an optional argument stands for. @throws MillraceError INVALID_TYPE */
export const optionalType = <T>(like: TypeLike<T> | undefined): TypeInfo<T> | undefined =>
  like === undefined ? undefined : toTypeInfo(like);
