import type { Message } from "esbuild";
import { MillraceError } from "../../common/errors/millrace-error.ts";

/** What kept the bundler from its work, as an error of ours: file, line and column of each problem. */
export function explainBundling(error: unknown, path: string): MillraceError {
  const problems = (error as { errors?: readonly Message[] }).errors ?? [];
  const lines = problems.map(({ text, location }) =>
    location === null
      ? text
      : `${location.file}:${location.line}:${location.column}: ${text}\n    ${location.lineText.trim()}`,
  );
  const text = lines.length > 0 ? lines.join("\n  ") : error instanceof Error ? error.message : String(error);
  return new MillraceError("JOB_MODULE_INVALID", `the job module ${path} can't be built:\n  ${text}`, {
    cause: error,
    details: { path },
    help: "Check the path, and that the file and what it imports parse as TypeScript or JavaScript.",
  });
}
