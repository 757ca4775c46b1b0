import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import type { FieldDescription } from "../../common/types/type-description.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";
import { textConverter, type TextConverter } from "./convert-text.ts";
import { jsonConverter } from "./convert-json.ts";
import { MalformedText } from "./malformed-text.ts";
import { Mismatch } from "./mismatch.ts";
import { recordMaker } from "./record-maker.ts";

/** Makes a record of the fields of a row; throws MalformedText. */
export type RowConverter<T> = (fields: readonly string[]) => T;

/** A column of the file as a field of the record. */
interface Column {
  /** Its place in the row; -1 where the file lacks it. */
  readonly index: number;
  readonly name: string;
  readonly convert: TextConverter;
  /** What an empty field becomes; undefined where it goes to `convert` as it is. */
  readonly empty: { readonly value: null | undefined } | undefined;
}

/** How rows become records. */
export interface CsvRowOptions<T> {
  readonly type: TypeInfo<T> | undefined;
  /** Texts that stand for null in nullable and optional columns. */
  readonly nullValues: readonly string[];
  /** For messages. */
  readonly location: string;
}

/**
 * A converter for rows with these columns.
 *
 * @throws MillraceError SOURCE_FAILED when the file lacks a column that the type needs, or names one twice
 */
export function rowConverter<T>(names: readonly string[], options: CsvRowOptions<T>): RowConverter<T> {
  const duplicate = names.find((name, i) => names.indexOf(name) !== i);
  if (duplicate !== undefined) {
    throw new MillraceError(
      "SOURCE_FAILED",
      `${options.location}: the header names the column ${preview(duplicate)} twice`,
    );
  }
  const { type } = options;
  if (type?.description.kind === "object" && type.validate === undefined) {
    return typedRows(names, type.description.fields, options);
  }
  const make = recordMaker(names);
  const plain: RowConverter<unknown> = (fields) => {
    requireWidth(fields, names);
    return make(fields);
  };
  if (type === undefined) return plain as RowConverter<T>;
  // A schema of another make gets the fields as text.
  const convert = jsonConverter(type);
  return (fields) => convert(plain(fields));
}

function typedRows<T>(
  names: readonly string[],
  fields: readonly FieldDescription[],
  options: CsvRowOptions<T>,
): RowConverter<T> {
  const columns = fields.map((field) => columnOf(names, field, options.location));
  const nulls = new Set(options.nullValues);
  const make = recordMaker(fields.map((field) => field.name));
  const values: unknown[] = Array.from({ length: columns.length });
  return (row) => {
    requireWidth(row, names);
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i]!;
      const text = row[column.index];
      values[i] =
        text === undefined || (column.empty !== undefined && nulls.has(text))
          ? column.empty?.value
          : convertField(column, text);
    }
    return make(values) as T;
  };
}

function convertField(column: Column, text: string): unknown {
  try {
    return column.convert(text);
  } catch (error) {
    throw error instanceof Mismatch ? error.below(`column ${column.name}`) : error;
  }
}

function columnOf(names: readonly string[], field: FieldDescription, location: string): Column {
  const index = names.indexOf(field.name);
  const nullable = field.type.kind === "nullable" || field.type.kind === "null";
  if (index < 0 && !nullable && !field.optional) {
    throw new MillraceError(
      "SOURCE_FAILED",
      `${location}: there is no column ${preview(field.name)}; the columns are ${names.map((name) => JSON.stringify(name)).join(", ")}`,
      {
        help: "Name the schema's fields as the columns are named, or give the columns' names by the option csv.columns.",
      },
    );
  }
  const empty = nullable ? { value: null } : field.optional ? { value: undefined } : undefined;
  const convert = field.type.kind === "null" ? (text: string) => text : textConverter(field.type, field.name);
  return { index, name: field.name, convert, empty };
}

function requireWidth(fields: readonly string[], names: readonly string[]): void {
  if (fields.length !== names.length) {
    throw new MalformedText(`expected ${names.length} columns, got ${fields.length}`);
  }
}

/**
 * Refuses a type that rows can't become, when the program is built.
 *
 * @throws MillraceError INVALID_TYPE
 */
export function requireRowType(type: Pick<TypeInfo<unknown>, "description">): void {
  if (type.description.kind !== "object") {
    throw new MillraceError("INVALID_TYPE", `CSV: expected an object type, got ${type.description.kind}`);
  }
  for (const field of type.description.fields) {
    if (field.type.kind !== "null") textConverter(field.type, field.name);
  }
}
