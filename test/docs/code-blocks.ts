import { fencesOf } from "./fences.ts";

/** A block of TypeScript in a document. */
export interface CodeBlock {
  /** The document, relative to the repository. */
  readonly document: string;
  /** Line of the block's first line of code, from 1. */
  readonly line: number;
  readonly code: string;
  /** Whether the tests also run it: its info string says `ts run`. */
  readonly run: boolean;
  /** The name under which other blocks of the document import it: `file="flights.ts"`. */
  readonly file: string | undefined;
  /** What it prints by its own `// prints:` comments; undefined when it says nothing of it. */
  readonly prints: Prints | undefined;
}

/** What a block says it prints. */
export interface Prints {
  readonly lines: readonly string[];
  /** Whether the lines may come in any order, as those of parallel subtasks do. */
  readonly anyOrder: boolean;
}

/** What a document's code holds, and what is wrong with the way it is marked. */
export interface ExtractedCode {
  readonly blocks: readonly CodeBlock[];
  readonly problems: readonly string[];
}

const LANGUAGES: ReadonlySet<string> = new Set(["ts", "typescript"]);

/**
 * Takes the TypeScript blocks out of a document. The info string after `ts` may hold
 *
 * - `run`: the tests run the block and compare what it prints to its comments, `// prints: one line` or
 *   `// prints:` with a comment line for each line below it; `// prints in any order:` leaves the order open;
 * - `file="name.ts"`: other blocks of the document can import it by that name;
 * - `ignore reason="..."`: the block is not code that could be checked. Without a reason it is a problem.
 */
export function extractCode(document: string, text: string): ExtractedCode {
  const blocks: CodeBlock[] = [];
  const problems: string[] = [];
  const { fences, problem } = fencesOf(document, text);
  for (const { line, language, words, code } of fences) {
    if (!LANGUAGES.has(language)) continue;
    const options = new Map(words.map(parseOption));
    const where = `${document}:${line - 1}`;
    const unknown = [...options.keys()].filter((name) => !["run", "file", "ignore", "reason"].includes(name));
    if (unknown.length > 0) problems.push(`${where}: unknown mark "${unknown.join(" ")}"`);
    if (options.has("ignore")) {
      if (!options.get("reason"))
        problems.push(`${where}: ignored without a reason: \`ts ignore reason="..."\``);
      continue;
    }
    blocks.push({
      document,
      line,
      code,
      run: options.has("run"),
      file: options.get("file"),
      prints: readPrints(code),
    });
  }
  return { blocks, problems: problem === undefined ? problems : [...problems, problem] };
}

function parseOption(word: string): [name: string, value: string] {
  const [, name = word, value = ""] = /^([^=]+)="(.*)"$/.exec(word) ?? [];
  return [name, value];
}

function readPrints(code: string): Prints | undefined {
  const lines: string[] = [];
  let anyOrder = false;
  let said = false;
  let listing = false;
  for (const line of code.split("\n")) {
    const [, order, text] = /\/\/ prints( in any order)?:(.*)$/.exec(line) ?? [];
    if (text !== undefined) {
      said = true;
      anyOrder ||= order !== undefined;
      listing = text.trim() === "";
      if (!listing) lines.push(text.trim());
      continue;
    }
    const [, listed] = /^\s*\/\/ ?(.*)$/.exec(line) ?? [];
    listing &&= listed !== undefined;
    if (listing && listed !== undefined) lines.push(listed.trimEnd());
  }
  return said ? { lines, anyOrder } : undefined;
}
