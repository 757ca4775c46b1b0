import type { TypeInfo } from "../types/type-info.ts";
import { Types } from "../types/types.ts";
import type { ValueCodec } from "./frame-codec.ts";
import { createValueCodec } from "./value-codec.ts";

/**
 * The codec of batches of records on their way from a collect sink to the client: arrays of the records' type, or of any plain
 * data without one. Both ends make it with the same type.
 *
 * @param unique tells this codec from all others of the process, e.g. "collect-0"
 * @example `createBatchCodec(Types.int, "collect-0").decode(bytes) // number[]`
 */
export function createBatchCodec<T>(type: TypeInfo<T> | undefined, unique: string): ValueCodec<T[]> {
  // Without a type the records are any plain data, which only the caller can call T.
  const element = type ?? (Types.any as TypeInfo<T>);
  return createValueCodec(Types.array(element), { unique });
}
