import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";

/**
 * Checks an option of a connector when the program is built.
 *
 * @throws MillraceError INVALID_OPTION naming the connector, the option, what was expected and what came
 */
export function requireOption(
  valid: boolean,
  connector: string,
  option: string,
  expected: string,
  value: unknown,
): asserts valid {
  if (valid) return;
  throw new MillraceError(
    "INVALID_OPTION",
    `${connector}: option ${option}: expected ${expected}, got ${preview(value)}`,
    { details: { connector, option } },
  );
}

/** A whole number from `min` up, or undefined. */
export function requireCount(
  connector: string,
  option: string,
  value: number | undefined,
  min: number,
): void {
  requireOption(
    value === undefined || (Number.isSafeInteger(value) && value >= min),
    connector,
    option,
    `a whole number from ${min} up`,
    value,
  );
}

/** A finite number above 0, or undefined. */
export function requirePositive(connector: string, option: string, value: number | undefined): void {
  requireOption(
    value === undefined || (Number.isFinite(value) && value > 0),
    connector,
    option,
    "a number above 0",
    value,
  );
}

/**
 * Refuses options that the connector doesn't know: a misspelt one would be ignored silently.
 *
 * @throws MillraceError UNKNOWN_OPTION naming the nearest known ones
 */
export function refuseUnknownOptions(connector: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw new MillraceError(
      "UNKNOWN_OPTION",
      `${connector}: unknown option ${JSON.stringify(name)}; known are ${known.join(", ")}`,
      { details: { connector, option: name } },
    );
  }
}
