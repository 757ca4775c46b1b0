import { unreachable } from "../errors/unreachable.ts";
import { isInheritedName, isPlainObject, ownField } from "../types/plain-object.ts";
import type { TypeDescription } from "../types/type-description.ts";
import type { TypeInfo } from "../types/type-info.ts";
import { Types } from "../types/types.ts";
import { acceptsValue } from "../types/validate-value.ts";
import { canGenerateCode, compile } from "./compile.ts";
import { recordMismatch } from "./record-mismatch.ts";

/** Throws RECORD_TYPE_MISMATCH, naming the path, when a value doesn't fit. */
export type RecordCheck = (value: unknown) => void;

/** Records without a declared type are all looked at first, then one in so many. */
const FIRST = 100;
const ONE_IN = 64;

/**
 * Checks what a codec would check, for records that travel within a thread and are never encoded: so that a record that doesn't fit is
 * refused in every mode, and an instance of a user's class at its first use, not at the first restore (correctness rule 7).
 *
 * With a declared type every record is checked, by generated code where that is allowed. Without one the first hundred are, then a sample:
 * the shapes of a stream repeat.
 */
export function createRecordCheck(type: TypeInfo<unknown> | undefined, unique: string): RecordCheck {
  if (type === undefined) return sampled((value) => refuse(ANYTHING, value));
  if (type.description.kind === "any") return (value) => refuse(type, value);
  if (!canGenerateCode()) return (value) => refuse(type, value);
  const rest: TypeDescription[] = [];
  const test = new CheckEmitter(rest).test(type.description, "v");
  const accepts = (index: number, value: unknown): boolean =>
    acceptsValue({ description: rest[index] as TypeDescription, customs: type.customs }, value);
  const fits = compile(
    ["accepts", "isPlainObject", "ownField"],
    [accepts, isPlainObject, ownField],
    `return (v) => ${test};`,
    `${unique}/check`,
  ) as (value: unknown) => boolean;
  return (value) => {
    if (!fits(value)) throw recordMismatch(type, value);
  };
}

const ANYTHING: TypeInfo<unknown> = Types.any;

function refuse(type: TypeInfo<unknown>, value: unknown): void {
  if (!acceptsValue(type, value)) throw recordMismatch(type, value);
}

function sampled(check: RecordCheck): RecordCheck {
  let seen = 0;
  return (value) => {
    if (seen++ < FIRST || seen % ONE_IN === 0) check(value);
  };
}

/** Emits expressions that say whether a value fits. What is rare is left to `accepts`. */
class CheckEmitter {
  readonly #rest: TypeDescription[];

  constructor(rest: TypeDescription[]) {
    this.#rest = rest;
  }

  /** @param x an expression without effects: the value */
  test(type: TypeDescription, x: string): string {
    switch (type.kind) {
      case "string":
      case "boolean":
      case "bigint":
        return `typeof ${x} === "${type.kind}"`;
      case "double":
        return `typeof ${x} === "number"`;
      case "int":
        return `((${x} | 0) === ${x} || Number.isSafeInteger(${x}))`;
      case "timestamp":
        return `(typeof ${x} === "number" && ${x} - ${x} === 0)`;
      case "null":
        return `${x} === null`;
      case "nullable":
        return `(${x} === null || ${this.test(type.element, x)})`;
      case "object":
        return this.#object(type.fields, x);
      case "literal":
      case "date":
      case "bytes":
      case "any":
      case "array":
      case "set":
      case "record":
      case "tuple":
      case "map":
      case "union":
      case "custom":
        return `accepts(${this.#rest.push(type) - 1}, ${x})`;
      default:
        return unreachable(type, "type");
    }
  }

  #object(fields: Extract<TypeDescription, { kind: "object" }>["fields"], x: string): string {
    const required = fields.filter(({ optional }) => !optional).length;
    const tests = fields.map(({ name, type, optional }) => {
      const field = isInheritedName(name)
        ? `ownField(${x}, ${JSON.stringify(name)})`
        : `${x}[${JSON.stringify(name)}]`;
      const fits = this.test(type, field);
      return optional ? `(${field} === undefined || ${fits})` : fits;
    });
    // Optional fields and those beyond the declared ones are counted the slow way, where there are any.
    const count =
      required === fields.length
        ? `((o) => { let n = 0; for (const k in o) n++; return n <= ${required}; })(${x})`
        : `accepts(${this.#rest.push({ kind: "object", fields }) - 1}, ${x})`;
    const shape = `typeof ${x} === "object" && ${x} !== null && (${x}.constructor === Object || isPlainObject(${x}))`;
    return `(${[shape, ...tests, count].join(" && ")})`;
  }
}
