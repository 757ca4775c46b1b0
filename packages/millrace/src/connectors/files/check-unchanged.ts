import { open } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { shownPath } from "./file-problem.ts";
import type { FileSplit } from "./file-split.ts";

/** How much of a file's beginning and end is looked at, bytes. */
const EDGE = 4096;

/**
 * Refuses a file that is no longer what a position in it was made for: a shorter one, and one that begins, or ended when it was found, in
 * another way (replaced, or mended by an editor). Positions in such a file would lose records or read them twice. Bytes that were appended
 * since don't matter, nor does its time of change.
 *
 * @returns the file's mark, which belongs into the split's position
 * @throws MillraceError SOURCE_FAILED naming the file
 */
export async function checkUnchanged(split: FileSplit): Promise<number> {
  await using handle = await open(split.path, "r");
  const { size } = await handle.stat();
  if (size < split.size)
    throw changed(split, `it had ${split.size} bytes when it was found, and has ${size} now`);
  const edge = Math.min(EDGE, split.size);
  const bytes = Buffer.alloc(2 * edge);
  const head = await handle.read(bytes, 0, edge, 0);
  const tail = await handle.read(bytes, edge, edge, split.size - edge);
  const mark = crc32(bytes.subarray(0, head.bytesRead + tail.bytesRead));
  if (split.mark !== null && split.mark !== mark)
    throw changed(split, `its content is not what it was when it was first read`);
  return mark;
}

function changed({ path }: FileSplit, what: string): MillraceError {
  return new MillraceError("SOURCE_FAILED", `${shownPath(path)} was changed: ${what}`, {
    help: "Put the file back as it was, and start again: a position in another file would lose records, or read them twice.",
    details: { path },
  });
}
