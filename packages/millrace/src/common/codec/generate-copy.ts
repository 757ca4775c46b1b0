import { isInheritedName } from "../types/plain-object.ts";
import type { TypeDescription } from "../types/type-description.ts";

/** Emits expressions that copy a value's strings, and the objects around them. Names enter the text only as JSON. */
export class CopyEmitter {
  readonly #holdsStrings: (type: TypeDescription) => boolean;
  #names = 0;

  constructor(holdsStrings: (type: TypeDescription) => boolean) {
    this.#holdsStrings = holdsStrings;
  }

  /** @param x an expression without effects: the value */
  copy(type: TypeDescription, x: string): string {
    if (!this.#holdsStrings(type)) return x;
    switch (type.kind) {
      case "string":
        return `h.flatString(${x})`;
      case "nullable":
        return `(${x} === null ? null : ${this.copy(type.element, x)})`;
      case "array": {
        const item = this.#name("item");
        // In brackets: the copy of an object is a literal.
        return `${x}.map((${item}) => (${this.copy(type.element, item)}))`;
      }
      case "tuple":
        return `[${type.elements.map((element, i) => this.copy(element, `${x}[${i}]`)).join(", ")}]`;
      case "object":
        if (type.fields.every((field) => !field.optional && !isInheritedName(field.name)))
          return this.#object(type, x);
        return `h.copyFlat(${x})`;
      default:
        return `h.copyFlat(${x})`;
    }
  }

  #object(type: TypeDescription & { readonly kind: "object" }, x: string): string {
    const fields = type.fields.map(({ name, type: fieldType }) => {
      const quoted = JSON.stringify(name);
      return `${quoted}: ${this.copy(fieldType, `${x}[${quoted}]`)}`;
    });
    return `{ ${fields.join(", ")} }`;
  }

  #name(what: string): string {
    return `${what}${this.#names++}`;
  }
}
