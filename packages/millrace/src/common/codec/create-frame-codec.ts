import type { TypeInfo } from "../types/type-info.ts";
import { canGenerateCode } from "./compile.ts";
import type { FrameCodec } from "./frame-codec.ts";
import { createGeneratedCodec } from "./generated-codec.ts";
import { createInterpretedCodec } from "./interpreted-codec.ts";
import { ShapeCache } from "./shape.ts";
import { ShapeDecoder } from "./shape-decoder.ts";
import { ShapeEncoder } from "./shape-encoder.ts";

/** How a frame codec is made. */
export interface FrameCodecOptions {
  /** Tells this codec from all others of the process (job, edge); it names generated code in stack traces and profiles. */
  readonly unique: string;
  /**
   * Whether code is generated. Default: where the process allows it (not under
   * `--disallow-code-generation-from-strings`). Without it the same bytes are written and read some ten times slower.
   */
  readonly generate?: boolean;
}

/**
 * The codec of an edge. A declared type gets code generated from its description, which checks each record as it writes
 * it; without a type, code is generated from the shapes of the records that come. The bytes are described in
 * `docs/formats/frame-block.md`.
 *
 * @example
 * ```ts
 * const codec = createFrameCodec(Types.object({ id: Types.int }), { unique: "orders/edge-1" });
 * const encoder = codec.createEncoder();
 * encoder.begin(bytes, 0, bytes.length);
 * encoder.writeRecord({ id: 1 }, 1_700_000_000_000);
 * const length = encoder.finish();
 * ```
 */
export function createFrameCodec<T>(
  type: TypeInfo<T> | undefined,
  options: FrameCodecOptions,
): FrameCodec<T> {
  const generate = (options.generate ?? true) && canGenerateCode();
  if (type === undefined) {
    const cache = new ShapeCache(options.unique, generate);
    return {
      createEncoder: () => new ShapeEncoder<T>(cache),
      createDecoder: () => new ShapeDecoder<T>(cache),
    };
  }
  return generate ? createGeneratedCodec(type, options.unique) : createInterpretedCodec(type);
}
