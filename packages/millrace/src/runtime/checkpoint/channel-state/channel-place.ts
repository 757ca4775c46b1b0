import type { FrameCodec } from "../../../common/codec/frame-codec.ts";
import type { TypeDescription } from "../../../common/types/type-description.ts";
import type { ChannelSnapshot } from "../../../protocol/control/snapshots.ts";
import type { RecordWriter } from "../../network/record-writer/record-writer.ts";

/** Which channel it is: an edge of the job and its two subtasks. */
export type ChannelIdentity = Pick<
  ChannelSnapshot,
  "sourceUid" | "sideOutput" | "targetUid" | "targetInput" | "producerSubtask" | "consumerSubtask"
>;

/** Where a channel is in the job, and what saving and replaying its records takes. */
export interface ChannelPlace extends ChannelIdentity {
  /** How many subtasks each side has. */
  readonly producers: number;
  readonly consumers: number;
  /** Whether barriers may overtake on its edge; see `mayOvertake`. */
  readonly overtakes: boolean;
  /** Of the edge's records, where declared. */
  readonly type: TypeDescription | undefined;
  /** The edge's codec; asked for only when records are saved or replayed. */
  codec(): FrameCodec<unknown>;
  /** Whether a record of the edge is the consumer's; undefined: the edge doesn't say. */
  readonly belongs: ((value: unknown) => boolean) | undefined;
}

/** One output edge of a task: its writer, and the places of its channels. */
export interface PlacedWriter {
  readonly writer: RecordWriter;
  /** In the order of the writer's channels. */
  readonly places: readonly ChannelPlace[];
}
