import { generateKeyPairSync, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";

/*
 * Certificates for tests, made on the spot: as little of X.509 as TLS needs.
 */

/** What is unusual about a certificate. */
export interface Peculiarities {
  /** Its time is over. */
  readonly expired?: boolean;
  /** The only host that it is for. Default: localhost and 127.0.0.1. */
  readonly host?: string;
}

/** Who signs certificates. */
export interface TestAuthority {
  /** PEM: what a truststore holds. */
  readonly certificate: string;
  /** A certificate for 127.0.0.1 and localhost, with its key: what a keystore holds, PEM. */
  issue(name: string, password?: string, peculiarities?: Peculiarities): string;
}

/** A certificate authority of its own. */
export function createAuthority(name: string): TestAuthority {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    certificate: certificate({ subject: name, issuer: name, publicKey, signer: privateKey, authority: true }),
    issue(subject, password, peculiarities = {}) {
      const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const key = own.privateKey.export({
        type: "pkcs8",
        format: "pem",
        ...(password === undefined ? {} : { cipher: "aes-256-cbc", passphrase: password }),
      });
      const signed = certificate({
        subject,
        issuer: name,
        publicKey: own.publicKey,
        signer: privateKey,
        authority: false,
        ...peculiarities,
      });
      return `${key.toString()}${signed}`;
    },
  };
}

interface Certified extends Peculiarities {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly authority: boolean;
}

function certificate(certified: Certified): string {
  const { subject, issuer, publicKey, signer, authority, expired = false, host } = certified;
  const algorithm = sequence(oid("2a8648ce3d040302"));
  const extensions = [
    extension("551d13", sequence(...(authority ? [der(0x01, Buffer.from([0xff]))] : []))),
    extension(
      "551d11",
      host === undefined
        ? sequence(der(0x82, Buffer.from("localhost")), der(0x87, Buffer.from([127, 0, 0, 1])))
        : sequence(der(0x82, Buffer.from(host))),
    ),
  ];
  const signed = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from(String(Math.floor(performance.now() * 1000)), "latin1")),
    algorithm,
    named(issuer),
    sequence(
      der(0x17, Buffer.from("200101000000Z")),
      der(0x17, Buffer.from(expired ? "210101000000Z" : "491231235959Z")),
    ),
    named(subject),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign("sha256", signed, signer)]));
  const text = sequence(signed, algorithm, signature).toString("base64");
  return `-----BEGIN CERTIFICATE-----\n${text.replaceAll(/.{64}(?=.)/gu, "$&\n")}\n-----END CERTIFICATE-----\n`;
}

const named = (name: string): Buffer =>
  sequence(der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from(name)))));
const extension = (id: string, value: Buffer): Buffer => sequence(oid(id), der(0x04, value));
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));
const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, Buffer.concat(parts));

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
