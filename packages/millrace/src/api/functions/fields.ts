import type { KeyProblem } from "../../common/keys/key-type.ts";

/** The names of a record's fields that may serve as keys. */
export type KeyField<T> = {
  [F in keyof T & string]-?: [KeyProblem<T[F]>] extends [never] ? F : never;
}[keyof T & string];

/**
 * Why no field F of T may serve as the key: the compiler's error shows it. Never when no name was given. Not as deep as
 * KeyProblem, which the compiler gives up on in this place.
 */
export type KeyFieldProblem<T, F extends string> = F extends F
  ? string extends F
    ? F
    : F extends keyof T
      ? undefined extends T[F]
        ? "key may be undefined"
        : `field ${F} is no key`
      : `there is no field ${F}`
  : never;

/** The names of a record's fields that are numbers, for `sum("delay")`. */
export type NumericField<T> = {
  [F in keyof T & string]-?: T[F] extends number ? F : never;
}[keyof T & string];

/** The names of a record's fields that have an order, for `maxBy("delay")`. */
export type OrderedField<T> = {
  [F in keyof T & string]-?: T[F] extends number | string | bigint | Date ? F : never;
}[keyof T & string];

/** One object type instead of an intersection, as it reads on hover. */
export type Flatten<T> = { [F in keyof T]: T[F] } & {};
