import { describe, expectTypeOf, it } from "vitest";
import type { CheckedKey, KeyProblem, KeyType } from "./key-type.ts";

interface Route {
  readonly from: string;
  readonly to: string;
}

describe("CheckedKey", () => {
  it("accepts what can be a key", () => {
    expectTypeOf<CheckedKey<string>>().toEqualTypeOf<string>();
    expectTypeOf<CheckedKey<"a" | "b" | null>>().toEqualTypeOf<"a" | "b" | null>();
    expectTypeOf<CheckedKey<readonly [string, number]>>().toEqualTypeOf<readonly [string, number]>();
    expectTypeOf<CheckedKey<{ a: Date; b: bigint[] }>>().toEqualTypeOf<{ a: Date; b: bigint[] }>();
    expectTypeOf<[string, number]>().toExtend<KeyType>();
  });
  it("accepts interfaces", () => {
    expectTypeOf<CheckedKey<Route>>().toEqualTypeOf<Route>();
  });
  it("says why others can't", () => {
    expectTypeOf<CheckedKey<string | undefined>>().toEqualTypeOf<"key may be undefined">();
    expectTypeOf<CheckedKey<{ tail: string | undefined }>>().toEqualTypeOf<"tail of key may be undefined">();
    expectTypeOf<CheckedKey<() => string>>().toEqualTypeOf<"key may be a function">();
    expectTypeOf<
      CheckedKey<Promise<string>>
    >().toEqualTypeOf<"key may be a promise; key selectors are synchronous">();
    expectTypeOf<CheckedKey<Map<string, number>>>().toEqualTypeOf<"key may be a Map, Set or typed array">();
    expectTypeOf<CheckedKey<unknown>>().toEqualTypeOf<"key may be of unknown type">();
    expectTypeOf<KeyProblem<string>>().toEqualTypeOf<never>();
  });
});
