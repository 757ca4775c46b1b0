/** A fenced block of a document. */
export interface Fence {
  /** The document, relative to the repository. */
  readonly document: string;
  /** Line of the block's first line of code, from 1. */
  readonly line: number;
  /** "" where the block names none, as drawings do. */
  readonly language: string;
  /** What stands behind the language: `run file="flights.ts"`, word by word. */
  readonly words: readonly string[];
  readonly code: string;
}

const FENCE = /^\s*(`{3,})(.*)$/;

/** The fenced blocks of a document, in order; `problem` where the last one has no end. */
export function fencesOf(
  document: string,
  text: string,
): { readonly fences: readonly Fence[]; readonly problem: string | undefined } {
  const fences: Fence[] = [];
  const lines = text.split(/\r?\n/);
  for (let index = 0; index < lines.length; index++) {
    const [, fence, info = ""] = FENCE.exec(lines[index] ?? "") ?? [];
    if (fence === undefined) continue;
    const start = index + 1;
    index = lines.findIndex((line, at) => at >= start && line.trim() === fence);
    if (index < 0) return { fences, problem: `${document}:${start}: the block has no end` };
    const [language = "", ...words] = info.match(/[^\s"]+(?:"[^"]*")?/g) ?? [];
    fences.push({ document, line: start + 1, language, words, code: lines.slice(start, index).join("\n") });
  }
  return { fences, problem: undefined };
}
