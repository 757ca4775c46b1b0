import { createHmac, timingSafeEqual } from "node:crypto";

/** What a proof is about: both sides take it from what they know themselves. */
export interface ProofSubject {
  /** Who proves: the side that opened the connection and sends frames, or the other one. */
  readonly side: "producer" | "consumer";
  readonly producer: string;
  readonly consumer: string;
  readonly producerNonce: Uint8Array;
  readonly consumerNonce: Uint8Array;
  readonly exchange: string;
  readonly attempt: number;
  /** The exchange's number on the connection. */
  readonly handle: number;
  readonly digest: Uint8Array;
}

/**
 * Proves that one knows the secret of an exchange, without telling it: HMAC-SHA-256 under the secret over everything that the two sides have
 * agreed on, their nonces included, so that it is of use on this connection alone.
 */
export function prove(secret: string, subject: ProofSubject): Uint8Array {
  const hmac = createHmac("sha256", secret);
  const text = (part: string): void => {
    hmac.update(`${Buffer.byteLength(part)}:${part}`);
  };
  text(`millrace data ${subject.side}`);
  for (const part of [subject.producer, subject.consumer, subject.exchange]) text(part);
  hmac.update(subject.producerNonce).update(subject.consumerNonce).update(subject.digest);
  text(`${subject.attempt} ${subject.handle}`);
  return hmac.digest();
}

/** Whether `proof` is what knowledge of the secret proves. Takes the same time whatever came. */
export function isProof(proof: Uint8Array, secret: string, subject: ProofSubject): boolean {
  const expected = prove(secret, subject);
  return proof.length === expected.length && timingSafeEqual(proof, expected);
}
