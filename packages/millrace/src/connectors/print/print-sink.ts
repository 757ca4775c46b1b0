import type { Sink, SinkWriter, SinkWriterContext } from "../../common/connector/sink.ts";
import { refuseUnknownOptions, requireOption } from "../base/options.ts";
import { printable } from "./printable.ts";

/** Options of `printSink`. */
export interface PrintSinkOptions<T> {
  /** Stands before each line: `prefix> ...`, with several subtasks `prefix:2> ...` (counted from 1). Default nothing. */
  readonly prefix?: string | undefined;
  /** Default "stdout". */
  readonly stream?: "stdout" | "stderr" | undefined;
  /** Makes the line of a record, without its end. Default: text as it is, everything else as JSON. */
  readonly format?: ((value: T) => string) | undefined;
}

const NAME = "print sink";
/** Lines are sent on when they are so many characters, or when the task has nothing more to do at the moment. */
const CHUNK = 32 * 1024;
/** The sink takes no more while so many bytes are underway. */
const MAX_BACKLOG = 1024 * 1024;

/**
 * Prints each record as a line. Lines of several subtasks never mix. Slow readers of the output slow the job down; nothing
 * is dropped. After a failure, lines since the last checkpoint are printed again; lines underway when the process ends are lost.
 *
 * @throws MillraceError INVALID_OPTION, UNKNOWN_OPTION
 * @example `stream.sinkTo(printSink({ prefix: "late", format: (f) => `${f.origin}: ${f.delay} min` }))`
 */
export function printSink<T = unknown>(options: PrintSinkOptions<T> = {}): Sink<T> {
  refuseUnknownOptions(NAME, options, ["prefix", "stream", "format"]);
  const { prefix, stream = "stdout", format = printable } = options;
  requireOption(stream === "stdout" || stream === "stderr", NAME, "stream", `"stdout" or "stderr"`, stream);
  requireOption(typeof format === "function", NAME, "format", "a function", format);
  return {
    name: NAME,
    guarantee: "none",
    createWriter: (context) => new PrintWriter(context, linePrefix(prefix, context), stream, format),
  };
}

function linePrefix(prefix: string | undefined, { runtime }: SinkWriterContext): string {
  if (prefix === undefined || prefix === "") return "";
  return runtime.parallelism > 1 ? `${prefix}:${runtime.subtaskIndex + 1}> ` : `${prefix}> `;
}

class PrintWriter<T> implements SinkWriter<T, never, unknown> {
  readonly #context: SinkWriterContext;
  readonly #prefix: string;
  readonly #stream: "stdout" | "stderr";
  readonly #format: (value: T) => string;
  readonly #send = (): void => this.#sendLines();
  #text = "";
  #sending = false;
  #closed = false;

  constructor(
    context: SinkWriterContext,
    prefix: string,
    stream: "stdout" | "stderr",
    format: (value: T) => string,
  ) {
    this.#context = context;
    this.#prefix = prefix;
    this.#stream = stream;
    this.#format = format;
  }

  get ready(): boolean {
    return this.#context.stdoutBacklog + this.#text.length < MAX_BACKLOG;
  }

  write(value: T): void {
    this.#text += `${this.#prefix}${this.#format(value)}\n`;
    if (this.#text.length >= CHUNK) {
      this.#sendLines();
    } else if (!this.#sending) {
      this.#sending = true;
      this.#context.clock.yield(this.#send);
    }
  }

  flush(): void {
    this.#sendLines();
  }

  close(): void {
    // What was written before a failure is shown: it tells what came before it.
    this.#sendLines();
    this.#closed = true;
  }

  #sendLines(): void {
    this.#sending = false;
    if (this.#text === "" || this.#closed) return;
    const bytes = Buffer.from(this.#text);
    this.#text = "";
    this.#context.stdout(bytes, this.#stream);
  }
}
