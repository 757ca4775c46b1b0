import { createValueCodec } from "../../common/codec/value-codec.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";

// Small and few: not worth generated code.
const codec = createValueCodec<unknown>(undefined, { unique: "cluster/message", generate: false });

/** A control message as bytes. @throws RECORD_TYPE_MISMATCH naming the path of what can't be carried, as a split's class instance */
export function encodeMessage(message: object): Uint8Array {
  return codec.encode(message);
}

/** What `encodeMessage` wrote; whether it is a message at all is checked, whether its fields are right is not. @throws PROTOCOL_VIOLATION */
export function decodeMessage<T extends { readonly type: string }>(bytes: Uint8Array): T {
  let value: unknown;
  try {
    value = codec.decode(bytes);
  } catch (error) {
    throw new MillraceError(
      "PROTOCOL_VIOLATION",
      `expected a control message, got ${bytes.length} other bytes`,
      {
        cause: error,
      },
    );
  }
  if (typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string")
    return value as T;
  throw new MillraceError("PROTOCOL_VIOLATION", "expected a control message, got a value without a type");
}
