import type { TypeDescription } from "../types/type-description.ts";
import { LONG, WIDE } from "./block-layout.ts";
import { parts } from "./generate-write.ts";
import { presenceBytes, takesNoBytes } from "./type-layout.ts";

type Kind<K extends TypeDescription["kind"]> = TypeDescription & { readonly kind: K };

/** Objects with more parts than this, inside others, get a function of their own. */
const MAX_INLINE_PARTS = 40;

/**
 * Emits the statements that read a value. They work on the locals `p`, `t`, `view`, `text` and `end`, which are loaded
 * from the RowSource `source` before and stored back after. Reads beyond the buffer throw a RangeError, reads beyond the
 * block are found by the caller behind each value; counts are checked before anything is allocated.
 */
export class ReadEmitter {
  /** Functions to stand before the statements. */
  readonly functions: string[] = [];
  #names = 0;

  static readonly LOAD =
    "let p = source.position, t = source.textPosition, n = 0; const view = source.view, text = source.text, end = source.end;";
  static readonly STORE = "source.position = p; source.textPosition = t;";

  /** Statements that declare the constant `x` and give it the value. */
  read(type: TypeDescription, x: string): string {
    switch (type.kind) {
      case "string":
        return `${this.#length()}\nconst ${x} = text.substring(t, t += n);`;
      case "boolean":
        return `${this.#flag()}\nconst ${x} = n === 1;`;
      case "int":
        return `let ${x} = view.getInt32(p, true); p += 4;
if (${x} === ${WIDE}) { ${x} = view.getFloat64(p, true); p += 8; if (!Number.isSafeInteger(${x})) throw h.corrupt(source, "an int that is " + ${x}); }`;
      case "double":
        return `const ${x} = view.getFloat64(p, true); p += 8;`;
      case "timestamp":
        return `const ${x} = view.getFloat64(p, true); p += 8;
if (${x} - ${x} !== 0) throw h.corrupt(source, "a timestamp that is " + ${x});`;
      case "date":
        return `const ${x} = new Date(view.getFloat64(p, true)); p += 8;
if (Number.isNaN(${x}.getTime())) throw h.corrupt(source, "an invalid date");`;
      case "null":
        return `const ${x} = null;`;
      case "literal":
        return `const ${x} = ${literal(type.value)};`;
      case "bigint":
        return this.#call("h.readBigInt(source)", x);
      case "bytes":
        return this.#call("h.readBytes(source)", x);
      case "any":
        return this.#call("h.readAny(source)", x);
      case "custom":
        return this.#call(`h.readCustom(source, h.custom(${JSON.stringify(type.name)}), ${type.version})`, x);
      case "nullable": {
        const inner = this.#name("inner");
        return `let ${x} = null; ${this.#flag()}\nif (n === 1) { ${this.read(type.element, inner)}\n${x} = ${inner}; }`;
      }
      case "union":
        return this.#union(type, x);
      case "object":
        return this.#apart(type, x, () => this.#object(type, x));
      case "tuple":
        return this.#apart(type, x, () => this.#tuple(type, x));
      default:
        return this.#collection(type, x);
    }
  }

  #apart(type: TypeDescription, x: string, inline: () => string): string {
    if (this.#names === 0 || parts(type) <= MAX_INLINE_PARTS) return inline();
    const name = this.#name("read");
    const body = new ReadEmitter();
    const statements = body.read(type, "x");
    this.functions.push(
      `const ${name} = (() => { ${body.functions.join("\n")}
return (source) => { ${ReadEmitter.LOAD}\n${statements}\n${ReadEmitter.STORE} return x; }; })();`,
    );
    return this.#call(`${name}(source)`, x);
  }

