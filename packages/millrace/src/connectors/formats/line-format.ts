import type { TypeInfo } from "../../common/types/type-info.ts";
import type { FileFormat } from "./file-format.ts";
import { LineDecoder, SKIP } from "./line-records.ts";
import type { TextEncoding } from "./text-encoding.ts";

/** Options of `lineFormat`. */
export interface LineFormatOptions<T> {
  /** For messages. */
  readonly name: string;
  /** Makes a record of a line (without its end); undefined skips the line. What it throws makes the line malformed. */
  readonly parse: (line: string) => T | undefined;
  readonly type?: TypeInfo<T> | undefined;
  /** Default "utf-8". */
  readonly encoding?: TextEncoding | undefined;
}

/**
 * A format of one record a line. Large files are read in ranges.
 *
 * @example
 * ```ts
 * const pairs = lineFormat({
 *   name: "pairs",
 *   parse: (line) => {
 *     const [key, value] = line.split("=");
 *     if (value === undefined) throw new TypeError("expected key=value");
 *     return { key, value };
 *   },
 * });
 * fileSource({ path: "settings.properties", format: pairs });
 * ```
 */
export function lineFormat<T>(options: LineFormatOptions<T>): FileFormat<T> {
  const parse = (line: string): T | typeof SKIP => {
    const value = options.parse(line);
    return value === undefined ? SKIP : value;
  };
  return {
    name: options.name,
    type: options.type,
    splittable: true,
    createDecoder: ({ offset }) =>
      new LineDecoder(parse, { encoding: options.encoding ?? "utf-8", atStart: offset === 0 }),
  };
}

/**
 * Every line as it is, empty ones included.
 *
 * @param delimiter what ends a line; one ASCII character
 */
export function linesFormat(encoding: TextEncoding = "utf-8", delimiter = "\n"): FileFormat<string> {
  const parse = (line: string): string => line;
  return {
    name: "lines",
    splittable: delimiter === "\n",
    createDecoder: ({ offset }) => new LineDecoder(parse, { encoding, atStart: offset === 0, delimiter }),
  };
}
