import { pino } from "pino";
import { REDACTED } from "../../common/config/secret-settings.ts";

interface PinoLine {
  readonly level: number;
  readonly time: number;
  readonly msg?: string;
  readonly err?: { readonly stack?: string; readonly message?: string };
}

/**
 * A line of pino as people read it: "2026-11-22T19:43:41.123Z WARN  closed the connection ...", its error's stack below. What messages bring
 * along of users, peers and paths can neither look like another line, nor command the terminal that shows it.
 */
export function logLine(json: string): string {
  const { level, time, msg = "", err } = JSON.parse(json) as PinoLine;
  const label = (pino.levels.labels[level] ?? "info").toUpperCase().padEnd(5);
  const error = err === undefined ? "" : `\n${err.stack ?? err.message ?? ""}`;
  return `${new Date(time).toISOString()} ${label} ${visible(msg + error)}\n`;
}

/** Everything below the first line is indented; what moves cursors or changes colours is written out. */
const visible = (text: string): string =>
  text
    .replaceAll(/\r?\n/gu, "\n    ")
    .replaceAll(
      /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]/gu,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );

/** Takes secrets out of a text, wherever they stand. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  // Short ones would take harmless words with them.
  const known = secrets.filter((secret) => secret.length >= 4).sort((a, b) => b.length - a.length);
  return (text) => known.reduce((redacted, secret) => redacted.replaceAll(secret, REDACTED), text);
}
