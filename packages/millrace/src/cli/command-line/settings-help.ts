import type { ConfigOption } from "../../common/config/config-option.ts";
import { OPTIONS } from "../../common/config/options.ts";
import { wrap } from "../format/wrap.ts";

/** Columns of the terminal that help is written for. */
const WIDTH = 100;

/** Settings by the beginning of their keys; what none of them names comes first. */
const GROUPS: readonly (readonly [title: string, prefixes: readonly string[]])[] = [
  ["Checkpoints and savepoints", ["execution.checkpointing."]],
  ["What a job starts from", ["execution.state-recovery."]],
  ["State", ["state."]],
  ["Restarts after a failure", ["restart-strategy."]],
];

/** The settings that `-D` takes, with their defaults, by what they are about. */
export function settingsHelp(): string {
  const options = OPTIONS as readonly unknown[] as readonly ConfigOption[];
  const grouped = (key: string): boolean =>
    GROUPS.some(([, prefixes]) => prefixes.some((prefix) => key.startsWith(prefix)));
  const parts = [
    section(
      "Settings for -D",
      options.filter(({ key }) => !grouped(key)),
    ),
    ...GROUPS.map(([title, prefixes]) =>
      section(
        `${title}, for -D`,
        options.filter(({ key }) => prefixes.some((prefix) => key.startsWith(prefix))),
      ),
    ),
  ];
  return `\n${parts.join("\n\n")}\n`;
}

function section(title: string, options: readonly ConfigOption[]): string {
  return [`${title}:`, ...options.flatMap(lines)].join("\n");
}

function lines(option: ConfigOption): string[] {
  const value = option.defaultValue === undefined ? "" : ` (default ${option.format(option.defaultValue)})`;
  return [
    `  ${option.key}`,
    ...wrap(`${option.description}${value}`, WIDTH - 6).map((line) => `      ${line}`),
  ];
}
