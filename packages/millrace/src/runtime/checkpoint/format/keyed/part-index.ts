import type { ValueCodec } from "../../../../common/codec/frame-codec.ts";
import { createValueCodec } from "../../../../common/codec/value-codec.ts";
import { MAX_WATERMARK, MIN_WATERMARK, type Timestamp } from "../../../../common/time/timestamps.ts";
import type { Infer } from "../../../../common/types/infer-types.ts";
import { Types } from "../../../../common/types/types.ts";
import type { Damaged } from "./state-header.ts";

/** A block of rows, in the order of the blocks. */
const indexedBlock = Types.object({
  /** By PartBlock. */
  type: Types.int,
  keyGroup: Types.int,
  state: Types.int,
  rows: Types.int,
  /** Of the block, its prefix included. */
  bytes: Types.int,
});
export type IndexedBlock = Infer<typeof indexedBlock>;

/** Key groups [start, end) of one watermark; infinities are words. */
const watermarkRun = Types.object({
  start: Types.int,
  end: Types.int,
  watermark: Types.union(Types.timestamp, Types.oneOf("min", "max")),
});
export type WatermarkRun = Infer<typeof watermarkRun>;

/** The index of a keyed part. */
const partIndex = Types.object({
  watermarks: Types.array(watermarkRun),
  blocks: Types.array(indexedBlock),
  /** Bits by KEY_KINDS. */
  keyKinds: Types.int,
});
export type PartIndex = Infer<typeof partIndex>;

let codec: ValueCodec<PartIndex> | undefined;

function indexCodec(): ValueCodec<PartIndex> {
  return (codec ??= createValueCodec(partIndex, { unique: "checkpoint/part-index" }));
}

export function encodePartIndex(index: PartIndex): Uint8Array {
  return indexCodec().encode(index);
}

export function decodePartIndex(bytes: Uint8Array, damaged: Damaged): PartIndex {
  try {
    return indexCodec().decode(bytes);
  } catch (error) {
    throw damaged(error instanceof Error ? error.message : String(error), error);
  }
}

/** A watermark as the index has it. */
export function storedWatermark(watermark: Timestamp): WatermarkRun["watermark"] {
  if (watermark === MIN_WATERMARK) return "min";
  return watermark === MAX_WATERMARK ? "max" : watermark;
}

/** The watermark that the index means. */
export function watermarkOf(stored: WatermarkRun["watermark"]): Timestamp {
  if (typeof stored === "number") return stored;
  return stored === "min" ? MIN_WATERMARK : MAX_WATERMARK;
}
