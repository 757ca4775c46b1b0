/**
 * What a type is, as plain data: it travels in job graphs, frames and snapshots, and is compared when state is restored.
 * Functions of custom types are not part of it; they come from the rebuilt program by `name`.
 *
 * TypeScript values of each kind:
 * - `string`: string. `boolean`: boolean. `bytes`: Uint8Array. `bigint`: bigint of any size.
 * - `int`: a safe integer (|n| <= 2^53 - 1). `double`: any number, NaN and the infinities included.
 * - `timestamp`: number, ms since the epoch (whole or with fractions). `date`: a valid Date.
 * - `null`: null. `literal`: exactly that value.
 * - `nullable`: the element or null.
 * - `object`: a plain object with these fields, in this order; an optional field may be absent (undefined counts as absent).
 * - `array`, `tuple`, `map` (a Map), `set` (a Set), `record` (a plain object with any string keys).
 * - `union`: the first member that accepts the value.
 * - `any`: whatever the self-describing codec carries (plain data).
 * - `custom`: a user's class, with a codec declared by the user.
 */
export type TypeDescription =
  | {
      readonly kind:
        | "string"
        | "boolean"
        | "int"
        | "double"
        | "bigint"
        | "timestamp"
        | "date"
        | "bytes"
        | "null"
        | "any";
    }
  | { readonly kind: "literal"; readonly value: string | number | boolean }
  | { readonly kind: "nullable"; readonly element: TypeDescription }
  | { readonly kind: "array" | "set"; readonly element: TypeDescription }
  | { readonly kind: "record"; readonly value: TypeDescription }
  | { readonly kind: "tuple"; readonly elements: readonly TypeDescription[] }
  | { readonly kind: "map"; readonly key: TypeDescription; readonly value: TypeDescription }
  | { readonly kind: "object"; readonly fields: readonly FieldDescription[] }
  | { readonly kind: "union"; readonly members: readonly TypeDescription[] }
  | { readonly kind: "custom"; readonly name: string; readonly version: number };

/** A field of an object type. */
export interface FieldDescription {
  readonly name: string;
  readonly type: TypeDescription;
  /** Whether the field may be absent. */
  readonly optional: boolean;
}
