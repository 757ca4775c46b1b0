/** A terminal as one sees it, for tests: understands what a Screen and a shell's line discipline write, and nothing else. */
export class TerminalEmulator {
  /** What stands on it, from its first line on; colours are not kept. */
  readonly lines: string[] = [""];
  #column = 0;

  /** Takes output. Escape sequences must be whole. */
  take(text: string): void {
    for (const [part] of text.matchAll(/\x1b\[[\d;]*[A-Za-z]|[\s\S]/gu)) this.#take(part);
  }

  #take(part: string): void {
    const last = this.lines.length - 1;
    const line = this.lines[last] ?? "";
    if (part === "\n") {
      this.lines.push("");
      this.#column = 0;
    } else if (part === "\r") this.#column = 0;
    else if (part === "\x1b[K") this.lines[last] = line.slice(0, this.#column);
    else if (!part.startsWith("\x1b")) {
      this.lines[last] =
        `${line.slice(0, this.#column).padEnd(this.#column)}${part}${line.slice(this.#column + 1)}`;
      this.#column++;
    }
  }
}
