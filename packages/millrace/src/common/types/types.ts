import { MillraceError } from "../errors/millrace-error.ts";
import { preview } from "../errors/preview.ts";
import type { AnyField, AnyType, ObjectOf, OptionalField, TupleOf } from "./infer-types.ts";
import { MAX_MEMBERS } from "./parse-description.ts";
import type { FieldDescription, TypeDescription } from "./type-description.ts";
import type { CustomCodec, TypeInfo, TypeOf } from "./type-info.ts";

const NO_CUSTOMS: ReadonlyMap<string, CustomCodec<unknown>> = new Map();

/**
 * Declares the types of records, keys and state. A declared type gets a codec generated for it, is checked as records
 * are written, and is what savepoints are compared by.
 *
 * @example
 * ```ts
 * const flight = Types.object({
 *   date: Types.timestamp,
 *   delay: Types.int,
 *   tail: Types.optional(Types.string),
 *   status: Types.oneOf("landed", "diverted"),
 * });
 * type Flight = Infer<typeof flight>; // { date: number; delay: number; status: "landed" | "diverted"; tail?: string }
 * ```
 */
export const Types = Object.freeze({
  /** Any string; lone surrogates survive. */
  string: leaf<string>("string"),
  /** true or false. */
  boolean: leaf<boolean>("boolean"),
  /** A safe integer: whole, at most 2^53 - 1 either way. The most compact number. */
  int: leaf<number>("int"),
  /** Any number: fractions, NaN and the infinities included. */
  double: leaf<number>("double"),
  /** A bigint of any size. */
  bigint: leaf<bigint>("bigint"),
  /** A point in time as a number of milliseconds since the epoch. */
  timestamp: leaf<number>("timestamp"),
  /** A valid Date. */
  date: leaf<Date>("date"),
  /** A Uint8Array; a Buffer comes back as a Uint8Array. */
  bytes: leaf<Uint8Array>("bytes"),
  /** null, where a union needs it; see `nullable`. */
  null: leaf<null>("null"),
  /** Any plain data, self-describing: slower and larger than a declared type. Instances of classes are refused. */
  any: leaf<unknown>("any"),

  /** Exactly this value, which takes no bytes. Numbers must be finite. */
  literal<const V extends string | number | boolean>(value: V): TypeInfo<V> {
    if (typeof value === "number" && !Number.isFinite(value))
      throw invalid("a literal number must be finite", value);
    if (!["string", "number", "boolean"].includes(typeof value))
      throw invalid("a literal is a string, number or boolean", value);
    return make({ kind: "literal", value: Object.is(value, -0) ? 0 : value }, []);
  },

  /**
   * A plain object with exactly these fields. Fields that the type does not declare are refused, since they would be
   * lost. An optional field that is undefined counts as absent.
   */
  object<const F extends Readonly<Record<string, AnyField>>>(fields: F): TypeInfo<ObjectOf<F>> {
    if (typeof fields !== "object" || fields === null)
      throw invalid("Types.object takes an object of types", fields);
    const types: AnyType[] = [];
    const described = Object.keys(fields).map((name): FieldDescription => {
      const field: AnyField = fields[name]!;
      const optional = isOptional(field);
      const type = checkType(optional ? field.type : field, `the field ${name}`);
      types.push(type);
      return Object.freeze({ name, type: type.description, optional });
    });
    return make({ kind: "object", fields: Object.freeze(described) }, types);
  },

  /** Marks a field of `Types.object` that may be absent. @example `Types.object({ tail: Types.optional(Types.string) })` */
  optional<T>(type: TypeInfo<T>): OptionalField<T> {
    return Object.freeze({ "~millrace": "optional" as const, type: checkType(type, "Types.optional") });
  },

  /** An array, every element of one type. */
  array<T>(element: TypeInfo<T>): TypeInfo<T[]> {
    return make({ kind: "array", element: checkType(element, "Types.array").description }, [element]);
  },

  /** An array of fixed length, each element of its own type. @example `Types.tuple([Types.string, Types.int])` */
  tuple<const E extends readonly AnyType[]>(elements: E): TypeInfo<TupleOf<E>> {
    return make({ kind: "tuple", elements: descriptions(elements, "Types.tuple") }, elements);
  },

  /** A Map; its order is kept. */
  map<K, V>(key: TypeInfo<K>, value: TypeInfo<V>): TypeInfo<Map<K, V>> {
    const [keyType, valueType] = [checkType(key, "Types.map"), checkType(value, "Types.map")];
    return make({ kind: "map", key: keyType.description, value: valueType.description }, [key, value]);
  },

  /** A Set; its order is kept. */
  set<T>(element: TypeInfo<T>): TypeInfo<Set<T>> {
    return make({ kind: "set", element: checkType(element, "Types.set").description }, [element]);
  },

  /** A plain object used as a dictionary: any names, values of one type. */
  record<V>(value: TypeInfo<V>): TypeInfo<Record<string, V>> {
    return make({ kind: "record", value: checkType(value, "Types.record").description }, [value]);
  },

  /** A value of this type, or null. */
  nullable<T>(type: TypeInfo<T>): TypeInfo<T | null> {
    return make({ kind: "nullable", element: checkType(type, "Types.nullable").description }, [type]);
  },

  /**
   * A value of one of these types; the first that accepts it counts. Objects that differ in a literal field
   * (`kind: Types.literal("a")`) are told apart by it, which is quickest.
   */
  union<const M extends readonly [AnyType, ...AnyType[]]>(...members: M): TypeInfo<TypeOf<M[number]>> {
    if (members.length === 0 || members.length > MAX_MEMBERS)
      throw invalid(`a union has 1 to ${MAX_MEMBERS} members`, members.length);
    return make({ kind: "union", members: descriptions(members, "Types.union") }, members);
  },

  /** One of these strings, which takes one byte. @example `Types.oneOf("landed", "diverted")` */
  oneOf<const V extends readonly [string, ...string[]]>(...values: V): TypeInfo<V[number]> {
    if (values.length === 0 || values.length > MAX_MEMBERS)
      throw invalid(`Types.oneOf takes 1 to ${MAX_MEMBERS} strings`, values);
    if (new Set(values).size < values.length) throw invalid("Types.oneOf takes each string once", values);
    const members = values.map((value): TypeDescription => {
      if (typeof value !== "string") throw invalid("Types.oneOf takes strings", value);
      return Object.freeze({ kind: "literal", value });
    });
    return make({ kind: "union", members: Object.freeze(members) }, []);
  },

  /**
   * Instances of a class of the program, carried by its own codec.
   *
   * @example
   * ```ts
   * const money = Types.custom<Money>({
   *   name: "shop.Money", version: 1,
   *   is: (value) => value instanceof Money,
   *   encode: (value) => Buffer.from(value.toString()),
   *   decode: (bytes) => Money.parse(Buffer.from(bytes).toString()),
   * });
   * ```
   */
  custom<T>(codec: CustomCodec<T>): TypeInfo<T> {
    const { name, version } = codec;
    if (typeof name !== "string" || name === "") throw invalid("a custom type needs a name", name);
    if (!Number.isSafeInteger(version) || version < 1)
      throw invalid(`the version of ${name} must be a whole number from 1`, version);
    const customs = new Map([[name, codec as CustomCodec<unknown>]]);
    return Object.freeze({
      "~millrace": "type" as const,
      description: Object.freeze({ kind: "custom" as const, name, version }),
      customs,
    });
  },
});

