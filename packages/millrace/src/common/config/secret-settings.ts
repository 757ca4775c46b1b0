import type { ConfigOption } from "./config-option.ts";

/** Words in a key whose value is nobody's business. */
const SECRET = /password|secret|token|credential|api-?key|private-?key/iu;

/** What is shown in place of a secret. */
export const REDACTED = "******";

/** Whether a setting's value must not be shown in logs, messages and answers. Where a file is that holds one is no secret. */
export const isSecretSetting = (key: string): boolean => SECRET.test(key) && !key.endsWith("-file");

/** Settings as people write them, secrets redacted. @param options those that may be among them */
export function describeSettings(
  settings: Readonly<Record<string, unknown>>,
  options: readonly ConfigOption[],
): Readonly<Record<string, string>> {
  const byKey = new Map(options.map((option) => [option.key, option]));
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [
      key,
      isSecretSetting(key) ? REDACTED : (byKey.get(key)?.format(value) ?? String(value)),
    ]),
  );
}
