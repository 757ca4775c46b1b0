import type { TypeDescription } from "../../../../common/types/type-description.ts";
import type { CustomCodec, TypeInfo } from "../../../../common/types/type-info.ts";

/** A value of a program's custom type, where the program is not there: its bytes, which can be written again as they are. */
export class OpaqueValue {
  /** Name and version of the custom type. */
  readonly type: string;
  readonly version: number;
  readonly bytes: Uint8Array;

  constructor(type: string, version: number, bytes: Uint8Array) {
    this.type = type;
    this.version = version;
    this.bytes = bytes;
  }
}

/**
 * A type made from nothing but its description: all of it but the functions of custom types, whose values are read as OpaqueValues and
 * written as the same bytes.
 */
export function opaqueType(description: TypeDescription): TypeInfo<unknown> {
  const customs = new Map<string, CustomCodec<unknown>>();
  collectCustoms(description, customs);
  return { "~millrace": "type", description, customs };
}

function opaqueCodec(name: string, version: number): CustomCodec<unknown> {
  return {
    name,
    version,
    is: (value): value is unknown =>
      value instanceof OpaqueValue && value.type === name && value.version === version,
    encode: (value) => (value as OpaqueValue).bytes,
    decode: (bytes, written) => new OpaqueValue(name, written, bytes),
  };
}

function collectCustoms(type: TypeDescription, into: Map<string, CustomCodec<unknown>>): void {
  switch (type.kind) {
    case "custom":
      into.set(type.name, opaqueCodec(type.name, type.version));
      return;
    case "nullable":
    case "array":
    case "set":
      return collectCustoms(type.element, into);
    case "record":
      return collectCustoms(type.value, into);
    case "map":
      collectCustoms(type.key, into);
      return collectCustoms(type.value, into);
    case "tuple":
      return type.elements.forEach((element) => collectCustoms(element, into));
    case "union":
      return type.members.forEach((member) => collectCustoms(member, into));
    case "object":
      return type.fields.forEach((field) => collectCustoms(field.type, into));
    default:
  }
}
