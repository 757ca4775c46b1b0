import type { KeyedStateHandle, StateBytes, StateFiles } from "millrace/internal/state-backend";
import { join } from "node:path";
import { bring, checksum, makeFolder, writeBytes } from "../local/local-folder.ts";
import type { SharedFile, SharedFiles } from "./confirmed-files.ts";
import { corruptFile, decodeMeta, META_FILE, type NativeMeta } from "./store-meta.ts";

const IMMUTABLE = /\.(sst|blob)$/;

/**
 * Puts the files of a native snapshot into a folder, which is a database then. Every file is checked: RocksDB itself notices damage only
 * where it reads.
 *
 * @throws CHECKPOINT_CORRUPT naming the file
 */
export async function fetchDatabase(
  handle: Extract<KeyedStateHandle, { kind: "native" }>,
  path: string,
  files: StateFiles,
): Promise<{ readonly meta: NativeMeta; readonly shared: SharedFiles }> {
  const meta = readMeta(handle, files);
  const bytesOf = new Map(handle.files.map(({ name, bytes }) => [name, bytes]));
  const shared = new Map<string, SharedFile>();
  await makeFolder(path);
  for (const { name, length, crc } of meta.files) {
    const bytes = bytesOf.get(name);
    if (bytes === undefined) throw corruptFile(name, "the checkpoint does not name it");
    const immutable = IMMUTABLE.test(name);
    await put(bytes, join(path, name), immutable, files);
    const found = await checksum(join(path, name), async () => {});
    if (found.length !== length || found.crc !== crc)
      throw corruptFile(bytes.kind === "file" ? bytes.path : name, "its checksum is wrong");
    if (immutable) shared.set(name, { bytes, length, crc });
  }
  return { meta, shared };
}

/** What a native snapshot says of itself. */
export function readMeta(
  handle: Extract<KeyedStateHandle, { kind: "native" }>,
  files: StateFiles,
): NativeMeta {
  const file = handle.files.find(({ name }) => name === META_FILE);
  if (file === undefined) throw corruptFile(META_FILE, "the checkpoint does not name it");
  const reader = files.open(file.bytes);
  try {
    return decodeMeta(reader.read(0, reader.length), reader.name);
  } finally {
    reader.close();
  }
}

async function put(bytes: StateBytes, path: string, immutable: boolean, files: StateFiles): Promise<void> {
  // Tells whether it is there and as long as it was, and names it where it is not.
  const reader = files.open(bytes);
  try {
    if (bytes.kind === "inline") return await writeBytes(path, reader.read(0, reader.length));
    if (reader.path === undefined || !(await brought(reader.path, path, immutable)))
      await bring(bytes.path, path, immutable);
  } finally {
    reader.close();
  }
}

/** Whether the file of this machine could be had. */
async function brought(from: string, to: string, immutable: boolean): Promise<boolean> {
  try {
    await bring(from, to, immutable);
    return true;
  } catch {
    return false;
  }
}
