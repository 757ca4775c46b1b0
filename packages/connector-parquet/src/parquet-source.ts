import { fileURLToPath } from "node:url";
import {
  BufferedSourceReader,
  fileProblem,
  listFiles,
  MillraceError,
  refuseUnknownOptions,
  StaticEnumerator,
  toTypeInfo,
  type Source,
  type StaticEnumeratorState,
  type TypeInfo,
  type TypeLike,
} from "millrace";
import { planColumns } from "./column-plan.ts";
import { ParquetFile } from "./parquet-file.ts";
import type { ParquetSplit } from "./parquet-split.ts";
import { RowGroupFetcher } from "./row-group-fetcher.ts";
import { valueConverter } from "./value-converter.ts";

/** Options of `parquetSource`. */
export interface ParquetSourceOptions<T> {
  /** Files, directories (all files in them) or globs. Names that begin with `.` or `_` are left out below directories and globs. */
  readonly path: string | URL | readonly (string | URL)[];
  /** The record: an object type whose fields are named as columns. Only these columns are read. */
  readonly schema?: TypeLike<T> | undefined;
  /** Whether directories are read with all below them; default true. */
  readonly recursive?: boolean | undefined;
}

/** A source of Parquet files. */
export type ParquetSource<T> = Source<T, ParquetSplit, StaticEnumeratorState<ParquetSplit>>;

const NAME = "Parquet source";

/**
 * Reads Parquet files. Bounded, exactly-once; each row group is a split, so that several subtasks read one file at once, in the order of
 * files and groups.
 *
 * Columns become what the schema declares: 64-bit integers numbers (`Types.int`, refused beyond 2^53 - 1; or `Types.bigint`), times
 * `Types.timestamp` (ms since the epoch) or `Types.date`; times without a zone are UTC. A null in a column that isn't declared
 * nullable makes the row malformed: the operator's policy decides what becomes of it. A column that the file lacks, or that can't
 * become what is declared, fails the source when it starts. Without a schema all columns are read as they are: 64-bit integers as
 * bigints, times as Dates.
 *
 * Compression: none, Snappy, ZSTD, gzip, Brotli.
 *
 * @throws MillraceError INVALID_OPTION, UNKNOWN_OPTION, INVALID_TYPE when the program is built; SOURCE_FAILED when it runs
 * @example
 * ```ts
 * const Flight = Types.object({ date: Types.timestamp, delay: Types.int, origin: Types.string });
 *
 * env.fromSource(parquetSource({ path: "flights-*.parquet", schema: Flight }),
 *   WatermarkStrategy.forBoundedOutOfOrderness(minutes(5)).withTimestamps((f) => f.date), "flights")
 * ```
 */
export function parquetSource<T>(
  options: ParquetSourceOptions<T> & { readonly schema: TypeLike<T> },
): ParquetSource<T>;
export function parquetSource(
  options: ParquetSourceOptions<Record<string, unknown>>,
): ParquetSource<Record<string, unknown>>;
export function parquetSource<T>(options: ParquetSourceOptions<T>): ParquetSource<T> {
  refuseUnknownOptions(NAME, options, ["path", "schema", "recursive"]);
  const paths = pathsOf(options.path);
  const type = options.schema === undefined ? undefined : recordType(options.schema);
  const recursive = options.recursive ?? true;
  return {
    name: NAME,
    boundedness: "bounded",
    guarantee: "exactly-once",
    type,
    checksRecords: true,
    input: { path: paths.join(", ") },
    createEnumerator: (context, restored) =>
      new StaticEnumerator(
        context,
        {
          name: NAME,
          discover: () => findRowGroups(paths, recursive, type),
          order: (a, b) => a.order - b.order,
        },
        restored,
      ),
    createReader: (context) =>
      new BufferedSourceReader(context, {
        name: NAME,
        order: (a, b) => a.order - b.order,
        open: (split) => new RowGroupFetcher(NAME, type, split),
      }),
  };
}

function pathsOf(path: ParquetSourceOptions<unknown>["path"]): readonly string[] {
  const paths = (Array.isArray(path) ? path : [path]) as readonly (string | URL)[];
  if (paths.length === 0 || paths.some((p) => !(p instanceof URL) && (typeof p !== "string" || p === ""))) {
    throw new MillraceError(
      "INVALID_OPTION",
      `${NAME}: option path: expected a path, a glob, or several, got ${JSON.stringify(path)}`,
    );
  }
  return paths.map((p) => (p instanceof URL ? fileURLToPath(p) : p));
}

function recordType<T>(schema: TypeLike<T>): TypeInfo<T> {
  const type = toTypeInfo(schema);
  const { description } = type;
  if (description.kind === "object") {
    // Types that no column can become are refused now, not when the first file is read.
    for (const field of description.fields) valueConverter(field.type, field.name);
  } else if (type.validate === undefined) {
    throw new MillraceError("INVALID_TYPE", `${NAME}: expected an object type, got ${description.kind}`);
  }
  return type;
}

/** All row groups of all files, after a check that they hold what is declared. */
async function findRowGroups(
  paths: readonly string[],
  recursive: boolean,
  type: Pick<TypeInfo<unknown>, "description"> | undefined,
): Promise<readonly ParquetSplit[]> {
  const splits: ParquetSplit[] = [];
  for (const { path } of await listFiles(paths, { connector: NAME, recursive, mustMatch: true })) {
    try {
      await using file = await ParquetFile.open(path);
      planColumns(path, file.metadata, type);
      let firstRow = 0;
      for (const [group, { num_rows }] of file.metadata.row_groups.entries()) {
        const rows = Number(num_rows);
        splits.push({
          splitId: `${path}#${group}`,
          path,
          group,
          firstRow,
          rows,
          order: splits.length,
          size: file.buffer.byteLength,
          taken: 0,
        });
        firstRow += rows;
      }
    } catch (error) {
      throw fileProblem("SOURCE_FAILED", NAME, "read", path, error);
    }
  }
  return splits;
}
