/** A command of a shell block, as the shell would call it. */
export interface ShellCommand {
  /** Line within the block, from 0. */
  readonly line: number;
  /** The program and its arguments, without quotes; of a substitution `$(...)` what stands there. */
  readonly words: readonly string[];
}

/**
 * The commands of a shell block, those of pipes and substitutions included, without comments and assignments. It knows as much of a shell as
 * documentation needs: quotes, continued lines, `|`, `&&`, `;`. Loops and functions it does not: such a block has to be run.
 */
export function commandsOf(code: string): ShellCommand[] {
  const commands: ShellCommand[] = [];
  const nested: ShellCommand[] = [];
  let words: string[] = [];
  let word: string | undefined;
  let line = 0;
  let begun = 0;
  const endWord = (): void => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  const endCommand = (): void => {
    endWord();
    const first = words.findIndex((it) => !/^[A-Za-z_]\w*=/u.test(it));
    if (first >= 0) commands.push({ line: begun, words: words.slice(first) });
    words = [];
  };
  /** Takes a `$(...)` whole, and what it calls. */
  const substitution = (from: number): number => {
    let depth = 0;
    let at = from + 1;
    do {
      if (code[at] === "(") depth++;
      if (code[at] === ")") depth--;
      at++;
    } while (depth > 0 && at < code.length);
    for (const inner of commandsOf(code.slice(from + 2, at - 1)))
      nested.push({ ...inner, line: line + inner.line });
    word = (word ?? "") + code.slice(from, at);
    return at - 1;
  };

  for (let at = 0; at < code.length; at++) {
    const char = code[at] as string;
    if (word === undefined && words.length === 0) begun = line;
    if (char === "\n") {
      endCommand();
      line++;
    } else if (char === "\\") {
      if (code[++at] === "\n") line++;
      else word = (word ?? "") + (code[at] ?? "");
    } else if (char === "#" && word === undefined) {
      while (at + 1 < code.length && code[at + 1] !== "\n") at++;
    } else if (char === "'" || char === '"') {
      word ??= "";
      for (at++; at < code.length && code[at] !== char; at++) {
        if (char === '"' && code.startsWith("$(", at)) at = substitution(at);
        else word += code[at] as string;
      }
    } else if (code.startsWith("$(", at)) {
      at = substitution(at);
    } else if (char === "|" || char === ";" || char === "&") {
      endCommand();
    } else if (/\s/u.test(char)) {
      endWord();
    } else {
      word = (word ?? "") + char;
    }
  }
  endCommand();
  return [...commands, ...nested];
}
