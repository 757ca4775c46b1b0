import { MillraceError } from "../../common/errors/millrace-error.ts";
import { describeType } from "../../common/types/describe-type.ts";
import type { TypeDescription } from "../../common/types/type-description.ts";
import { parseIsoTimestamp } from "./iso-timestamp.ts";
import { Mismatch, mismatch } from "./mismatch.ts";

/** Makes a value of the declared type out of a field of text; throws Mismatch. */
export type TextConverter = (text: string) => unknown;

/**
 * A converter from text to values of a type: numbers in decimal, booleans as true, false, 1, 0, yes, no (in any case), times
 * as ISO 8601 or ms since the epoch.
 *
 * @param column for the error message
 * @throws MillraceError INVALID_TYPE for types that one field can't hold
 */
export function textConverter(type: TypeDescription, column: string): TextConverter {
  switch (type.kind) {
    case "string":
    case "any":
      return (text) => text;
    case "int":
      return intOf;
    case "double":
      return doubleOf;
    case "boolean":
      return booleanOf;
    case "bigint":
      return bigintOf;
    case "timestamp":
      return (text) => timeOf(text, "timestamp");
    case "date":
      return (text) => new Date(timeOf(text, "date"));
    case "literal": {
      const expected = String(type.value);
      return (text) => {
        if (text !== expected) throw mismatch(JSON.stringify(type.value), text);
        return type.value;
      };
    }
    case "union":
      return unionOf(type, column);
    // A nullable column is handled where columns are: here an empty text is still text.
    case "nullable":
      return textConverter(type.element, column);
    case "null":
    case "bytes":
    case "array":
    case "set":
    case "record":
    case "tuple":
    case "map":
    case "object":
    case "custom":
      throw new MillraceError(
        "INVALID_TYPE",
        `column ${column}: a field of text can't hold the type ${describeType(type)}`,
        { help: "Declare the column as Types.string and convert it in a map.", details: { column } },
      );
  }
}

function intOf(text: string): number {
  const n = numberOf(text);
  if (!Number.isSafeInteger(n)) throw mismatch("int", text);
  return n;
}

const NAMED_NUMBERS: ReadonlyMap<string, number> = new Map([
  ["nan", NaN],
  ["inf", Infinity],
  ["+inf", Infinity],
  ["-inf", -Infinity],
  ["infinity", Infinity],
  ["+infinity", Infinity],
  ["-infinity", -Infinity],
]);

function doubleOf(text: string): number {
  const n = numberOf(text);
  if (!Number.isNaN(n)) return n;
  const named = NAMED_NUMBERS.get(text.trim().toLowerCase());
  if (named === undefined) throw mismatch("double", text);
  return named;
}

/** A finite decimal number; NaN where the text is none. Space around it is ignored. */
function numberOf(text: string): number {
  const n = +text;
  // Number() reads "" and " " as 0, and hexadecimal, octal and binary forms, which nobody means in a table.
  if (n === 0 && text.trim() === "") return NaN;
  if (text.length > 2 && !isDigitOrDot(text.charCodeAt(1)) && /^\s*0[box]/iu.test(text)) return NaN;
  return Number.isFinite(n) ? n : NaN;
}

function isDigitOrDot(code: number): boolean {
  return (code >= 48 && code <= 57) || code === 46;
}

function booleanOf(text: string): boolean {
  switch (text.trim().toLowerCase()) {
    case "true":
    case "1":
    case "yes":
      return true;
    case "false":
    case "0":
    case "no":
      return false;
    default:
      throw mismatch("boolean", text);
  }
}

function bigintOf(text: string): bigint {
  if (!/^\s*[+-]?\d+\s*$/u.test(text)) throw mismatch("bigint", text);
  return BigInt(text.trim().replace(/^\+/u, ""));
}

function timeOf(text: string, kind: string): number {
  const trimmed = text.trim();
  const iso = parseIsoTimestamp(trimmed);
  if (iso !== undefined) return iso;
  if (/^-?\d+(\.\d+)?$/u.test(trimmed)) return +trimmed;
  throw mismatch(`${kind} (ISO 8601, or ms since the epoch)`, text);
}

function unionOf(type: TypeDescription & { readonly kind: "union" }, column: string): TextConverter {
  const members = type.members.map((member) => textConverter(member, column));
  return (text) => {
    for (const member of members) {
      try {
        return member(text);
      } catch (error) {
        if (!(error instanceof Mismatch)) throw error;
      }
    }
    throw mismatch(describeType(type), text);
  };
}
