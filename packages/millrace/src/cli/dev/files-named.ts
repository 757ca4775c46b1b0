import { resolve } from "node:path";

/** A problem as the bundler reports it. */
interface Problem {
  readonly location?: { readonly file?: unknown } | null;
}

/** The files in which a bundler found what it could not build, absolute; none where the error is another one. */
export function filesNamed(error: unknown): string[] {
  const cause = error instanceof Error ? error.cause : undefined;
  const problems = (cause as { readonly errors?: unknown } | undefined)?.errors;
  if (!Array.isArray(problems)) return [];
  return (problems as readonly Problem[]).flatMap(({ location }) =>
    typeof location?.file === "string" ? [resolve(location.file)] : [],
  );
}
