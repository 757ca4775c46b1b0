import type { MillraceError } from "../../../common/errors/millrace-error.ts";
import { Types } from "../../../common/types/types.ts";
import type { StateBytes } from "../../../protocol/control/snapshots.ts";
import type { StateFiles } from "../storage/state-files.ts";
import { ByteList } from "./container/byte-list.ts";
import { CONTAINER_HEADER, Content } from "./container/container-layout.ts";
import { ContainerReader } from "./container/container-reader.ts";
import { ContainerWriter } from "./container/container-writer.ts";
import { decodePlainValue, encodePlainValue } from "./plain-value.ts";

const VALUE_BLOCK = 1;

/**
 * The state of a source's enumerator as bytes that describe themselves, under checksums.
 *
 * @throws RECORD_TYPE_MISMATCH naming the path of what is no plain data
 */
export function encodeCoordinatorState(value: unknown): Uint8Array<ArrayBuffer> {
  const sink = new ByteList();
  const container = new ContainerWriter(sink, Content.COORDINATOR_STATE);
  container.block(VALUE_BLOCK, encodePlainValue(value));
  container.finish(new Uint8Array(0));
  return sink.join();
}

/** What `encodeCoordinatorState` wrote. @throws CHECKPOINT_CORRUPT, CHECKPOINT_STORAGE_FAILED, RESTORE_REFUSED for another version */
export function decodeCoordinatorState(files: StateFiles, bytes: StateBytes): unknown {
  const file = files.open(bytes);
  try {
    const container = new ContainerReader(file, Content.COORDINATOR_STATE);
    const block = container.block(0, CONTAINER_HEADER);
    const damaged = (what: string, cause?: unknown): MillraceError =>
      container.damaged(0, CONTAINER_HEADER, what, cause);
    if (block.type !== VALUE_BLOCK || block.end !== container.indexOffset || container.indexNumber !== 1)
      throw damaged("it is not the value that should be there");
    return decodePlainValue(block.payload, Types.any, damaged);
  } finally {
    file.close();
  }
}
