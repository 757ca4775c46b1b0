import { stripVTControlCharacters } from "node:util";

const PLAIN = /^[\x20-\x7e]*$/u;
/** Characters that terminals draw two columns wide: CJK, Hangul, full-width forms, pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const NO_WIDTH = /[\p{Mark}\p{Format}]/u;

/** A text that may go into one line of a terminal: without control characters and escape sequences, whoever wrote it. */
export function oneLine(text: string): string {
  if (PLAIN.test(text)) return text;
  return stripVTControlCharacters(text)
    .replace(/\s+/gu, " ")
    .replace(/[\x00-\x1f\x7f-\x9f]/gu, "");
}

/** How many columns of a terminal a text without control characters takes. */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

/**
 * The text, cut to `columns` with "..." at its end where it is longer.
 *
 * @example `truncate("Source: flights", 10)` is "Source:..."
 */
export function truncate(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  const dots = ".".repeat(Math.max(0, Math.min(3, columns)));
  let room = columns - dots.length;
  let kept = "";
  for (const character of text) {
    room -= widthOf(character);
    if (room < 0) break;
    kept += character;
  }
  return `${kept.trimEnd()}${dots}`;
}

function widthOf(character: string): number {
  if (NO_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