function leaf<T>(
  kind: "string" | "boolean" | "int" | "double" | "bigint" | "timestamp" | "date" | "bytes" | "null" | "any",
): TypeInfo<T> {
  return make({ kind }, []);
}

function make<T>(description: TypeDescription, parts: readonly AnyType[]): TypeInfo<T> {
  return Object.freeze({
    "~millrace": "type" as const,
    description: Object.freeze(description),
    customs: joinCustoms(parts),
  });
}

function joinCustoms(types: readonly AnyType[]): ReadonlyMap<string, CustomCodec<unknown>> {
  if (types.every((type) => type.customs.size === 0)) return NO_CUSTOMS;
  const joined = new Map<string, CustomCodec<unknown>>();
  for (const [name, codec] of types.flatMap((type) => [...type.customs])) {
    const other = joined.get(name);
    if (other !== undefined && other !== codec)
      throw invalid(`two custom types are named ${name}`, codec.version);
    joined.set(name, codec);
  }
  return joined;
}

function descriptions(types: readonly AnyType[], where: string): readonly TypeDescription[] {
  if (!Array.isArray(types)) throw invalid(`${where} takes an array of types`, types);
  return Object.freeze(types.map((type, i) => checkType(type, `${where}, element ${i}`).description));
}

function isOptional(field: AnyField): field is Extract<AnyField, { readonly "~millrace": "optional" }> {
  return typeof field === "object" && field !== null && field["~millrace"] === "optional";
}

/** Programs written in JavaScript, and forgotten imports, pass anything. */
function checkType<T>(type: TypeInfo<T>, where: string): TypeInfo<T> {
  if (typeof type === "object" && type !== null && type["~millrace"] === "type") return type;
  throw invalid(`${where}: expected a type made by Types`, type);
}

function invalid(what: string, got: unknown): MillraceError {
  return new MillraceError("INVALID_TYPE", `${what}, got ${preview(got)}`);
}
