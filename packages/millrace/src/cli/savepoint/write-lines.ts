import { once } from "node:events";

/** Lines are joined to pieces of about this many characters: a write for each line would be slow. */
const PIECE = 64 * 1024;

/**
 * Writes lines to a stream as they come, no faster than they are read. Stops when nobody reads it any more.
 *
 * @param closed whether nobody does
 */
export async function writeLines(
  lines: Iterable<string>,
  stream: NodeJS.WritableStream,
  closed: () => boolean,
): Promise<void> {
  let piece = "";
  for (const line of lines) {
    piece += `${line}\n`;
    if (piece.length < PIECE) continue;
    await write(piece, stream, closed);
    piece = "";
    if (closed()) return;
  }
  if (piece !== "") await write(piece, stream, closed);
}

async function write(piece: string, stream: NodeJS.WritableStream, closed: () => boolean): Promise<void> {
  if (closed() || stream.write(piece)) return;
  // A stream that is closed while it is full never drains.
  await Promise.race([once(stream, "drain"), once(stream, "close")]).catch(() => {});
}
