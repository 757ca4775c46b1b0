/** The part of a standard stream that a Screen uses. */
export interface TextStream {
  write(chunk: string | Uint8Array, written?: () => void): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const ERASE_LINE = "\r\x1b[K";
const ERASE_REST = "\x1b[K";
const NEW_LINE = 10;
/** Columns of a terminal that doesn't say how wide it is. */
const DEFAULT_COLUMNS = 80;

/**
 * Standard output and standard error of the process, with one line at the bottom of the terminal that changes in place.
 *
 * Whatever else is written takes the line away first and puts it back after, so that neither garbles the other. While the job has left a line
 * unfinished, the live line waits: it would run into the job's own text.
 *
 * Everything that is written while the live line is in use must go through the screen.
 */
export class Screen {
  readonly #out: TextStream;
  readonly #err: TextStream;
  #line: string | undefined;
  #drawn = false;
  #midLine = false;

  constructor(out: TextStream, err: TextStream) {
    this.#out = out;
    this.#err = err;
  }

  /** Whether standard error, where the live line stands, is a terminal. */
  get isTerminal(): boolean {
    return this.#err.isTTY === true;
  }

  /** Columns that the live line may use: one less than there are, since a full line wraps on some terminals. */
  get columns(): number {
    return Math.max(1, (this.#err.columns ?? DEFAULT_COLUMNS) - 1);
  }

  /** Shows `text`, which fits into `columns`, as the live line; undefined takes the line away. */
  setLine(text: string | undefined): void {
    this.#line = text;
    if (text === undefined) this.#erase();
    else if (!this.#midLine) this.#draw(text);
  }

  /** Writes whole lines of our own to standard error. `text` has no line break at its end. */
  print(text: string): void {
    this.#erase();
    this.#err.write(`${this.#midLine ? "\n" : ""}${text}\n`);
    this.#midLine = false;
    if (this.#line !== undefined) this.#draw(this.#line);
  }

  /** Writes what the job prints, unchanged; `written` is called when the bytes have left. */
  pass(stream: "stdout" | "stderr", bytes: Uint8Array, written: () => void): void {
    const target = stream === "stdout" ? this.#out : this.#err;
    if (target.isTTY !== true || bytes.length === 0) {
      target.write(bytes, written);
      return;
    }
    this.#erase();
    target.write(bytes, written);
    this.#midLine = bytes[bytes.length - 1] !== NEW_LINE;
    if (this.#line !== undefined && !this.#midLine) this.#draw(this.#line);
  }

  #draw(text: string): void {
    this.#err.write(`\r${text}${ERASE_REST}`);
    this.#drawn = true;
  }

  #erase(): void {
    if (!this.#drawn) return;
    this.#err.write(ERASE_LINE);
    this.#drawn = false;
  }
}
