import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import type { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { ChannelSnapshot, StateBytes } from "../../../protocol/control/snapshots.ts";
import { readerOf } from "../storage/open-state-file.ts";
import { CHECKPOINT_FORMAT, type CheckpointMetadata, type OperatorMetadata } from "./checkpoint-metadata.ts";
import { ByteList } from "./container/byte-list.ts";
import { CONTAINER_HEADER, Content } from "./container/container-layout.ts";
import { ContainerReader } from "./container/container-reader.ts";
import { ContainerWriter } from "./container/container-writer.ts";
import { mapStateBytes } from "./map-state-bytes.ts";
import { channelsType, metadataHeadType, operatorMetadataType } from "./metadata-types.ts";
import { decodePlainValue, encodePlainValue } from "./plain-value.ts";

/** The types of the blocks. Never renumber. */
const MetadataBlock = { HEAD: 1, OPERATOR: 2, CHANNELS: 3 } as const;

type MetadataHead = Omit<CheckpointMetadata, "operators" | "channels">;

/**
 * What stands in a checkpoint's `_metadata`.
 *
 * @param folder where it will stand, absolute: paths are written relative to it, so that the checkpoint can be moved
 */
export function encodeMetadata(metadata: CheckpointMetadata, folder: string): Uint8Array<ArrayBuffer> {
  const { operators, channels, ...head } = mapStateBytes(metadata, (bytes) => relativeTo(folder, bytes));
  const sink = new ByteList();
  const container = new ContainerWriter(sink, Content.METADATA);
  container.block(MetadataBlock.HEAD, encodePlainValue({ ...head, format: CHECKPOINT_FORMAT }));
  for (const operator of operators) container.block(MetadataBlock.OPERATOR, encodePlainValue(operator));
  container.block(MetadataBlock.CHANNELS, encodePlainValue(channels));
  container.finish(new Uint8Array(0));
  return sink.join();
}

/**
 * The other way. Every byte is checked.
 *
 * @param path of `_metadata`, absolute: what it names is found from there
 * @throws CHECKPOINT_CORRUPT naming the block, RESTORE_REFUSED when another version of Millrace wrote it
 */
export function decodeMetadata(bytes: Uint8Array, path: string): CheckpointMetadata {
  const container = new ContainerReader(readerOf(path, bytes), Content.METADATA);
  let head: MetadataHead | undefined;
  let channels: readonly ChannelSnapshot[] | undefined;
  const operators: OperatorMetadata[] = [];
  let offset = CONTAINER_HEADER;
  for (let number = 0; number < container.indexNumber; number++) {
    const { type, payload, end } = container.block(number, offset);
    const at = offset;
    const damaged = (what: string, cause?: unknown): MillraceError =>
      container.damaged(number, at, what, cause);
    // The types check what the interfaces say; ids are strings.
    if (number === 0 && type === MetadataBlock.HEAD) {
      head = decodePlainValue(payload, metadataHeadType, damaged) as unknown as MetadataHead;
    } else if (type === MetadataBlock.OPERATOR && channels === undefined) {
      operators.push(decodePlainValue(payload, operatorMetadataType, damaged) as unknown as OperatorMetadata);
    } else if (type === MetadataBlock.CHANNELS && channels === undefined) {
      channels = decodePlainValue(payload, channelsType, damaged) as unknown as ChannelSnapshot[];
    } else {
      throw damaged(`a block of type ${type} can't stand there`);
    }
    offset = end;
  }
  if (head === undefined || channels === undefined || offset !== container.indexOffset)
    throw container.damaged(container.indexNumber, container.indexOffset, "blocks are missing before it");
  const metadata: CheckpointMetadata = { ...head, operators, channels };
  const folder = dirname(path);
  return mapStateBytes(metadata, (stored) => absoluteFrom(folder, stored));
}

function relativeTo(folder: string, bytes: StateBytes): StateBytes {
  if (bytes.kind === "inline") return bytes;
  // Between two drives there is no relative path.
  return { ...bytes, path: relative(folder, bytes.path).split(sep).join("/") };
}

function absoluteFrom(folder: string, bytes: StateBytes): StateBytes {
  if (bytes.kind === "inline" || isAbsolute(bytes.path)) return bytes;
  return { ...bytes, path: resolve(folder, ...bytes.path.split("/")) };
}
