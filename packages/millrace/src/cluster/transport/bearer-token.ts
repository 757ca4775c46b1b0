import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { ConfigOption } from "../../common/config/config-option.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";

/**
 * A token that a header can carry: nobody could ever send another one.
 *
 * @throws INVALID_OPTION that does not tell the token
 */
export function asToken(option: ConfigOption, text: string): string {
  if (/^[\x21-\x7e]+$/u.test(text)) return text;
  throw new MillraceError(
    "INVALID_OPTION",
    `option ${option.key} holds no token: one line of visible ASCII characters is expected`,
    { details: { option: option.key }, help: "openssl rand -hex 32 makes one." },
  );
}

/** The header that proves that a process knows a token. */
export const bearerHeader = (token: string | undefined): Readonly<Record<string, string>> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

/** Whether a request proves that its sender knows the token; always, where there is none. Takes as long for any wrong one. */
export function knowsToken(headers: IncomingHttpHeaders, token: string | undefined): boolean {
  if (token === undefined) return true;
  const [, given] = /^Bearer +(\S+)\s*$/iu.exec(headers.authorization ?? "") ?? [];
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
}

const digest = (text: string): Uint8Array => createHash("sha256").update(text).digest();
