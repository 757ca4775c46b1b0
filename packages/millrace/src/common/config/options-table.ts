import type { ConfigOption } from "./config-option.ts";
import { OPTIONS } from "./options.ts";

/** Options as a Markdown table, as it stands in the documentation. @param options default: those of jobs */
export function optionsTable(options: readonly unknown[] = OPTIONS): string {
  const rows = (options as readonly ConfigOption[]).map((option) => {
    const value = option.defaultValue === undefined ? "" : `\`${option.format(option.defaultValue)}\``;
    return `| \`${option.key}\` | ${option.kind} | ${value} | ${option.description} |`;
  });
  return ["| option | kind | default | meaning |", "|---|---|---|---|", ...rows].join("\n");
}
