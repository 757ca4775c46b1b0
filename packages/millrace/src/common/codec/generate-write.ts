import { isInheritedName } from "../types/plain-object.ts";
import type { FieldDescription, TypeDescription } from "../types/type-description.ts";
import { LONG, WIDE } from "./block-layout.ts";
import {
  discriminator,
  discriminatorValue,
  isEnumeration,
  presenceBytes,
  takesNoBytes,
} from "./type-layout.ts";

type Kind<K extends TypeDescription["kind"]> = TypeDescription & { readonly kind: K };

/** Objects with more parts than this, inside others, get a function of their own: V8 does not optimize huge ones. */
const MAX_INLINE_PARTS = 40;

/**
 * Emits the statements that write a value. They work on the locals `p`, `text`, `rows`, `view` and `high`, which are
 * loaded from the RowSink `sink` before and stored back after. Names from outside enter the text only as JSON.
 *
 * The text refers to `h`, the helpers of `codec-helpers.ts`, and to `types[i]`, the descriptions that it leaves to them.
 */
export class WriteEmitter {
  /** Functions to stand before the statements. */
  readonly functions: string[] = [];
  /** Descriptions that the text refers to by index. */
  readonly types: TypeDescription[] = [];
  #names = 0;

  /** Loads the locals. */
  static readonly LOAD =
    "let p = sink.position, text = sink.text, rows = sink.rows, view = sink.view, high = sink.high, n = 0;";
  static readonly RESERVE =
    "if (p > high) { sink.position = p; sink.reserve(0); rows = sink.rows; view = sink.view; high = sink.high; }";

  /**
   * @param x an expression without effects: the value
   * @param fail the statement for a value that does not fit
   */
  write(type: TypeDescription, x: string, fail: string): string {
    switch (type.kind) {
      case "string":
        return `if (typeof ${x} !== "string") ${fail}\n${this.#length(`${x}.length`)}\ntext += ${x};`;
      case "boolean":
        return `if (typeof ${x} !== "boolean") ${fail}\nrows[p++] = ${x} ? 1 : 0;`;
      case "int":
        return `if (typeof ${x} !== "number") ${fail}
if ((${x} | 0) === ${x} && ${x} !== ${WIDE} && !Object.is(${x}, -0)) { view.setInt32(p, ${x}, true); p += 4; }
else if (Number.isSafeInteger(${x})) { view.setInt32(p, ${WIDE}, true); view.setFloat64(p + 4, ${x}, true); p += 12; }
else ${fail}`;
      case "double":
        return `if (typeof ${x} !== "number") ${fail}\nview.setFloat64(p, ${x}, true); p += 8;`;
      case "timestamp":
        return `if (typeof ${x} !== "number" || ${x} - ${x} !== 0) ${fail}\nview.setFloat64(p, ${x}, true); p += 8;`;
      case "date":
        return `if (!(${x} instanceof Date) || Number.isNaN(${x}.getTime())) ${fail}\nview.setFloat64(p, ${x}.getTime(), true); p += 8;`;
      case "null":
        return `if (${x} !== null) ${fail}`;
      case "literal":
        return `if (!(${same(x, type.value)})) ${fail}`;
      case "bigint":
        return `if (typeof ${x} !== "bigint") ${fail}\n${this.#call(`h.writeBigInt(sink, ${x})`)}`;
      case "bytes":
        return `if (!(${x} instanceof Uint8Array)) ${fail}\n${this.#call(`h.writeBytes(sink, ${x})`)}`;
      case "any":
        return this.#callOr(`h.writeAny(sink, ${x})`, fail);
      case "custom":
        return this.#callOr(`h.writeCustom(sink, h.custom(${JSON.stringify(type.name)}), ${x})`, fail);
      case "nullable":
        return `if (${x} === null) rows[p++] = 0; else { rows[p++] = 1;\n${this.write(type.element, x, fail)} }`;
      case "union":
        return isEnumeration(type) ? this.#enumeration(type, x, fail) : this.#union(type, x, fail);
      case "object":
        return this.#apart(type, x, fail, () => this.#object(type, x, fail));
      case "tuple":
        return this.#apart(type, x, fail, () => this.#tuple(type, x, fail));
      default:
        return this.#collection(type, x, fail);
    }
  }

