import type { TypeInfo } from "../../common/types/type-info.ts";
import { jsonConverter, parseJson } from "./convert-json.ts";
import type { FileFormat } from "./file-format.ts";
import { LineDecoder, SKIP, type LineParser } from "./line-records.ts";

const BLANK = /^\s*$/u;

/**
 * One JSON value a line, converted to `type` where it is given (see the file source for the rules). Blank lines are skipped.
 *
 * @throws MillraceError INVALID_TYPE for types that JSON can't hold
 */
export function jsonLinesFormat<T>(type?: TypeInfo<T>): FileFormat<T> {
  const convert = type === undefined ? undefined : jsonConverter(type);
  const parse: LineParser<T> = (line) => {
    if (line.length < 64 && BLANK.test(line)) return SKIP;
    const value = parseJson(line);
    return convert === undefined ? (value as T) : convert(value);
  };
  return {
    name: "JSON lines",
    type,
    splittable: true,
    createDecoder: ({ offset }) => new LineDecoder(parse, { encoding: "utf-8", atStart: offset === 0 }),
  };
}
