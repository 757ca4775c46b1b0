import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { StoredOperation } from "../operations/stored-operation.ts";
import type { EpochFolder } from "./epoch-folder.ts";
import { inOrder } from "./in-order.ts";

/** Operations as they are left to the next leader. What settles without an error survives this process. */
export interface OperationStore {
  /** What an earlier leader left. Those that can't be read are left out: their clients learn no more of them. */
  recovered(): readonly StoredOperation[];
  /** @throws FENCED, CHECKPOINT_STORAGE_FAILED */
  put(operation: StoredOperation): Promise<void>;
  /** @throws FENCED, CHECKPOINT_STORAGE_FAILED */
  remove(id: string): Promise<void>;
}

/** Without high availability. */
export const forgetfulOperationStore: OperationStore = {
  recovered: () => [],
  put: () => Promise.resolve(),
  remove: () => Promise.resolve(),
};

const FORMAT = 1;
const FILE = /^[0-9a-f]{32}\.json$/u;

/** Operations in a folder, each in `<id>.json`. */
export function createOperationStore(folder: EpochFolder): OperationStore {
  const inTurn = inOrder();
  return {
    recovered: () =>
      folder.names.filter((name) => FILE.test(name)).flatMap((name) => decode(folder.read(name)) ?? []),
    put: (operation) =>
      inTurn(() =>
        folder.write(
          `${operation.id}.json`,
          Buffer.from(`${JSON.stringify({ format: FORMAT, ...operation }, null, 2)}\n`),
        ),
      ),
    remove: (id) => inTurn(() => folder.remove(`${id}.json`)),
  };
}

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
