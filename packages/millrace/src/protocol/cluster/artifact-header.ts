import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";

/*
 * An artifact is a job's module, bundled whole into one file of JavaScript. It says what it is in its first line, a comment:
 *
 * ```
 * // millrace-artifact {"engineVersion":"millrace 0.1.0","originalUrl":"file:///jobs/count.ts","jobName":"count"}
 * ```
 *
 * Written by the client that bundled it, read by the JobManager when it is uploaded, without running any of it.
 */

/** What stands in an artifact's first line. */
export interface ArtifactHeader {
  /** Of the engine that bundled it: "millrace 0.1.0". Another one than the JobManager's is refused. */
  readonly engineVersion: string;
  /** The URL of the module that it was made from, for stack traces and `import.meta`. */
  readonly originalUrl: string;
  /** undefined: who bundled it did not know. */
  readonly jobName?: string | undefined;
  readonly description?: string | undefined;
  /** Packages that it needs and does not hold: they must be installed wherever it runs. undefined: none. */
  readonly externals?: readonly string[] | undefined;
}

const PREFIX = "// millrace-artifact ";
/** A first line that is longer is none. */
export const MAX_ARTIFACT_HEADER_BYTES = 64 * 1024;

/** The first line of an artifact, with its end. */
export function artifactHeaderLine(header: ArtifactHeader): string {
  // Line separators that JSON leaves as they are would end the comment.
  const json = JSON.stringify(header).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
  return `${PREFIX}${json}\n`;
}

/** Whether a file that begins so means to be an artifact. */
export const hasArtifactHeader = (start: Uint8Array): boolean =>
  new TextDecoder().decode(start.subarray(0, PREFIX.length)) === PREFIX;

/**
 * What an artifact says of itself.
 *
 * @param start its first bytes, `MAX_ARTIFACT_HEADER_BYTES` of them where there are so many
 * @throws JOB_MODULE_INVALID for what is no artifact
 */
export function readArtifactHeader(start: Uint8Array): ArtifactHeader {
  const newline = start.subarray(0, MAX_ARTIFACT_HEADER_BYTES).indexOf(0x0a);
  const line = new TextDecoder().decode(start.subarray(0, newline < 0 ? 200 : newline));
  if (newline < 0 || !line.startsWith(PREFIX)) throw invalid(`it begins with ${preview(line.slice(0, 80))}`);
  let header: unknown;
  try {
    header = JSON.parse(line.slice(PREFIX.length));
  } catch (error) {
    throw invalid("its first line can't be read", error);
  }
  if (!isHeader(header)) throw invalid(`its first line says ${preview(header)}`);
  return header;
}

function isHeader(value: unknown): value is ArtifactHeader {
  if (typeof value !== "object" || value === null) return false;
  const { engineVersion, originalUrl, jobName, description, externals } = value as Partial<
    Record<keyof ArtifactHeader, unknown>
  >;
  return (
    typeof engineVersion === "string" &&
    typeof originalUrl === "string" &&
    URL.canParse(originalUrl) &&
    (jobName === undefined || typeof jobName === "string") &&
    (description === undefined || typeof description === "string") &&
    (externals === undefined || (Array.isArray(externals) && externals.every((it) => typeof it === "string")))
  );
}

const invalid = (why: string, cause?: unknown): MillraceError =>
  new MillraceError("JOB_MODULE_INVALID", `expected an artifact of millrace; ${why}`, {
    cause,
    help: "Artifacts are made by the client: millrace run <module> bundles and uploads a job. Other files, Java archives among them, can't be run.",
  });
