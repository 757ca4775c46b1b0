/**
 * What keys may be: strings, numbers (not NaN), booleans, bigints, null, Dates, and plain arrays and objects of these.
 * Two keys are the same when their canonical bytes are; so field order does not count, and -0 is 0.
 */
export type KeyType =
  | string
  | number
  | boolean
  | bigint
  | null
  | Date
  | readonly KeyType[]
  | { readonly [field: string]: KeyType };

type PrimitiveKey = string | number | boolean | bigint | null;

/**
 * K itself where it can be a key, and otherwise a sentence that says why not, so that the compiler's error reads as one:
 * `Argument of type ... is not assignable to 'key may be undefined'`. Interfaces are keys, too, which `KeyType` alone
 * would not accept.
 */
export type CheckedKey<K> = [KeyProblem<K>] extends [never] ? K : KeyProblem<K>;

/** Why K can't be a key; never when it can. */
export type KeyProblem<K> = K extends PrimitiveKey | Date
  ? never
  : K extends undefined
    ? "key may be undefined"
    : K extends symbol
      ? "key may be a symbol"
      : K extends (...args: never) => unknown
        ? "key may be a function"
        : K extends PromiseLike<unknown>
          ? "key may be a promise; key selectors are synchronous"
          : K extends ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | ArrayBufferView
            ? "key may be a Map, Set or typed array"
            : K extends object
              ? FieldProblems<K>[keyof FieldProblems<K>]
              : "key may be of unknown type";

type FieldProblems<K extends object> = K extends readonly (infer E)[]
  ? { readonly element: KeyProblem<E> }
  : { readonly [F in keyof K]-?: FieldProblem<F & string, KeyProblem<K[F]>> };

type FieldProblem<F extends string, P> = P extends string ? `${F} of ${P}` : never;
