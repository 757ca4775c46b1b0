import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Node, YAMLMap } from "yaml";

/** A setting as it was written. */
export interface WrittenSetting {
  readonly key: string;
  readonly value: unknown;
  /** "config.yaml:3" */
  readonly origin: string;
}

/** Something that is no setting. */
export interface SettingProblem {
  readonly origin: string;
  readonly message: string;
}

/** Settings as they were written, and what was none. */
export interface ReadSettings {
  readonly settings: readonly WrittenSetting[];
  readonly problems: readonly SettingProblem[];
}

/**
 * The settings of a YAML text, whose keys are flat (`rest.port: 8081`), nested or both. Lists become texts, divided by commas. Nothing is
 * known here of which settings there are.
 *
 * @param name of the file, for messages
 */
export function readSettings(text: string, name: string): ReadSettings {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const settings: WrittenSetting[] = [];
  const problems: SettingProblem[] = document.errors.map(({ message, pos }) => ({
    origin: `${name}:${lines.linePos(pos[0]).line}`,
    message: (message.split("\n")[0] as string).replace(/ at line \d+, column \d+:?$/u, ""),
  }));
  const originOf = (node: unknown): string => {
    const start = (node as Node | null)?.range?.[0];
    return start === undefined ? name : `${name}:${lines.linePos(start).line}`;
  };
  const visitMap = (map: YAMLMap, prefix: string): void => {
    for (const { key, value } of map.items) {
      const origin = originOf(key);
      if (!isScalar(key) || typeof key.value !== "string" || key.value === "")
        problems.push({ origin, message: "expected the key of a setting, a text" });
      else visit(`${prefix}${key.value}`, value, origin);
    }
  };
  const visit = (key: string, value: unknown, origin: string): void => {
    if (isMap(value)) return visitMap(value, `${key}.`);
    const read = isSeq(value) ? listText(value.items) : isScalar(value) ? plainValue(value) : undefined;
    if (read === undefined) {
      const what = isAlias(value) ? "an alias" : isSeq(value) ? "a list of more than texts" : "no value";
      problems.push({
        origin,
        message: `setting ${key} has ${what}; expected a text, a number, true or false`,
      });
    } else {
      settings.push({ key, value: read, origin });
    }
  };
  const { contents } = document;
  if (isMap(contents)) visitMap(contents, "");
  else if (contents !== null && problems.length === 0 && !(isScalar(contents) && contents.value === null))
    problems.push({ origin: originOf(contents), message: "expected settings, each as key: value" });
  return { settings, problems };
}

function listText(items: readonly unknown[]): string | undefined {
  const texts = items.map((item) => (isScalar(item) ? plainValue(item) : undefined));
  return texts.length === 0 || texts.includes(undefined) ? undefined : texts.join(",");
}

/** As it was written, so that 007 stays what it was where a text is wanted. */
function plainValue(scalar: { readonly value: unknown; readonly source?: string }): string | undefined {
  const { value, source } = scalar;
  if (typeof value === "string") return value;
  return value === null || value === undefined ? undefined : (source ?? JSON.stringify(value));
}
