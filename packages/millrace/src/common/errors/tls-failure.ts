/** Why TLS was not established, or ended before anything was said. */
export interface TlsFailure {
  /**
   * Whose certificate it is about: "theirs" was refused here, "ours" was refused by the other side, or is missing; "none": it is about
   * something else.
   */
  readonly certificate: "theirs" | "ours" | "none";
  /** About the other side, as the end of a sentence: "its certificate has expired". */
  readonly text: string;
}

/** What is told of an error: Node's code where it has one, else what OpenSSL calls it, in small letters. */
type Rule = readonly [RegExp, TlsFailure["certificate"], string];

const RULES: readonly Rule[] = [
  [/^CERT_HAS_EXPIRED$/u, "theirs", "its certificate has expired"],
  [/^CERT_NOT_YET_VALID$/u, "theirs", "its certificate is not valid yet; do the clocks agree?"],
  [/^CERT_REVOKED$/u, "theirs", "its certificate was revoked"],
  [/^INVALID_PURPOSE$/u, "theirs", "its certificate is made for other uses (see its extendedKeyUsage)"],
  [
    /^(?:SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_GET_ISSUER_CERT(?:_LOCALLY)?|UNABLE_TO_VERIFY_LEAF_SIGNATURE|CERT_UNTRUSTED|CERT_REJECTED|CERT_SIGNATURE_FAILURE|CERT_CHAIN_TOO_LONG|INVALID_CA|PATH_LENGTH_EXCEEDED)$/u,
    "theirs",
    "its certificate is not signed by an authority that is trusted here",
  ],
  [/peer did not return a certificate/u, "theirs", "it shows no certificate"],
  [/alert certificate required/u, "ours", "it asks for a certificate, and was shown none"],
  [/alert certificate expired/u, "ours", "it says that this side's certificate has expired"],
  [
    /alert (?:unknown ca|bad certificate|certificate unknown|unsupported certificate|certificate revoked|access denied)/u,
    "ours",
    "it does not trust this side's certificate",
  ],
  [
    /alert handshake failure/u,
    "ours",
    "it has refused TLS: it asks for another certificate, or other versions or ciphers",
  ],
  [/^http request$/u, "none", "it speaks plain HTTP where TLS is expected"],
  [
    /wrong version number|packet length too long|unknown protocol|not ssl|http proxy request|unexpected message/u,
    "none",
    "it does not speak TLS",
  ],
  [
    /protocol version|unsupported protocol|no protocols available|no shared cipher|no ciphers available/u,
    "none",
    "it shares no version or cipher of TLS with this side",
  ],
];

/**
 * What an error of a TLS socket means, in words that say what to look for; undefined: it is none of TLS.
 *
 * @example `tlsFailure(error)?.text` is "its certificate is not signed by an authority that is trusted here"
 */
export function tlsFailure(error: unknown): TlsFailure | undefined {
  const { code, message, cert } = error as {
    readonly code?: unknown;
    readonly message?: unknown;
    readonly cert?: { readonly subjectaltname?: unknown };
  };
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    const names = typeof cert?.subjectaltname === "string" ? cert.subjectaltname : "other names";
    return { certificate: "theirs", text: `its certificate is for ${names}, not for that host` };
  }
  const reason = reasonIn(code, message);
  if (reason === undefined) return undefined;
  for (const [pattern, certificate, text] of RULES) if (pattern.test(reason)) return { certificate, text };
  return reason === code ? undefined : { certificate: "none", text: `TLS failed: ${reason}` };
}

/** OpenSSL's texts are "<thread>:error:<number>:<library>:<function>:<reason>:<file>:<line>:<more>". */
function reasonIn(code: unknown, message: unknown): string | undefined {
  const [, told] =
    /:error:[\dA-F]+:[^:]*:[^:]*:([^:]+)/u.exec(typeof message === "string" ? message : "") ?? [];
  if (told !== undefined) return told;
  if (typeof code !== "string") return undefined;
  const [, named] = /^ERR_SSL_(.+)$/u.exec(code) ?? [];
  return named === undefined ? code : named.toLowerCase().replaceAll("_", " ");
}
