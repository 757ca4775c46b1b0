import type { ReaderOutput } from "../../common/connector/source.ts";
import {
  byteOrderMark,
  type DecodedRecords,
  type RecordDecoder,
  type ReportMalformed,
} from "./file-format.ts";
import { reasonOf, shortened } from "./malformed-text.ts";
import { decodeText, type TextEncoding } from "./text-encoding.ts";

/** What a line parser answers for a line that holds no record. */
export const SKIP: unique symbol = Symbol("skip");

/** Makes a record of a line without its end; throws where it can't, with a message that says why. */
export type LineParser<T> = (line: string) => T | typeof SKIP;

/** Lines are decoded in stretches of about this many bytes: longer strings are slower to make and to cut. */
const STRETCH = 64 * 1024;
const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

/** How a LineDecoder reads. */
export interface LineDecoderOptions {
  readonly encoding: TextEncoding;
  /** Whether the input begins here, so that a byte order mark may stand there. */
  readonly atStart: boolean;
  /** What ends a record; one ASCII character, default a newline, before which a carriage return is dropped. */
  readonly delimiter?: string | undefined;
}

/** Decodes input whose records are lines. Lines end with LF or CRLF; the last one may lack it. */
export class LineDecoder<T> implements RecordDecoder<T> {
  readonly #parse: LineParser<T>;
  readonly #encoding: TextEncoding;
  readonly #delimiter: string;
  #atStart: boolean;

  constructor(parse: LineParser<T>, options: LineDecoderOptions) {
    this.#parse = parse;
    this.#encoding = options.encoding;
    this.#delimiter = options.delimiter ?? "\n";
    this.#atStart = options.atStart;
  }

  decode(bytes: Buffer, last: boolean): DecodedRecords<T> {
    const length = last ? bytes.length : bytes.lastIndexOf(this.#delimiter) + 1;
    let start = 0;
    if (this.#atStart && length > 0) {
      start = byteOrderMark(bytes, true) ?? 0;
      this.#atStart = false;
    }
    return new LineRecords(bytes, start, length, this.#parse, this.#encoding, this.#delimiter);
  }
}

/** The lines of a piece of input, cut when they are emitted. */
class LineRecords<T> implements DecodedRecords<T> {
  readonly length: number;
  readonly #bytes: Buffer;
  readonly #parse: LineParser<T>;
  readonly #encoding: TextEncoding;
  readonly #delimiter: string;
  readonly #end: number;
  /** Lines of the stretches behind. */
  #linesBehind = 0;
  /** Where the stretch at hand begins and ends. */
  #stretchStart: number;
  #stretchEnd: number;
  #lines: readonly string[] = [];
  /** How many lines of the stretch are behind. */
  #at = 0;

  constructor(
    bytes: Buffer,
    start: number,
    length: number,
    parse: LineParser<T>,
    encoding: TextEncoding,
    delimiter: string,
  ) {
    this.#bytes = bytes;
    this.length = length;
    this.#parse = parse;
    this.#encoding = encoding;
    this.#delimiter = delimiter;
    this.#end = delimiter.charCodeAt(0);
    this.#stretchStart = start;
    this.#stretchEnd = start;
  }

  get done(): boolean {
    return this.#at >= this.#lines.length && this.#stretchEnd >= this.length;
  }

  emit(output: ReaderOutput<T>, limit: number, report: ReportMalformed<T>): number {
    const parse = this.#parse;
    let emitted = 0;
    while (emitted < limit && !output.blocked) {
      if (this.#at >= this.#lines.length && !this.#nextStretch()) break;
      const line = this.#end === NEWLINE ? withoutReturn(this.#lines[this.#at]!) : this.#lines[this.#at]!;
      let value: T | typeof SKIP;
      try {
        value = parse(line);
      } catch (error) {
        if (!report(output, this.consumedLines(), shortened(line), reasonOf(error), error)) return emitted;
        value = SKIP;
        emitted++;
      }
      this.#at++;
      if (value === SKIP) continue;
      output.collect(value);
      emitted++;
    }
    return emitted;
  }

  consumedBytes(): number {
    if (this.#at >= this.#lines.length) return this.#stretchEnd;
    if (this.#at === 0 && this.#linesBehind === 0) return 0;
    let offset = this.#stretchStart;
    for (let i = 0; i < this.#at; i++) offset = this.#bytes.indexOf(this.#end, offset) + 1;
    return offset;
  }

  consumedLines(): number {
    return this.#linesBehind + this.#at;
  }

  /** Decodes the next stretch of whole lines; false when there is none. */
  #nextStretch(): boolean {
    const start = this.#stretchEnd;
    if (start >= this.length) return false;
    this.#linesBehind += this.#lines.length;
    this.#stretchStart = start;
    this.#stretchEnd = this.#endOfStretch(start);
    const lines = decodeText(this.#bytes, start, this.#stretchEnd, this.#encoding).split(this.#delimiter);
    // Behind the newline that ends the stretch there is no line.
    if (this.#bytes[this.#stretchEnd - 1] === this.#end) lines.pop();
    this.#lines = lines;
    this.#at = 0;
    return true;
  }

  #endOfStretch(start: number): number {
    if (start + STRETCH >= this.length) return this.length;
    const before = this.#bytes.lastIndexOf(this.#end, start + STRETCH - 1);
    if (before >= start) return before + 1;
    const behind = this.#bytes.indexOf(this.#end, start + STRETCH);
    return behind < 0 || behind >= this.length ? this.length : behind + 1;
  }
}

function withoutReturn(line: string): string {
  const last = line.length - 1;
  return last >= 0 && line.charCodeAt(last) === CARRIAGE_RETURN ? line.slice(0, last) : line;
}
