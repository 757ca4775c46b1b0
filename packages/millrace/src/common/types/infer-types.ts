import type { TypeInfo, TypeOf } from "./type-info.ts";

/** A type of whatever values. */
// `any`, because TypeInfo is invariant: neither unknown nor never stands for all.
export type AnyType = TypeInfo<any>;

/** The TypeScript type of a declared type's values. @example `type Flight = Infer<typeof flight>` */
export type Infer<I extends AnyType> = TypeOf<I>;

/** A field that may be absent; only `Types.object` takes it. */
export interface OptionalField<T> {
  readonly "~millrace": "optional";
  readonly type: TypeInfo<T>;
}

/** What `Types.object` takes for a field. */
// `any`, as above.
export type AnyField = AnyType | OptionalField<any>;

/** The type of an object with these fields; those marked optional may be absent. One object type, as it reads on hover. */
export type ObjectOf<F extends Readonly<Record<string, AnyField>>> = Flatten<
  { -readonly [K in RequiredNames<F>]: TypeOf<F[K]> } & {
    -readonly [K in OptionalNames<F>]?: OptionalOf<F[K]>;
  }
>;

/** The type of a tuple with these elements. */
export type TupleOf<E extends readonly unknown[]> = { -readonly [I in keyof E]: TypeOf<E[I]> };

type OptionalNames<F> = {
  [K in keyof F]: F[K] extends { readonly "~millrace": "optional" } ? K : never;
}[keyof F];
type RequiredNames<F> = Exclude<keyof F, OptionalNames<F>>;
type OptionalOf<O> = O extends OptionalField<infer T> ? T : never;
// The empty object makes the compiler show the fields, not this name.
type Flatten<T> = { [K in keyof T]: T[K] } & {};
