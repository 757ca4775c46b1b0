import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { TypeDescription } from "./type-description.ts";

/**
 * A declared type: its description as data, and, for custom types, the functions that carry their values.
 * Made by `Types`; immutable.
 *
 * @typeParam T the TypeScript type of its values
 */
export interface TypeInfo<T> {
  /** Marks a type made by Millrace, whichever copy of the package made it. */
  readonly "~millrace": "type";
  readonly description: TypeDescription;
  /** The codecs of the custom types in `description`, by name. */
  readonly customs: ReadonlyMap<string, CustomCodec<unknown>>;
  /** Checks a foreign value (a Standard Schema's own validation); undefined where the description says it all. */
  readonly validate?: (value: unknown) => ValidationResult<T>;
  /** Carries T for inference only; never present at run time. */
  readonly "~type"?: (value: T) => T;
}

/** The TypeScript type of a TypeInfo's values. */
export type TypeOf<I> = I extends TypeInfo<infer T> ? T : never;

/** How values of a user's class are carried. */
export interface CustomCodec<T> {
  /** Identifies the type in frames and state; unique in a job. */
  readonly name: string;
  /** Raised when the bytes change; `decode` gets the version that wrote them. */
  readonly version: number;
  /** Whether a value is of this type. */
  is(value: unknown): value is T;
  /** The value's bytes. Must not keep `value`. */
  encode(value: T): Uint8Array;
  /** A value from bytes, which the codec must copy if it keeps them. */
  decode(bytes: Uint8Array, version: number): T;
}

/** What a validation says. */
export type ValidationResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly issues: readonly { readonly path: string; readonly message: string }[] };

/** What is accepted where a type is due: one made by `Types`, or a Standard Schema such as zod's, whose output is T. */
export type TypeLike<T> = TypeInfo<T> | StandardSchemaV1<unknown, T>;
