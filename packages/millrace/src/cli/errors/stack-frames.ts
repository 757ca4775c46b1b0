/** One line of a stack trace. */
export interface StackFrame {
  /** The line as it stands in the stack, without its indentation and "at". */
  readonly text: string;
  /** "parse", "Object.parse", "async load"; empty for code outside functions. */
  readonly functionName: string;
  /** Path, URL or `<anonymous>`. */
  readonly file: string;
  /** From 1; 0 where unknown. */
  readonly line: number;
  readonly column: number;
}

const FRAME = /^\s+at (?<rest>.+)$/u;
const LOCATION = /^(?<file>.+?):(?<line>\d+):(?<column>\d+)$/u;

/** The frames of an error's stack, innermost first; lines of the message are passed over. */
export function stackFrames(stack: string | undefined): StackFrame[] {
  const frames: StackFrame[] = [];
  for (const line of (stack ?? "").split("\n")) {
    const text = FRAME.exec(line)?.groups?.["rest"];
    if (text !== undefined) frames.push(parseFrame(text));
  }
  return frames;
}

function parseFrame(text: string): StackFrame {
  // "name (place)", or the bare place. The place of evaluated code has parentheses of its own: "eval at ...".
  const open = text.endsWith(")") ? text.indexOf(" (") : -1;
  const functionName = open < 0 ? "" : text.slice(0, open);
  const place = open < 0 ? text.replace(/^async (?=file:|\/|[A-Z]:\\)/u, "") : text.slice(open + 2, -1);
  const { file, line, column } = LOCATION.exec(place)?.groups ?? {};
  return { text, functionName, file: file ?? place, line: Number(line ?? 0), column: Number(column ?? 0) };
}
