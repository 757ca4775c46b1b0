import { isAscii } from "node:buffer";

/** How text is encoded. Bytes that are no UTF-8 become U+FFFD. */
export type TextEncoding = "utf-8" | "latin1";

/** The text of `bytes[start, end)`; ASCII, by far the commonest, takes the shortest way. */
export function decodeText(bytes: Buffer, start: number, end: number, encoding: TextEncoding): string {
  return encoding === "latin1" || isAscii(bytes.subarray(start, end))
    ? bytes.toString("latin1", start, end)
    : bytes.toString("utf8", start, end);
}
