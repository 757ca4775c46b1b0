type Paint = (text: string) => string;

/** Puts texts into colour, or leaves them as they are. */
export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
}

/** No colours. */
export const PLAIN_STYLE: Style = {
  bold: (text) => text,
  dim: (text) => text,
  red: (text) => text,
  green: (text) => text,
  yellow: (text) => text,
  cyan: (text) => text,
};

const colour =
  (on: number, off: number): Paint =>
  (text) =>
    text === "" ? "" : `\x1b[${on}m${text}\x1b[${off}m`;

/** The colours that every terminal has. */
export const COLOUR_STYLE: Style = {
  bold: colour(1, 22),
  dim: colour(2, 22),
  red: colour(31, 39),
  green: colour(32, 39),
  yellow: colour(33, 39),
  cyan: colour(36, 39),
};

/**
 * The style for a stream: colours for terminals, unless `NO_COLOR` is set to anything but the empty string or the terminal is a "dumb" one;
 * `FORCE_COLOR` (anything but "" and "0") asks for them elsewhere, too.
 */
export function styleFor(isTerminal: boolean, env: NodeJS.ProcessEnv): Style {
  if ((env["NO_COLOR"] ?? "") !== "") return PLAIN_STYLE;
  const forced = env["FORCE_COLOR"] ?? "";
  if (forced !== "") return forced === "0" ? PLAIN_STYLE : COLOUR_STYLE;
  return isTerminal && env["TERM"] !== "dumb" ? COLOUR_STYLE : PLAIN_STYLE;
}