  /** The same in a function of its own, when it is large. */
  #apart(type: TypeDescription, x: string, fail: string, inline: () => string): string {
    if (this.#names === 0 || parts(type) <= MAX_INLINE_PARTS) return inline();
    const name = this.#name("write");
    const body = new WriteEmitter();
    body.#names = 0;
    const statements = body.write(type, "x", "return false;");
    const offset = this.types.push(...body.types) - body.types.length;
    this.functions.push(
      `const ${name} = ((types) => { ${body.functions.join("\n")}
return (sink, x) => { ${WriteEmitter.LOAD}\n${statements}\nsink.position = p; sink.text = text; return true; }; })(types.slice(${offset}));`,
    );
    return this.#callOr(`${name}(sink, ${x})`, fail);
  }

  #object(type: Kind<"object">, x: string, fail: string): string {
    const bits = presenceBytes(type.fields);
    const presence = this.#name("presence");
    const seen = this.#name("seen");
    const count = this.#name("count");
    const key = this.#name("key");
    const lines = [
      `if (typeof ${x} !== "object" || ${x} === null || (${x}.constructor !== Object && !h.isPlainObject(${x}))) ${fail}`,
      `let ${count} = 0; for (const ${key} in ${x}) ${count}++;`,
    ];
    if (bits > 0) {
      lines.push(`const ${presence} = p; let ${seen} = 0; p += ${bits};`);
      for (let i = 0; i < bits; i++) lines.push(`rows[${presence} + ${i}] = 0;`);
    }
    let optional = 0;
    for (const field of type.fields) {
      const name = this.#name("field");
      lines.push(`const ${name} = ${read(x, field.name)};`);
      if (field.optional) {
        const bit = optional++;
        lines.push(
          `if (${name} !== undefined) { ${seen}++; rows[${presence} + ${bit >> 3}] |= ${1 << (bit & 7)};\n${this.write(field.type, name, fail)} }`,
        );
      } else {
        if (acceptsUndefined(field.type)) {
          lines.push(
            `if (${name} === undefined && !Object.hasOwn(${x}, ${JSON.stringify(field.name)})) ${fail}`,
          );
        }
        lines.push(this.write(field.type, name, fail));
      }
    }
    // More fields than were written: those of the type that are undefined, or some that the type does not have.
    const rest = JSON.stringify(type.fields.map((field) => field.name));
    lines.push(
      optional === 0
        ? `if (${count} > ${type.fields.length}) ${fail}`
        : `if (${count} > ${type.fields.length - optional} + ${seen} && h.hasOthers(${x}, ${rest})) ${fail}`,
    );
    return lines.join("\n");
  }

  #tuple(type: Kind<"tuple">, x: string, fail: string): string {
    const lines = [`if (!Array.isArray(${x}) || ${x}.length !== ${type.elements.length}) ${fail}`];
    type.elements.forEach((element, i) => {
      const name = this.#name("element");
      lines.push(`const ${name} = ${x}[${i}];`, this.write(element, name, fail));
    });
    return lines.join("\n");
  }

  #enumeration(type: Kind<"union">, x: string, fail: string): string {
    const chain = type.members.map(
      (member, i) => `if (${same(x, member.kind === "literal" ? member.value : "")}) rows[p++] = ${i};`,
    );
    return [...chain, fail].join("\nelse ");
  }

  #union(type: Kind<"union">, x: string, fail: string): string {
    const by = discriminator(type.members);
    const tag = this.#name("tag");
    const chain = type.members.map((member, i) => {
      const test = by === undefined ? this.#accepts(member, x) : same(tag, discriminatorValue(by, member));
      return `if (${test}) { rows[p++] = ${i};\n${this.write(member, x, fail)} }`;
    });
    const before =
      by === undefined
        ? ""
        : `if (typeof ${x} !== "object" || ${x} === null) ${fail}\nconst ${tag} = ${read(x, by)};\n`;
    return `${before}${[...chain, fail].join("\nelse ")}`;
  }

  /** Whether a member of a union accepts the value, as an expression. */
  #accepts(type: TypeDescription, x: string): string {
    switch (type.kind) {
      case "string":
      case "boolean":
      case "bigint":
        return `typeof ${x} === "${type.kind}"`;
      case "double":
        return `typeof ${x} === "number"`;
      case "int":
        return `Number.isSafeInteger(${x})`;
      case "null":
        return `${x} === null`;
      case "literal":
        return same(x, type.value);
      default:
        return `h.accepts(types[${this.types.push(type) - 1}], ${x})`;
    }
  }

  #collection(type: Kind<"array" | "set" | "map" | "record">, x: string, fail: string): string {
    const count = this.#name("count");
    const item = this.#name("item");
    const key = this.#name("key");
    const pad = (...types: TypeDescription[]): string =>
      types.every(takesNoBytes) ? "\nrows[p++] = 0;" : "";
    const length = (expression: string): string =>
      `${WriteEmitter.RESERVE}\nconst ${count} = ${expression};\n${this.#length(count)}`;
    switch (type.kind) {
      case "array": {
        const i = this.#name("i");
        return `if (!Array.isArray(${x})) ${fail}\n${length(`${x}.length`)}
for (let ${i} = 0; ${i} < ${count}; ${i}++) { ${WriteEmitter.RESERVE}
const ${item} = ${x}[${i}];\n${this.write(type.element, item, fail)}${pad(type.element)} }`;
      }
      case "set":
        return `if (!(${x} instanceof Set)) ${fail}\n${length(`${x}.size`)}
for (const ${item} of ${x}) { ${WriteEmitter.RESERVE}\n${this.write(type.element, item, fail)}${pad(type.element)} }`;
      case "map":
        return `if (!(${x} instanceof Map)) ${fail}\n${length(`${x}.size`)}
for (const [${key}, ${item}] of ${x}) { ${WriteEmitter.RESERVE}
${this.write(type.key, key, fail)}\n${this.write(type.value, item, fail)}${pad(type.key, type.value)} }`;
      case "record": {
        const names = this.#name("names");
        return `if (!h.isPlainObject(${x}) || Object.getOwnPropertySymbols(${x}).length > 0) ${fail}
const ${names} = Object.keys(${x});\n${length(`${names}.length`)}
for (const ${key} of ${names}) { ${WriteEmitter.RESERVE}\n${this.#length(`${key}.length`)}\ntext += ${key};
const ${item} = ${x}[${key}];\n${this.write(type.value, item, fail)} }`;
      }
    }
  }

  #length(expression: string): string {
    return `n = ${expression};\nif (n < ${LONG}) rows[p++] = n; else { rows[p] = ${LONG}; view.setUint32(p + 1, n, true); p += 5; }`;
  }

  #call(call: string): string {
    return `sink.position = p; sink.text = text; ${call}; ${AFTER_CALL}`;
  }

  #callOr(call: string, fail: string): string {
    return `sink.position = p; sink.text = text; if (!${call}) ${fail}\n${AFTER_CALL}`;
  }

  #name(what: string): string {
    return `${what}${this.#names++}`;
  }
}

