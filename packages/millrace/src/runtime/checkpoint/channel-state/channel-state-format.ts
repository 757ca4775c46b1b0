import type { MillraceError } from "../../../common/errors/millrace-error.ts";
import { operatorUid } from "../../../common/ids/ids.ts";
import { parseDescription } from "../../../common/types/parse-description.ts";
import type { TypeDescription } from "../../../common/types/type-description.ts";
import { Types } from "../../../common/types/types.ts";
import { decodePlainValue, encodePlainValue } from "../format/plain-value.ts";
import type { ChannelIdentity } from "./channel-place.ts";

/** The types of a channel state's blocks. Never renumber. */
export const ChannelBlock = { ELEMENTS: 1 } as const;

/** Bytes in front of the frame block in a block of elements: u32 elements in it, u32 of them that were taken before. */
export const ELEMENTS_PREFIX = 8;

/**
 * Elements in flight at a checkpoint are replayed in rounds, over all channels of a task: first what its readers had received, then what
 * had not been sent. Where another checkpoint comes before that is over, what is left keeps its round, and new elements follow in
 * the later checkpoint's rounds. So nothing overtakes a record of its key, whatever channels the two come to be on.
 */
export const roundOf = (checkpointId: number, side: "received" | "unsent"): number =>
  2 * checkpointId + (side === "unsent" ? 1 : 0);

/** Consecutive blocks of one round. */
export interface RoundRun {
  readonly round: number;
  readonly blocks: number;
}

/** What a channel state says of itself, at its end. */
export interface ChannelStateIndex extends ChannelIdentity {
  readonly side: "received" | "unsent";
  /** Subtasks on each side when it was written. */
  readonly producers: number;
  readonly consumers: number;
  /** How the records were declared. */
  readonly type: TypeDescription | undefined;
  /** Records and watermarks that had not been taken. */
  readonly elements: number;
  /** The rounds of its blocks, in their order. */
  readonly rounds: readonly RoundRun[];
}

const indexType = Types.object({
  sourceUid: Types.string,
  sideOutput: Types.optional(Types.string),
  targetUid: Types.string,
  targetInput: Types.int,
  producerSubtask: Types.int,
  consumerSubtask: Types.int,
  side: Types.oneOf("received", "unsent"),
  producers: Types.int,
  consumers: Types.int,
  type: Types.optional(Types.any),
  elements: Types.double,
  rounds: Types.array(Types.object({ round: Types.double, blocks: Types.int })),
});

export function encodeChannelStateIndex(index: ChannelStateIndex): Uint8Array {
  return encodePlainValue(index);
}

/** @param damaged makes the error for bytes that are something else */
export function decodeChannelStateIndex(
  bytes: Uint8Array,
  damaged: (what: string, cause?: unknown) => MillraceError,
): ChannelStateIndex {
  const stored = decodePlainValue(bytes, indexType, damaged);
  return {
    ...stored,
    sourceUid: operatorUid(stored.sourceUid),
    sideOutput: stored.sideOutput,
    targetUid: operatorUid(stored.targetUid),
    type: stored.type === undefined ? undefined : description(stored.type, damaged),
  };
}

function description(
  stored: unknown,
  damaged: (what: string, cause?: unknown) => MillraceError,
): TypeDescription {
  try {
    return parseDescription(stored);
  } catch (error) {
    throw damaged("the type of its records is not described as types are", error);
  }
}
