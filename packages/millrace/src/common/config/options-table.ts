import type { ConfigOption } from "./config-option.ts";
import { OPTIONS } from "./options.ts";

/** All options as a Markdown table, as it stands in the documentation. */
export function optionsTable(): string {
  const rows = OPTIONS.map((each) => {
    const option = each as unknown as ConfigOption;
    const value = option.defaultValue === undefined ? "" : `\`${option.format(option.defaultValue)}\``;
    return `| \`${option.key}\` | ${option.kind} | ${value} | ${option.description} |`;
  });
  return ["| option | kind | default | meaning |", "|---|---|---|---|", ...rows].join("\n");
}
