import { MillraceError } from "millrace";
import type { ParquetFile } from "./parquet-file.ts";
import type { ParquetSplit } from "./parquet-split.ts";

/**
 * Refuses a file that is no longer what a split was made for: Parquet files are written once, so another length, or another number of
 * rows in the group, is another file. A position in it would lose rows, or read them twice.
 *
 * @throws MillraceError SOURCE_FAILED naming the file
 */
export function checkUnchanged(file: ParquetFile, { path, group, rows, size }: ParquetSplit): void {
  const now = Number(file.metadata.row_groups[group]?.num_rows ?? -1);
  if (file.buffer.byteLength === size && now === rows) return;
  const [was, is] =
    file.buffer.byteLength === size
      ? [`${rows} rows in row group ${group}`, now < 0 ? "has none" : String(now)]
      : [`${size} bytes`, String(file.buffer.byteLength)];
  throw new MillraceError(
    "SOURCE_FAILED",
    `${path} was changed: it had ${was} when it was found, now ${is}`,
    {
      help: "Put the file back as it was, and start again.",
      details: { path },
    },
  );
}
