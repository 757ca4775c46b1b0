import type { TypeInfo } from "../../common/types/type-info.ts";
import { requireOption } from "../base/options.ts";
import { csvFormat, type CsvOptions } from "./csv-format.ts";
import type { FileFormat } from "./file-format.ts";
import { jsonLinesFormat } from "./json-lines-format.ts";
import { linesFormat } from "./line-format.ts";
import type { TextEncoding } from "./text-encoding.ts";

/** The formats that have a name. */
export type FormatName = "lines" | "jsonl" | "csv";

/** How a format is chosen. */
export interface FormatChoice<T> {
  readonly format: FormatName | FileFormat<T>;
  readonly type: TypeInfo<T> | undefined;
  readonly csv: CsvOptions | undefined;
  readonly encoding: TextEncoding | undefined;
}

/**
 * The format behind a connector's option `format`.
 *
 * @throws MillraceError INVALID_OPTION for an unknown name, and for options that don't go with the format
 */
export function formatOf<T>(connector: string, choice: FormatChoice<T>): FileFormat<T> {
  const { format, type, csv, encoding } = choice;
  requireOption(
    encoding === undefined || encoding === "utf-8" || encoding === "latin1",
    connector,
    "encoding",
    `"utf-8" or "latin1"`,
    encoding,
  );
  requireOption(csv === undefined || format === "csv", connector, "csv", `format "csv" beside it`, csv);
  requireOption(
    type === undefined || format === "jsonl" || format === "csv",
    connector,
    "schema",
    `format "jsonl" or "csv" beside it`,
    format,
  );
  switch (format) {
    case "lines":
      // The overloads of the sources make T string here.
      return linesFormat(encoding) as FileFormat<unknown> as FileFormat<T>;
    case "jsonl":
      requireOption(encoding !== "latin1", connector, "encoding", `"utf-8" for JSON`, encoding);
      return jsonLinesFormat(type);
    case "csv":
      return csvFormat(csv, type, encoding);
    default:
      requireOption(
        typeof format === "object" && format !== null && typeof format.createDecoder === "function",
        connector,
        "format",
        `"lines", "jsonl", "csv" or a FileFormat`,
        format,
      );
      return format;
  }
}