const AFTER_CALL =
  "p = sink.position; text = sink.text; rows = sink.rows; view = sink.view; high = sink.high;";

/** The own field of `x`, as an expression. */
function read(x: string, name: string): string {
  const quoted = JSON.stringify(name);
  return isInheritedName(name)
    ? `(Object.hasOwn(${x}, ${quoted}) ? ${x}[${quoted}] : undefined)`
    : `${x}[${quoted}]`;
}

function same(x: string, value: string | number | boolean): string {
  return typeof value === "number"
    ? `Object.is(${x}, ${Object.is(value, -0) ? "-0" : value})`
    : `${x} === ${JSON.stringify(value)}`;
}

function acceptsUndefined(type: TypeDescription): boolean {
  switch (type.kind) {
    case "any":
    case "custom":
      return true;
    case "nullable":
      return acceptsUndefined(type.element);
    case "union":
      return type.members.some(acceptsUndefined);
    default:
      return false;
  }
}

/** About how much text a type takes: the fields, elements and members in it. */
export function parts(type: TypeDescription): number {
  const sum = (types: readonly FieldDescription[] | readonly TypeDescription[]): number =>
    types.reduce((count, part) => count + parts("kind" in part ? part : part.type), 1);
  switch (type.kind) {
    case "object":
      return sum(type.fields);
    case "tuple":
      return sum(type.elements);
    case "union":
      return sum(type.members);
    case "nullable":
    case "array":
    case "set":
      return 1 + parts(type.element);
    case "record":
      return 1 + parts(type.value);
    case "map":
      return 1 + parts(type.key) + parts(type.value);
    default:
      return 1;
  }
}
