import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";

/**
 * The directory of a bucket below the sink's root.
 *
 * @throws MillraceError SINK_FAILED for names that would leave the root
 */
export function bucketDirectory(root: string, bucket: unknown): string {
  if (typeof bucket !== "string") throw refused(bucket, "expected text");
  if (bucket === "") return root;
  const parts = bucket.split(/[\\/]/u);
  if (isAbsolute(bucket) || parts.includes(".."))
    throw refused(bucket, "it would leave the sink's directory");
  if (bucket.includes("\0")) throw refused(bucket, "it holds a zero character");
  const directory = resolve(join(root, bucket));
  const below = relative(root, directory);
  if (isAbsolute(below) || below.split(sep).includes("..")) {
    throw refused(bucket, "it would leave the sink's directory");
  }
  return directory;
}

function refused(bucket: unknown, reason: string): MillraceError {
  return new MillraceError("SINK_FAILED", `file sink: bucket ${preview(bucket)}: ${reason}`, {
    help: `A bucket is a relative path such as "2001-12-31" or "SEA/2001".`,
  });
}