  #object(type: Kind<"object">, x: string): string {
    const bits = presenceBytes(type.fields);
    return bits === 0 ? this.#plainObject(type, x) : this.#objectWithOptionals(type, x, bits);
  }

  #plainObject(type: Kind<"object">, x: string): string {
    const names = type.fields.map(() => this.#name("field"));
    const reads = type.fields.map((field, i) => this.read(field.type, names[i]!));
    return `${reads.join("\n")}\nconst ${x} = ${objectLiteral(type.fields, names)};`;
  }

  /** All fields there, or none of the optional ones, make one literal each; else the object is built up in order. */
  #objectWithOptionals(type: Kind<"object">, x: string, bits: number): string {
    const presence = this.#name("presence");
    const present: string[] = [];
    const lines = [`const ${presence} = p; p += ${bits};`];
    const names = type.fields.map((field) => {
      const name = this.#name("field");
      if (!field.optional) {
        lines.push(this.read(field.type, name));
        return name;
      }
      const bit = present.length;
      const inner = this.#name("inner");
      const test = this.#name("has");
      present.push(test);
      lines.push(
        `const ${test} = (view.getUint8(${presence} + ${bit >> 3}) & ${1 << (bit & 7)}) !== 0; let ${name};
if (${test}) { ${this.read(field.type, inner)}\n${name} = ${inner}; }`,
      );
      return name;
    });
    const required = type.fields.flatMap((field, i) => (field.optional ? [] : [names[i]!]));
    let next = 0;
    const steps = type.fields.map((field, i) => {
      const set = setField(x, field.name, names[i]!);
      return field.optional ? `if (${present[next++]!}) ${set}` : set;
    });
    lines.push(
      `let ${x};
if (${present.join(" && ")}) ${x} = ${objectLiteral(type.fields, names)};
else if (!(${present.join(" || ")})) ${x} = ${objectLiteral(
        type.fields.filter((field) => !field.optional),
        required,
      )};
else { ${x} = {}; ${steps.join(" ")} }`,
    );
    return lines.join("\n");
  }

  #tuple(type: Kind<"tuple">, x: string): string {
    const names = type.elements.map(() => this.#name("element"));
    const reads = type.elements.map((element, i) => this.read(element, names[i]!));
    return `${reads.join("\n")}\nconst ${x} = [${names.join(", ")}];`;
  }

  #union(type: Kind<"union">, x: string): string {
    const cases = type.members.map((member, i) => {
      const inner = this.#name("member");
      return `case ${i}: { ${this.read(member, inner)}\n${x} = ${inner}; break; }`;
    });
    return `let ${x}; n = view.getUint8(p++);
switch (n) { ${cases.join("\n")}\ndefault: throw h.corrupt(source, "the union has no member " + n); }`;
  }

  #collection(type: Kind<"array" | "set" | "map" | "record">, x: string): string {
    const count = this.#name("count");
    const i = this.#name("i");
    const item = this.#name("item");
    const key = this.#name("key");
    const pad = (...types: TypeDescription[]): string => (types.every(takesNoBytes) ? " p++;" : "");
    const start = `${this.#length()}
if (!(n <= end - p)) throw h.corrupt(source, n + " elements can't fit in the rest of the block");\nconst ${count} = n;`;
    const loop = (body: string): string => `for (let ${i} = 0; ${i} < ${count}; ${i}++) { ${body} }`;
    switch (type.kind) {
      case "array":
        return `${start}\nconst ${x} = [];\n${loop(`${this.read(type.element, item)}\n${x}.push(${item});${pad(type.element)}`)}`;
      case "set":
        return `${start}\nconst ${x} = new Set();\n${loop(`${this.read(type.element, item)}\n${x}.add(${item});${pad(type.element)}`)}`;
      case "map":
        return `${start}\nconst ${x} = new Map();\n${loop(
          `${this.read(type.key, key)}\n${this.read(type.value, item)}\n${x}.set(${key}, ${item});${pad(type.key, type.value)}`,
        )}`;
      case "record":
        return `${start}\nconst ${x} = {};\n${loop(
          `${this.#length()}\nconst ${key} = text.substring(t, t += n);
${this.read(type.value, item)}\nif (${key} === "__proto__") h.setOwnField(${x}, ${key}, ${item}); else ${x}[${key}] = ${item};`,
        )}`;
    }
  }

  #length(): string {
    return `n = view.getUint8(p++); if (n === ${LONG}) { n = view.getUint32(p, true); p += 4; }`;
  }

  #flag(): string {
    return `n = view.getUint8(p++); if (n > 1) throw h.corrupt(source, "expected 0 or 1, got " + n);`;
  }

  #call(call: string, x: string): string {
    return `${ReadEmitter.STORE} const ${x} = ${call}; p = source.position; t = source.textPosition;`;
  }

  #name(what: string): string {
    return `${what}${this.#names++}`;
  }
}

/** A computed key, since `{ "__proto__": x }` would set the prototype. */
function objectLiteral(fields: readonly { readonly name: string }[], values: readonly string[]): string {
  const entries = fields.map(({ name }, i) => {
    const quoted = JSON.stringify(name);
    return `${name === "__proto__" ? `[${quoted}]` : quoted}: ${values[i]!}`;
  });
  return `{ ${entries.join(", ")} }`;
}

function setField(object: string, name: string, value: string): string {
  const quoted = JSON.stringify(name);
  return name === "__proto__"
    ? `h.setOwnField(${object}, ${quoted}, ${value});`
    : `${object}[${quoted}] = ${value};`;
}

function literal(value: string | number | boolean): string {
  return Object.is(value, -0) ? "-0" : JSON.stringify(value);
}
