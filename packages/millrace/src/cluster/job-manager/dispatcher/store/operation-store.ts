import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { StoredOperation } from "../operations/stored-operation.ts";
import type { EpochFolder } from "./epoch-folder.ts";
import { recordStore, type RecordStore } from "./record-store.ts";

/** Operations. Of those that can't be read clients learn no more: they are left out. */
export type OperationStore = RecordStore<StoredOperation, string>;

const FORMAT = 1;

/** Operations in a folder. */
export const createOperationStore = (folder: EpochFolder): OperationStore =>
  recordStore(folder, {
    idOf: ({ id }) => id,
    encode: (operation) => Buffer.from(`${JSON.stringify({ format: FORMAT, ...operation }, null, 2)}\n`),
    decode,
  });

function decode(bytes: Uint8Array): StoredOperation | undefined {
  try {
    const { format, ...operation } = JSON.parse(Buffer.from(bytes).toString()) as StoredOperation & {
      readonly format: unknown;
    };
    if (format !== FORMAT) throw new MillraceError("VERSION_MISMATCH", `format ${String(format)}`);
    return operation;
  } catch {
    return undefined;
  }
}
