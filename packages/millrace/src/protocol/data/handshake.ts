import { Buffer } from "node:buffer";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { CLUSTER_VERSION } from "../cluster/resource-messages.ts";
import { violation } from "./message-header.ts";

/*
 * The messages by which two TaskManagers get to know each other, and prove of each exchange that they know its secret. Payloads, behind
 * the header of `message-header.ts`:
 *
 * ```
 * HELLO    8 bytes "MILLRACE" | u16 version | u8 S | u8 R | 32 bytes nonce | S bytes sender's id | R bytes id of who is meant
 * OPEN     32 bytes proof | 32 bytes digest of the channels | u32 attempt | u32 number of channels | name of the exchange, 1 to 255 bytes
 * OPENED   32 bytes proof
 * REFUSED  u8 reason | up to 1000 bytes of text
 * ```
 */

const MAGIC = Buffer.from("MILLRACE", "latin1");
export const NONCE_BYTES = 32;
export const PROOF_BYTES = 32;
export const DIGEST_BYTES = 32;
const MAX_NAME_BYTES = 255;
const MAX_TEXT_BYTES = 1000;
const HELLO_BYTES = 12 + NONCE_BYTES;
const OPEN_BYTES = PROOF_BYTES + DIGEST_BYTES + 8;

/** Who speaks. */
export interface Hello {
  /** The sender's TaskManager. */
  readonly from: string;
  /** The TaskManager that is meant; empty from who was connected to. */
  readonly to: string;
  readonly nonce: Uint8Array;
}

/** Asks for an exchange. */
export interface Open {
  readonly proof: Uint8Array;
  /** Of the channels from the sender's TaskManager to the receiver's. */
  readonly digest: Uint8Array;
  readonly attempt: number;
  /** How many these are. */
  readonly channels: number;
  readonly exchange: string;
}

/** Why an exchange is refused. */
export const Refusal = {
  /** The TaskManager has not opened it, or no more. */
  UNKNOWN: 1,
  /** The sender doesn't know its secret. */
  PROOF: 2,
  /** The two sides don't agree about the channels, or their frames. */
  CHANNELS: 3,
} as const;
export type Refusal = (typeof Refusal)[keyof typeof Refusal];

export function encodeHello({ from, to, nonce }: Hello): Uint8Array {
  const sender = name(from, "a TaskManager's id");
  const receiver = Buffer.from(to, "utf8");
  const head = Buffer.alloc(12);
  MAGIC.copy(head);
  head.writeUInt16LE(CLUSTER_VERSION, 8);
  head.writeUInt8(sender.length, 10);
  head.writeUInt8(receiver.length, 11);
  return Buffer.concat([head, nonce, sender, receiver]);
}

/** @throws PROTOCOL_VIOLATION; VERSION_MISMATCH */
export function decodeHello(bytes: Uint8Array): Hello {
  const buffer = asBuffer(bytes);
  if (buffer.length < HELLO_BYTES || !buffer.subarray(0, MAGIC.length).equals(MAGIC))
    throw violation('a greeting that begins with "MILLRACE"', `${buffer.length} other bytes`);
  const version = buffer.readUInt16LE(8);
  if (version !== CLUSTER_VERSION) {
    throw new MillraceError(
      "VERSION_MISMATCH",
      `expected a TaskManager that speaks version ${CLUSTER_VERSION}, got version ${version}`,
      { help: "All processes of a cluster run the same version of millrace." },
    );
  }
  const sender = buffer.readUInt8(10);
  const receiver = buffer.readUInt8(11);
  if (sender === 0 || buffer.length !== HELLO_BYTES + sender + receiver)
    throw violation(
      `a greeting of ${HELLO_BYTES + sender + receiver} bytes with an id`,
      `${buffer.length} bytes`,
    );
  const end = HELLO_BYTES + sender;
  return {
    nonce: Uint8Array.from(buffer.subarray(12, HELLO_BYTES)),
    from: buffer.toString("utf8", HELLO_BYTES, end),
    to: buffer.toString("utf8", end, end + receiver),
  };
}

export function encodeOpen({ proof, digest, attempt, channels, exchange }: Open): Uint8Array {
  const counts = Buffer.alloc(8);
  counts.writeUInt32LE(attempt >>> 0, 0);
  counts.writeUInt32LE(channels, 4);
  return Buffer.concat([proof, digest, counts, name(exchange, "an exchange's name")]);
}

/** @throws PROTOCOL_VIOLATION */
export function decodeOpen(bytes: Uint8Array): Open {
  const buffer = asBuffer(bytes);
  const length = buffer.length - OPEN_BYTES;
  if (length < 1 || length > MAX_NAME_BYTES)
    throw violation("an exchange with a name of 1 to 255 bytes", `${buffer.length} bytes`);
  const counts = PROOF_BYTES + DIGEST_BYTES;
  return {
    proof: Uint8Array.from(buffer.subarray(0, PROOF_BYTES)),
    digest: Uint8Array.from(buffer.subarray(PROOF_BYTES, counts)),
    attempt: buffer.readUInt32LE(counts),
    channels: buffer.readUInt32LE(counts + 4),
    exchange: buffer.toString("utf8", OPEN_BYTES),
  };
}

/** @throws PROTOCOL_VIOLATION */
export function decodeOpened(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== PROOF_BYTES) throw violation(`a proof of ${PROOF_BYTES} bytes`, `${bytes.length}`);
  return Uint8Array.from(bytes);
}

export function encodeRefused(reason: Refusal, text: string): Uint8Array {
  const message = Buffer.from(text, "utf8").subarray(0, MAX_TEXT_BYTES);
  return Buffer.concat([Uint8Array.of(reason), message]);
}

/** @throws PROTOCOL_VIOLATION */
export function decodeRefused(bytes: Uint8Array): { readonly reason: number; readonly text: string } {
  if (bytes.length < 1 || bytes.length > 1 + MAX_TEXT_BYTES)
    throw violation("a reason for a refusal", `${bytes.length} bytes`);
  return { reason: bytes[0] as number, text: asBuffer(bytes).toString("utf8", 1) };
}

function name(text: string, what: string): Buffer {
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length >= 1 && bytes.length <= MAX_NAME_BYTES) return bytes;
  throw new MillraceError(
    "INVALID_ARGUMENT",
    `expected ${what} of 1 to ${MAX_NAME_BYTES} bytes, got ${bytes.length} bytes`,
  );
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
