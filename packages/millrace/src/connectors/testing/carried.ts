import { createValueCodec } from "../../common/codec/value-codec.ts";

const codec = createValueCodec<unknown>(undefined, { unique: "carried" });

/**
 * A value as it comes out of a checkpoint: it crosses threads by structured cloning, and stands in files as the self-describing codec
 * writes it. Throws for what is not plain data.
 */
export function carried<V>(value: V): V {
  return codec.decode(codec.encode(structuredClone(value))) as V;
}
