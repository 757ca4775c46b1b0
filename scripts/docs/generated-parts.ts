import { CLUSTER_OPTIONS } from "../../packages/millrace/src/common/config/cluster-options.ts";
import { REST_OPTIONS } from "../../packages/millrace/src/common/config/rest-options.ts";
import { optionsTable } from "../../packages/millrace/src/common/config/options-table.ts";
import { sinksTable, sourcesTable } from "./connector-tables.ts";
import { ERROR_CODES } from "./error-codes.ts";
import { guaranteeTable } from "./guarantee-table.ts";
import { markdownTable } from "./markdown-table.ts";
import { restRoutesTables, restSchemas } from "./rest-tables.ts";
import { mismatchTable } from "./restore-mismatches.ts";

/** What stands in the documentation between `<!-- generated: <name> -->` and `<!-- end -->`. */
const PARTS: Readonly<Record<string, () => string>> = {
  settings: () => optionsTable(),
  "cluster-settings": () => optionsTable(CLUSTER_OPTIONS),
  "rest-settings": () => optionsTable(REST_OPTIONS),
  "rest-routes": restRoutesTables,
  "rest-schemas": restSchemas,
  "error-codes": () =>
    markdownTable(
      ["code", "means", "what to do"],
      Object.entries(ERROR_CODES).map(([code, { means, remedy }]) => [`\`${code}\``, means, remedy]),
    ),
  sources: sourcesTable,
  sinks: sinksTable,
  guarantees: guaranteeTable,
  "restore-mismatches": mismatchTable,
};

const PART = /(<!-- generated: ([a-z-]+) -->\n)[\s\S]*?(<!-- end -->)/g;

/** The names of the generated parts of a document. */
export const partsOf = (text: string): readonly string[] =>
  [...text.matchAll(PART)].map(([, , name = ""]) => name);

/** The document with its generated parts as they should be now. */
export function withGeneratedParts(text: string): string {
  return text.replaceAll(PART, (_, start: string, name: string, end: string) => {
    const generate = PARTS[name];
    if (generate === undefined)
      throw new Error(`No part "${name}": there are ${Object.keys(PARTS).join(", ")}.`);
    return `${start}\n${generate()}\n\n${end}`;
  });
}
