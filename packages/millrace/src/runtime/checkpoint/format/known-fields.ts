import { isPlainObject, ownField, setOwnField } from "../../../common/types/plain-object.ts";
import type { TypeDescription } from "../../../common/types/type-description.ts";
import { discriminator, discriminatorValue } from "../../../common/codec/type-layout.ts";

/** A copy of plain data without the fields that its type does not know: those of a later version are no reason to refuse it. */
export function knownFields(type: TypeDescription, value: unknown): unknown {
  switch (type.kind) {
    case "object": {
      if (!isPlainObject(value)) return value;
      const known = {};
      for (const field of type.fields) {
        const item = ownField(value, field.name);
        if (item !== undefined) setOwnField(known, field.name, knownFields(field.type, item));
      }
      return known;
    }
    case "array":
      return Array.isArray(value) ? value.map((item) => knownFields(type.element, item)) : value;
    case "union": {
      const by = discriminator(type.members);
      if (by === undefined || !isPlainObject(value)) return value;
      const member = type.members.find(
        (candidate) => discriminatorValue(by, candidate) === ownField(value, by),
      );
      return member === undefined ? value : knownFields(member, value);
    }
    default:
      return value;
  }
}
