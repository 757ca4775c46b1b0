import { parquetSchema, type FileMetaData, type SchemaElement, type SchemaTree } from "hyparquet";
import {
  describeType,
  MillraceError,
  type FieldDescription,
  type TypeDescription,
  type TypeInfo,
} from "millrace";
import { valueConverter, type ValueConverter } from "./value-converter.ts";

/** A column of the file that becomes a field of the record. */
export interface ColumnPlan {
  readonly name: string;
  /** What it becomes; undefined where the file lacks it. */
  readonly column: SchemaTree | undefined;
  readonly convert: ValueConverter;
  /** Whether bytes stay bytes. */
  readonly raw: boolean;
  /** Whether times stay Dates, as hyparquet makes them. */
  readonly dates: boolean;
}

/**
 * How a file's columns become the fields of records.
 *
 * @param type an object type; without one, and for a schema whose fields are not known, all columns as they are
 * @throws MillraceError SOURCE_FAILED naming columns that the file lacks, or that can't become what is declared
 */
export function planColumns(
  path: string,
  metadata: FileMetaData,
  type: Pick<TypeInfo<unknown>, "description"> | undefined,
): readonly ColumnPlan[] {
  const columns = parquetSchema(metadata).children;
  if (type?.description.kind !== "object") return columns.map(asItIs);
  return type.description.fields.map((field) => planField(path, columns, field));
}

function asItIs(column: SchemaTree): ColumnPlan {
  return { name: column.element.name, column, convert: (value) => value ?? null, raw: false, dates: true };
}

function planField(path: string, columns: readonly SchemaTree[], field: FieldDescription): ColumnPlan {
  const { name, type, optional } = field;
  const column = columns.find(({ element }) => element.name === name);
  const inner = type.kind === "nullable" ? type.element : type;
  const mayLack = optional || type.kind === "nullable";
  if (column === undefined && !mayLack) {
    throw new MillraceError(
      "SOURCE_FAILED",
      `${path}: there is no column ${JSON.stringify(name)}; the columns are ${columns.map(({ element }) => element.name).join(", ")}`,
      { help: "Name the schema's fields as the columns are named.", details: { path, column: name } },
    );
  }
  if (column !== undefined) requireFit(path, column, inner);
  const convert = valueConverter(type, name);
  return {
    name,
    column,
    convert: optional
      ? (value) => (value === null || value === undefined ? undefined : convert(value))
      : convert,
    raw: inner.kind === "bytes",
    dates: inner.kind === "any",
  };
}

/** What a column holds, in the words of declared types. */
type Content = "string" | "bytes" | "number" | "bigint" | "boolean" | "time" | "nested" | "other";

/** What each declared kind can be made of; kinds that are missing are left to each value. */
const FITTING: Partial<Record<TypeDescription["kind"], readonly Content[]>> = {
  // Old writers leave text unmarked.
  string: ["string", "bytes"],
  boolean: ["boolean"],
  int: ["number", "bigint"],
  double: ["number", "bigint"],
  bigint: ["number", "bigint"],
  timestamp: ["time", "number", "bigint"],
  date: ["time", "number", "bigint"],
  bytes: ["bytes"],
  array: ["nested", "other"],
  object: ["nested", "other"],
  record: ["nested", "other"],
};

function requireFit(path: string, column: SchemaTree, type: TypeDescription): void {
  const content = column.children.length > 0 ? "nested" : contentOf(column.element);
  const fitting = FITTING[type.kind];
  if (fitting === undefined || fitting.includes(content)) return;
  throw new MillraceError(
    "SOURCE_FAILED",
    `${path}: column ${column.element.name}: expected ${describeType(type)}, but the file has ${shownColumn(column.element, content)}`,
    { help: "Declare the column as what the file holds.", details: { path, column: column.element.name } },
  );
}

function contentOf({ type, converted_type: converted, logical_type: logical }: SchemaElement): Content {
  const name = logical?.type ?? converted;
  switch (name) {
    case "STRING":
    case "UTF8":
    case "ENUM":
    case "UUID":
      return "string";
    case "DATE":
    case "TIMESTAMP":
    case "TIMESTAMP_MILLIS":
    case "TIMESTAMP_MICROS":
      return "time";
    case "DECIMAL":
    case "FLOAT16":
      return "number";
    case "JSON":
    case "VARIANT":
      return "other";
    default:
      return type === undefined ? "other" : PHYSICAL[type];
  }
}

const PHYSICAL: Readonly<Record<NonNullable<SchemaElement["type"]>, Content>> = {
  BOOLEAN: "boolean",
  INT32: "number",
  INT64: "bigint",
  INT96: "time",
  FLOAT: "number",
  DOUBLE: "number",
  BYTE_ARRAY: "bytes",
  FIXED_LEN_BYTE_ARRAY: "bytes",
};

function shownColumn(
  { type, converted_type: converted, logical_type: logical }: SchemaElement,
  content: Content,
): string {
  if (content === "nested") return "a nested column";
  const name = logical?.type ?? converted;
  return name === undefined ? String(type) : `${type} ${name}`;
}
